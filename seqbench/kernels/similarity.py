"""A16: how alike two vectors are: cosine (Salton & McGill 1983) and squared distance.

Of pairs of words, or of queries with every word of a table. A zero vector has no direction: among
pairs and queries it is refused by `validate`; a zero row of the table has cosine 0 with everything.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from seqbench.interfaces import Array, Backend, Contract

from ._vector_ops import (
    VectorTable,
    check_columns,
    check_not_zero,
    check_rows,
    check_table,
    norms_of,
    unit_rows,
)


@dataclass(frozen=True, slots=True)
class PairInputs:
    """pairs : (N, 2) int32 in [0, V)."""

    pairs: Array


@dataclass(frozen=True, slots=True)
class QueryInputs:
    """queries : (N, E), floating."""

    queries: Array


@dataclass(frozen=True, slots=True)
class PairValues:
    """values : (N,)."""

    values: Array


@dataclass(frozen=True, slots=True)
class QueryValues:
    """values : (N, V), a column a word of the table."""

    values: Array


class PairDims(NamedTuple):
    """Pairs, words, vector size."""

    N: int
    V: int
    E: int


def cosine_forward(
    params: VectorTable, inputs: PairInputs, cache: None, *, backend: Backend
) -> PairValues:
    """u v / (|u| |v|)."""
    xp = backend.xp
    left, right = params.vectors[inputs.pairs[:, 0]], params.vectors[inputs.pairs[:, 1]]
    return PairValues((unit_rows(left, xp=xp) * unit_rows(right, xp=xp)).sum(axis=1))


def squared_distance_forward(
    params: VectorTable, inputs: PairInputs, cache: None, *, backend: Backend
) -> PairValues:
    """|u - v|^2, by the difference itself: exact where u and v are close."""
    difference = params.vectors[inputs.pairs[:, 0]] - params.vectors[inputs.pairs[:, 1]]
    return PairValues((difference * difference).sum(axis=1))


def cosine_matrix_forward(
    params: VectorTable, inputs: QueryInputs, cache: None, *, backend: Backend
) -> QueryValues:
    xp = backend.xp
    unit = unit_rows(params.vectors, xp=xp)
    return QueryValues(unit_rows(inputs.queries, xp=xp) @ unit.T)  # (N, E) x (E, V)


def squared_distance_matrix_forward(
    params: VectorTable, inputs: QueryInputs, cache: None, *, backend: Backend
) -> QueryValues:
    """|q|^2 + |x|^2 - 2 q x, one product; rounding below zero is cut off.

    Its error is relative to the lengths, not to the distance: take pairs for near neighbours.
    """
    xp = backend.xp
    lengths = norms_of(params.vectors, xp=xp)[:, 0] ** 2  # (V,)
    own = norms_of(inputs.queries, xp=xp) ** 2  # (N, 1)
    products = inputs.queries @ params.vectors.T  # (N, E) x (E, V)
    values = own + lengths[None, :] - 2 * products
    return QueryValues(xp.maximum(values, xp.zeros_like(values)))


def pair_dims(params: VectorTable, inputs: PairInputs) -> PairDims:
    return PairDims(int(inputs.pairs.shape[0]), *map(int, params.vectors.shape))


def query_dims(params: VectorTable, inputs: QueryInputs) -> PairDims:
    return PairDims(int(inputs.queries.shape[0]), *map(int, params.vectors.shape))


def no_cache(dims: Any, dtype: str, *, backend: Backend) -> None:
    return None


def table_shapes(dims: Any) -> dict[str, tuple[int, ...]]:
    return {"vectors": (dims.V, dims.E)}


def _validate_pairs(operation: str, *, directions: bool) -> Callable[..., None]:
    def validate(params: VectorTable, inputs: PairInputs) -> None:
        check_table(operation, params.vectors)
        check_columns(operation, "pairs", inputs.pairs, 2, params.vectors.shape[0])
        if directions:
            check_not_zero(operation, "vectors of the pairs", params.vectors[inputs.pairs[:, 0]])
            check_not_zero(operation, "vectors of the pairs", params.vectors[inputs.pairs[:, 1]])

    return validate


def _validate_queries(operation: str, *, directions: bool) -> Callable[..., None]:
    def validate(params: VectorTable, inputs: QueryInputs) -> None:
        check_table(operation, params.vectors)
        check_rows(operation, "queries", inputs.queries, params.vectors.shape[1])
        if directions:
            check_not_zero(operation, "queries", inputs.queries)

    return validate


def pair_flops(dims: PairDims, grad: bool) -> int:
    """Three products and sums an element."""
    return max(1, 6 * dims.N * dims.E)


def distance_flops(dims: PairDims, grad: bool) -> int:
    """A difference, a square and a sum an element."""
    return max(1, 3 * dims.N * dims.E)


def pair_bytes(dims: PairDims, grad: bool, itemsize: int) -> int:
    """Two rows and ids read, a value written."""
    return max(1, dims.N * (2 * dims.E * itemsize + 8 + itemsize))


def matrix_flops(dims: PairDims, grad: bool) -> int:
    """One product, and the lengths of the table's rows."""
    return 2 * dims.N * dims.V * dims.E + 3 * dims.V * dims.E


def matrix_bytes(dims: PairDims, grad: bool, itemsize: int) -> int:
    """Table and queries read, a value a pair written."""
    return itemsize * (dims.V * dims.E + dims.N * dims.E + dims.N * dims.V)


def _contract(
    name: str, summary: str, source: str, forward: Any, *, pairs: bool, directions: bool
) -> Contract:
    validate = _validate_pairs if pairs else _validate_queries
    of_pairs = pair_flops if directions else distance_flops
    return Contract(
        id="A16",
        kind="vector_op",
        name=name,
        summary=summary,
        source=source,
        Params=VectorTable,
        Inputs=PairInputs if pairs else QueryInputs,
        Outputs=PairValues if pairs else QueryValues,
        Dims=PairDims,
        dims=pair_dims if pairs else query_dims,
        validate=validate(name, directions=directions),
        flops=of_pairs if pairs else matrix_flops,
        bytes=pair_bytes if pairs else matrix_bytes,
        cache=no_cache,
        forward=forward,
        shapes=table_shapes,
    )


COSINE = _contract(
    "cosine",
    "cosine of pairs of words",
    "Salton & McGill (1983)",
    cosine_forward,
    pairs=True,
    directions=True,
)
SQUARED_DISTANCE = _contract(
    "squared_distance",
    "squared distance of pairs of words",
    "Euclid",
    squared_distance_forward,
    pairs=True,
    directions=False,
)
COSINE_MATRIX = _contract(
    "cosine_matrix",
    "cosine of queries with every word",
    "Salton & McGill (1983)",
    cosine_matrix_forward,
    pairs=False,
    directions=True,
)
SQUARED_DISTANCE_MATRIX = _contract(
    "squared_distance_matrix",
    "squared distance of queries to every word",
    "Euclid",
    squared_distance_matrix_forward,
    pairs=False,
    directions=False,
)
