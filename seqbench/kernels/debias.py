"""A22: hard debiasing of unit word vectors, its kernels (Bolukbasi et al. 2016, section 6).

Direction: the top components of w - mean(pair) over defining pairs. Neutralise: what a word has in
that subspace is taken out, and the rest made unit again. Equalise: both words of a pair get the
same part outside the subspace and opposite parts inside it, at equal distance from every
neutralised word.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from seqbench.interfaces import Array, Backend, Contract, RangeError, ShapeError

from ._vector_ops import (
    VectorTable,
    check_columns,
    check_not_zero,
    check_rows,
    check_table,
    unit_rows,
)
from .similarity import no_cache, table_shapes

ORTHONORMAL = 1e-3
"""How far the products of directions may be from 0 and 1."""


@dataclass(frozen=True, slots=True)
class BiasPairs:
    """pairs : (N, 2) int32 ids of defining pairs; components : how many directions."""

    pairs: Array
    components: int = 1


@dataclass(frozen=True, slots=True)
class BiasDirections:
    """directions : (C, E) orthonormal, by falling share; shares : (C,) of the summed squares.

    A direction points from the second words of the pairs to the first ones on the whole.
    """

    directions: Array
    shares: Array


@dataclass(frozen=True, slots=True)
class Subspace:
    """directions : (C, E), orthonormal."""

    directions: Array


@dataclass(frozen=True, slots=True)
class Rows:
    """rows : (N, E), of length one."""

    rows: Array


@dataclass(frozen=True, slots=True)
class RowPairs:
    """first, second : (N, E), of length one; row n of both is a pair."""

    first: Array
    second: Array


class DirectionDims(NamedTuple):
    """Pairs, words, vector size, components."""

    N: int
    V: int
    E: int
    C: int


class SubspaceDims(NamedTuple):
    """Rows, vector size, components."""

    N: int
    E: int
    C: int


def bias_direction_forward(
    params: VectorTable, inputs: BiasPairs, cache: None, *, backend: Backend
) -> BiasDirections:
    """Eigenvectors of sum (w - mu)(w - mu)^T over both words of every pair, in float64.

    Both words of a pair lie at half their difference from the mean, so the sum is that of the
    differences, halved.
    """
    xp, vectors = backend.xp, params.vectors
    first, second = vectors[inputs.pairs[:, 0]], vectors[inputs.pairs[:, 1]]
    halves = ((first - second) / 2).astype("float64")
    values, columns = xp.linalg.eigh(2 * halves.T @ halves)  # ascending
    directions = columns[:, ::-1].T[: inputs.components]
    signs = xp.where((halves @ directions.T).sum(axis=0) < 0, -1.0, 1.0)
    shares = values[::-1][: inputs.components] / values.sum()
    dtype = str(vectors.dtype)
    directions = xp.ascontiguousarray(directions * signs[:, None])
    return BiasDirections(directions.astype(dtype), shares.astype(dtype))


def inside(rows: Array, directions: Array) -> Array:
    """(N, E): the part of each row in the subspace."""
    return (rows @ directions.T) @ directions


def neutralise_forward(params: Subspace, inputs: Rows, cache: None, *, backend: Backend) -> Rows:
    """(w - w_B) / |w - w_B|; a word that is all bias becomes zero: nothing of it is left."""
    rows = inputs.rows - inside(inputs.rows, params.directions)
    return Rows(unit_rows(rows, xp=backend.xp))


def equalise_forward(
    params: Subspace, inputs: RowPairs, cache: None, *, backend: Backend
) -> RowPairs:
    """w = nu + sqrt(1 - |nu|^2) (w_B - mu_B) / |w_B - mu_B|, with nu = mu - mu_B, mu the mean."""
    xp, directions = backend.xp, params.directions
    mean = (inputs.first + inputs.second) / 2
    mean_inside = inside(mean, directions)
    outside = mean - mean_inside  # nu
    room = 1 - (outside * outside).sum(axis=1, keepdims=True)
    reach = xp.sqrt(xp.maximum(room, xp.zeros_like(room)))
    first, second = (
        outside + reach * unit_rows(inside(row, directions) - mean_inside, xp=xp)
        for row in (inputs.first, inputs.second)
    )
    return RowPairs(first, second)


# -- sizes, checks, costs -----------------------------------------------------------------------


def direction_dims(params: VectorTable, inputs: BiasPairs) -> DirectionDims:
    V, E = map(int, params.vectors.shape)
    return DirectionDims(int(inputs.pairs.shape[0]), V, E, inputs.components)


def neutralise_dims(params: Subspace, inputs: Rows) -> SubspaceDims:
    N, E = map(int, inputs.rows.shape)
    return SubspaceDims(N, E, int(params.directions.shape[0]))


def equalise_dims(params: Subspace, inputs: RowPairs) -> SubspaceDims:
    N, E = map(int, inputs.first.shape)
    return SubspaceDims(N, E, int(params.directions.shape[0]))


def bias_direction_validate(params: VectorTable, inputs: BiasPairs) -> None:
    check_table("bias_direction", params.vectors)
    check_columns("bias_direction", "pairs", inputs.pairs, 2, params.vectors.shape[0])
    count, size = inputs.pairs.shape[0], params.vectors.shape[1]
    if count == 0:
        raise RangeError(
            "bias_direction: there are no pairs, expected one or more; check that their words have "
            "vectors"
        )
    if not 1 <= inputs.components <= min(count, size):
        raise RangeError(
            f"bias_direction: components is {inputs.components}, expected 1 to "
            f"{min(count, size)}, the smaller of pairs and vector size; ask for fewer"
        )
    first, second = (params.vectors[inputs.pairs[:, side]] for side in (0, 1))
    if (first == second).all():
        raise RangeError(
            "bias_direction: both words of every pair have the same vector, expected a difference; "
            "give other pairs"
        )


def _check_subspace(operation: str, params: Subspace) -> int:
    """The vector size; raises unless the directions are orthonormal."""
    directions = params.directions
    check_table(operation, directions)
    products = directions @ directions.T
    for row in range(directions.shape[0]):
        products[row, row] -= 1
    if (abs(products) > ORTHONORMAL).any():
        raise RangeError(
            f"{operation}: directions are not orthonormal (off by {float(abs(products).max()):.2g})"
            ", expected lengths of 1 at right angles; take those of bias_direction"
        )
    return int(directions.shape[1])


def neutralise_validate(params: Subspace, inputs: Rows) -> None:
    check_rows("neutralise", "rows", inputs.rows, _check_subspace("neutralise", params))


def equalise_validate(params: Subspace, inputs: RowPairs) -> None:
    size = _check_subspace("equalise", params)
    check_rows("equalise", "first words", inputs.first, size)
    check_rows("equalise", "second words", inputs.second, size)
    if inputs.first.shape != inputs.second.shape:
        raise ShapeError(
            f"equalise: first is {tuple(inputs.first.shape)} and second "
            f"{tuple(inputs.second.shape)}, expected the same; give pairs"
        )
    if inputs.first.shape[0]:
        difference = inside(inputs.first - inputs.second, params.directions)
        check_not_zero("equalise", "pairs' differences inside the subspace", difference)


def direction_flops(dims: DirectionDims, grad: bool) -> int:
    """The (E, E) matrix, its eigenvectors (9 E^3, Golub & Van Loan), the signs."""
    return 2 * dims.N * dims.E**2 + 9 * dims.E**3 + 2 * dims.N * dims.E * dims.C


def direction_bytes(dims: DirectionDims, grad: bool, itemsize: int) -> int:
    """The pairs' rows and ids read, the directions written."""
    return dims.N * (2 * dims.E * itemsize + 8) + dims.C * (dims.E + 1) * itemsize


def neutralise_flops(dims: SubspaceDims, grad: bool) -> int:
    """Two products with the directions; five operations an element."""
    return max(1, dims.N * dims.E * (4 * dims.C + 5))


def equalise_flops(dims: SubspaceDims, grad: bool) -> int:
    """Six products with the directions; sixteen operations an element."""
    return max(1, dims.N * dims.E * (12 * dims.C + 16))


def neutralise_bytes(dims: SubspaceDims, grad: bool, itemsize: int) -> int:
    return itemsize * (2 * dims.N + dims.C) * dims.E


def equalise_bytes(dims: SubspaceDims, grad: bool, itemsize: int) -> int:
    return itemsize * (4 * dims.N + dims.C) * dims.E


def subspace_shapes(dims: SubspaceDims) -> dict[str, tuple[int, ...]]:
    return {"directions": (dims.C, dims.E)}


def _contract(name: str, summary: str, **parts: Any) -> Contract:
    return Contract(
        id="A22",
        kind="vector_op",
        name=name,
        summary=summary,
        source="Bolukbasi et al. (2016), section 6",
        cache=no_cache,
        **parts,
    )


BIAS_DIRECTION = _contract(
    "bias_direction",
    "top components of w - mean(pair) over defining pairs",
    Params=VectorTable,
    Inputs=BiasPairs,
    Outputs=BiasDirections,
    Dims=DirectionDims,
    dims=direction_dims,
    validate=bias_direction_validate,
    flops=direction_flops,
    bytes=direction_bytes,
    forward=bias_direction_forward,
    shapes=table_shapes,
)
NEUTRALISE = _contract(
    "neutralise",
    "vectors without their part in the bias subspace, unit again",
    Params=Subspace,
    Inputs=Rows,
    Outputs=Rows,
    Dims=SubspaceDims,
    dims=neutralise_dims,
    validate=neutralise_validate,
    flops=neutralise_flops,
    bytes=neutralise_bytes,
    forward=neutralise_forward,
    shapes=subspace_shapes,
)
EQUALISE = _contract(
    "equalise",
    "pairs at equal distance from everything neutral",
    Params=Subspace,
    Inputs=RowPairs,
    Outputs=RowPairs,
    Dims=SubspaceDims,
    dims=equalise_dims,
    validate=equalise_validate,
    flops=equalise_flops,
    bytes=equalise_bytes,
    forward=equalise_forward,
    shapes=subspace_shapes,
)
