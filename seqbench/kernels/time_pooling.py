"""A23 and A24: a padded sequence to one vector, by the mean or the maximum over its own steps.

The mean is the notes' average of the word embeddings; of a sequence of length zero it is zero, and
so is the maximum, also where no sequence has a step (T = 0). Of equal maxima the first step takes
the gradient. NaN inside a length comes through; past the lengths anything may stand.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from seqbench.interfaces import Array, Backend, Contract, Gradients, ShapeError

from ._cell import step_masks, validate_dtypes, validate_lengths, without_padding, zeros
from .losses import NoParams


@dataclass(frozen=True, slots=True)
class PoolInputs:
    """x : (T, B, E); lengths : (B,) int32, each in [0, T]."""

    x: Array
    lengths: Array


@dataclass(frozen=True, slots=True)
class PoolOutputs:
    """pooled : (B, E). As `d_outputs`, None stands for zero."""

    pooled: Array


class PoolDims(NamedTuple):
    """Time, batch, features."""

    T: int
    B: int
    E: int


@dataclass(frozen=True, slots=True)
class MaxPoolCache:
    """What forward keeps for backward."""

    steps: Array  # (B, E) int32, where each maximum was


def pool_dims(params: NoParams, inputs: PoolInputs) -> PoolDims:
    return PoolDims(*inputs.x.shape)


def pool_validate(name: str, inputs: PoolInputs) -> None:
    if inputs.x.ndim != 3:
        raise ShapeError(
            f"{name}: x has shape {tuple(inputs.x.shape)}, expected (T, B, E); add the missing "
            "axis or transpose to time-major"
        )
    validate_dtypes(name, inputs.x, ())
    validate_lengths(name, inputs.lengths, *inputs.x.shape[:2])


def mean_validate(params: NoParams, inputs: PoolInputs) -> None:
    pool_validate("mean_pool", inputs)


def mean_cache(dims: PoolDims, dtype: str, *, backend: Backend) -> None:
    """Backward needs the lengths alone."""


def mean_forward(
    params: NoParams, inputs: PoolInputs, cache: None, *, backend: Backend
) -> PoolOutputs:
    """The sum over the steps inside each length, divided by the length."""
    xp, x = backend.xp, inputs.x
    inside = step_masks(inputs.lengths, len(x), xp=xp)  # (T, B, 1)
    total = without_padding(x, inside, xp=xp).sum(axis=0)  # (T, B, E) -> (B, E)
    return PoolOutputs(total / _divisors(inputs.lengths, x.dtype, xp=xp))


def mean_backward(
    d_out: PoolOutputs, params: NoParams, inputs: PoolInputs, cache: None, *, backend: Backend
) -> Gradients:
    """Every step inside a length takes an equal share."""
    xp, x = backend.xp, inputs.x
    if d_out.pooled is None:
        return Gradients(NoParams(), PoolInputs(xp.zeros_like(x), None))
    share = d_out.pooled / _divisors(inputs.lengths, x.dtype, xp=xp)  # total / length
    inside = step_masks(inputs.lengths, len(x), xp=xp)
    d_x = xp.where(inside, share[None], xp.zeros((), dtype=x.dtype))  # total = sum of x inside
    return Gradients(NoParams(), PoolInputs(d_x, None))


def _divisors(lengths: Array, dtype: Any, *, xp: Any) -> Array:
    """(B, 1): the lengths, one for a length of zero, whose sum is zero."""
    return xp.maximum(lengths, 1).astype(dtype)[:, None]


def max_validate(params: NoParams, inputs: PoolInputs) -> None:
    pool_validate("max_pool", inputs)


def max_cache(dims: PoolDims, dtype: str, *, backend: Backend) -> MaxPoolCache:
    return MaxPoolCache(zeros((dims.B, dims.E), "int32", backend))


def max_forward(
    params: NoParams, inputs: PoolInputs, cache: MaxPoolCache, *, backend: Backend
) -> PoolOutputs:
    xp, x = backend.xp, inputs.x
    if len(x) == 0:  # there is no first step to point to
        return PoolOutputs(xp.zeros(x.shape[1:], dtype=x.dtype))
    inside = step_masks(inputs.lengths, len(x), xp=xp)
    masked = xp.where(inside, x, xp.full((), -xp.inf, dtype=x.dtype))
    steps = cache.steps
    steps[...] = masked.argmax(axis=0)  # the first of equal ones; NaN counts as the largest
    largest = xp.take_along_axis(masked, steps[None].astype("int64"), axis=0)[0]
    there = inputs.lengths[:, None] > 0
    return PoolOutputs(xp.where(there, largest, xp.zeros((), dtype=x.dtype)))


def max_backward(
    d_out: PoolOutputs,
    params: NoParams,
    inputs: PoolInputs,
    cache: MaxPoolCache,
    *,
    backend: Backend,
) -> Gradients:
    """The step that held the maximum takes all of it."""
    xp, x = backend.xp, inputs.x
    if d_out.pooled is None:
        return Gradients(NoParams(), PoolInputs(xp.zeros_like(x), None))
    chosen = xp.arange(len(x), dtype=cache.steps.dtype)[:, None, None] == cache.steps[None]
    chosen = chosen & step_masks(inputs.lengths, len(x), xp=xp)
    d_x = xp.where(chosen, d_out.pooled[None], xp.zeros((), dtype=x.dtype))
    return Gradients(NoParams(), PoolInputs(d_x, None))


def pool_flops(dims: PoolDims, grad: bool) -> int:
    """An addition or a comparison a number, a division a result; backward a division a result."""
    return max(1, dims.B * dims.E * (dims.T + (2 if grad else 1)))


def pool_bytes(dims: PoolDims, grad: bool, itemsize: int) -> int:
    """x once, the result and the lengths; with backward both gradients."""
    forward = itemsize * dims.B * dims.E * (dims.T + 1) + 4 * dims.B + itemsize
    return 2 * forward if grad else forward


def _contract(id: str, name: str, summary: str, source: str, **functions: Any) -> Contract:
    return Contract(
        id=id,
        kind="feature",
        name=name,
        summary=summary,
        source=source,
        Params=NoParams,
        Inputs=PoolInputs,
        Outputs=PoolOutputs,
        Dims=PoolDims,
        dims=pool_dims,
        flops=pool_flops,
        bytes=pool_bytes,
        **functions,
    )


MEAN_POOL = _contract(
    "A23",
    "mean_pool",
    "mean over the steps inside each length",
    "Iyyer et al. (2015), section 2",
    validate=mean_validate,
    cache=mean_cache,
    forward=mean_forward,
    backward=mean_backward,
)
MAX_POOL = _contract(
    "A24",
    "max_pool",
    "maximum over the steps inside each length",
    "Collobert et al. (2011), section 3.2.2",
    validate=max_validate,
    cache=max_cache,
    forward=max_forward,
    backward=max_backward,
)
