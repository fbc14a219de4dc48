"""A21: GloVe's objective with its gradient, and one step of AdaGrad on it.

Pennington et al. (2014), equations 8 and 9, over N counts x of (i, j), none of them zero:

    J = factor sum f(x) (w_i c_j + b_i + b~_j - log x)^2,   f(x) = min(1, (x / x_max)^alpha)

`factor` is 1 in the paper and 1/2, the default here, in its authors' program, where the gradient
then has no 2. There are two sets of vectors and two of biases, the notes name one of each; the
final vectors are w + c.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from seqbench.interfaces import Array, Backend, Contract, DtypeError, Gradients, RangeError

from ._cell import check_shape
from ._ids import check_ids
from .cooccurrence import no_cache

EPSILON = 1e-10
"""Beside the root of the summed squares, as in optimizer/adagrad."""


@dataclass(frozen=True, slots=True)
class GloveParams:
    """weight, context : (V, D); bias, context_bias : (V,)."""

    weight: Array
    context: Array
    bias: Array
    context_bias: Array


@dataclass(frozen=True, slots=True)
class GloveState:
    """GloveParams' fields and the sums of squared gradients of each.

    Sums that start above 0 hold the first steps to the learning rate over their root.
    """

    weight: Array
    context: Array
    bias: Array
    context_bias: Array
    weight_squares: Array
    context_squares: Array
    bias_squares: Array
    context_bias_squares: Array


@dataclass(frozen=True, slots=True)
class GloveChunk:
    """N counts: rows, columns (N,) int32 in [0, V), counts (N,) above 0, of the params' dtype.

    A pair may be there more than once; then its terms add up.
    """

    rows: Array
    columns: Array
    counts: Array
    x_max: float = 100.0
    alpha: float = 0.75
    factor: float = 0.5


@dataclass(frozen=True, slots=True)
class GloveStep:
    """A chunk to take one step on: every gradient is taken at the values before the step."""

    chunk: GloveChunk
    learning_rate: float


@dataclass(frozen=True, slots=True)
class GloveLoss:
    """loss : (), J."""

    loss: Array


@dataclass(frozen=True, slots=True)
class GloveStepped:
    """The very arrays of the state, updated, and J before the step."""

    weight: Array
    context: Array
    bias: Array
    context_bias: Array
    loss: Array


class GloveDims(NamedTuple):
    """Counts, words, vector size."""

    N: int
    V: int
    D: int


def residuals(params: Any, chunk: GloveChunk, *, xp: Any) -> tuple[Array, Array]:
    """(N,) f(x) and w_i c_j + b_i + b~_j - log x."""
    rows, columns = chunk.rows, chunk.columns
    products = (params.weight[rows] * params.context[columns]).sum(axis=1)
    difference = products + params.bias[rows] + params.context_bias[columns]
    return weights_of(chunk, xp=xp), difference - xp.log(chunk.counts)


def weights_of(chunk: GloveChunk, *, xp: Any) -> Array:
    """(N,) f(x)."""
    ratio = chunk.counts / chunk.x_max
    return xp.minimum(ratio, xp.ones_like(ratio)) ** chunk.alpha


def glove_forward(
    params: GloveParams, inputs: GloveChunk, cache: None, *, backend: Backend
) -> GloveLoss:
    f, difference = residuals(params, inputs, xp=backend.xp)
    return GloveLoss(inputs.factor * (f * difference * difference).sum())


def glove_backward(
    d_out: GloveLoss, params: GloveParams, inputs: GloveChunk, cache: None, *, backend: Backend
) -> Gradients:
    xp = backend.xp
    upstream = 0.0 if d_out.loss is None else d_out.loss
    f, difference = residuals(params, inputs, xp=xp)
    errors = (2 * inputs.factor * upstream * f * difference).astype(params.weight.dtype)
    gradient = _gradient(params, inputs, errors, backend=backend)
    return Gradients(gradient, GloveChunk(None, None, None, None, None, None))  # type: ignore[arg-type]


def _gradient(params: Any, chunk: GloveChunk, errors: Array, *, backend: Backend) -> GloveParams:
    """Dense gradients for (N,) errors d J / d (w_i c_j + ...)."""
    xp, column = backend.xp, errors[:, None]
    d = GloveParams(
        xp.zeros_like(params.weight),
        xp.zeros_like(params.context),
        xp.zeros_like(params.bias),
        xp.zeros_like(params.context_bias),
    )
    backend.scatter_add(d.weight, chunk.rows, column * params.context[chunk.columns])
    backend.scatter_add(d.context, chunk.columns, column * params.weight[chunk.rows])
    backend.scatter_add(d.bias.reshape(-1, 1), chunk.rows, column)
    backend.scatter_add(d.context_bias.reshape(-1, 1), chunk.columns, column)
    return d


def glove_update_forward(
    params: GloveState, inputs: GloveStep, cache: None, *, backend: Backend
) -> GloveStepped:
    """squares += g^2, theta -= rate g / sqrt(squares), g summed over the chunk."""
    xp, chunk = backend.xp, inputs.chunk
    f, difference = residuals(params, chunk, xp=xp)
    loss = chunk.factor * (f * difference * difference).sum()
    gradient = _gradient(params, chunk, 2 * chunk.factor * f * difference, backend=backend)
    for name in ("weight", "context", "bias", "context_bias"):
        d, theta = getattr(gradient, name), getattr(params, name)
        squares = getattr(params, f"{name}_squares")
        squares += d * d
        theta -= inputs.learning_rate * d / (xp.sqrt(squares) + EPSILON)
    return GloveStepped(params.weight, params.context, params.bias, params.context_bias, loss)


# -- sizes, checks, costs -----------------------------------------------------------------------


def glove_dims(params: GloveParams, inputs: GloveChunk) -> GloveDims:
    return GloveDims(int(inputs.rows.shape[0]), *map(int, params.weight.shape))


def glove_update_dims(params: GloveState, inputs: GloveStep) -> GloveDims:
    return GloveDims(int(inputs.chunk.rows.shape[0]), *map(int, params.weight.shape))


def glove_validate(params: Any, inputs: GloveChunk) -> None:
    V, D = params.weight.shape
    for name in ("weight", "context", "bias", "context_bias"):
        shape = (V, D) if "bias" not in name else (V,)
        check_shape("glove", name, getattr(params, name), shape)
    count = inputs.rows.shape[0]
    check_shape("glove", "columns", inputs.columns, (count,))
    check_shape("glove", "counts", inputs.counts, (count,))
    if inputs.counts.dtype != params.weight.dtype:
        raise DtypeError(
            f"glove: counts are {inputs.counts.dtype}, expected {params.weight.dtype} as the "
            "weights; cast with astype"
        )
    check_ids("glove", "rows", inputs.rows, V)
    check_ids("glove", "columns", inputs.columns, V)
    if not (inputs.counts > 0).all() or not (inputs.counts < float("inf")).all():
        raise RangeError(
            "glove: a count is zero, negative or not finite, expected above 0: f(0) = 0 and log 0 "
            "is undefined; leave such pairs out"
        )
    for name in ("x_max", "factor"):
        if not getattr(inputs, name) > 0:
            raise RangeError(
                f"glove: {name} is {getattr(inputs, name)}, expected above 0; the paper has x_max "
                "100 and factor 1"
            )


def glove_update_validate(params: GloveState, inputs: GloveStep) -> None:
    glove_validate(params, inputs.chunk)
    for name in ("weight", "context", "bias", "context_bias"):
        squares = getattr(params, f"{name}_squares")
        check_shape("glove", f"{name}_squares", squares, getattr(params, name).shape)
        if (squares < 0).any():
            raise RangeError(
                f"glove: a value of {name}_squares is negative, expected sums of squares; start "
                "them above 0"
            )
    if not inputs.learning_rate > 0:
        raise RangeError(
            f"glove: learning_rate is {inputs.learning_rate}, expected above 0; 1 is usual"
        )


def glove_flops(dims: GloveDims, grad: bool) -> int:
    """A dot product a count; backward two rows of its size."""
    return max(1, dims.N * ((6 if grad else 2) * dims.D + 10))


def glove_update_flops(dims: GloveDims, grad: bool) -> int:
    """As forward and backward, and six operations a gradient of at most 2 N rows."""
    touched = 2 * min(dims.N, dims.V) * (dims.D + 1)
    return glove_flops(dims, True) + 6 * touched


def glove_transcendentals(dims: GloveDims, grad: bool) -> int:
    """A logarithm and a power a count."""
    return 2 * dims.N


def glove_bytes(dims: GloveDims, grad: bool, itemsize: int) -> int:
    """Rows that are met read once; backward writes the dense gradient."""
    met = 2 * min(dims.N, dims.V) * (dims.D + 1) * itemsize
    read = dims.N * (8 + itemsize) + met
    return max(1, read + (2 * dims.V * (dims.D + 1) * itemsize if grad else 0))


def glove_update_bytes(dims: GloveDims, grad: bool, itemsize: int) -> int:
    """Rows that are met and their squares, read and written."""
    met = 2 * min(dims.N, dims.V) * (dims.D + 1) * itemsize
    return max(1, dims.N * (8 + itemsize) + 4 * met)


def glove_shapes(dims: GloveDims) -> dict[str, tuple[int, ...]]:
    V, D = dims.V, dims.D
    return {"weight": (V, D), "context": (V, D), "bias": (V,), "context_bias": (V,)}


GLOVE = Contract(
    id="A21",
    kind="vectors",
    name="glove",
    summary="GloVe's objective and its gradient",
    source="Pennington et al. (2014), eq. 8",
    Params=GloveParams,
    Inputs=GloveChunk,
    Outputs=GloveLoss,
    Dims=GloveDims,
    dims=glove_dims,
    validate=glove_validate,
    flops=glove_flops,
    bytes=glove_bytes,
    transcendentals=glove_transcendentals,
    cache=no_cache,
    forward=glove_forward,
    backward=glove_backward,
    shapes=glove_shapes,
)
GLOVE_UPDATE = Contract(
    id="A21",
    kind="vectors",
    name="glove_update",
    summary="one step of AdaGrad on GloVe's objective",
    source="Pennington et al. (2014), section 4.2; Duchi et al. (2011)",
    Params=GloveState,
    Inputs=GloveStep,
    Outputs=GloveStepped,
    Dims=GloveDims,
    dims=glove_update_dims,
    validate=glove_update_validate,
    flops=glove_update_flops,
    bytes=glove_update_bytes,
    transcendentals=glove_transcendentals,
    cache=no_cache,
    forward=glove_update_forward,
    in_place=True,
)
