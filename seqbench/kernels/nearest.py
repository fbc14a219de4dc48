"""A16: the words nearest to a query, and analogies: a is to b as c is to which word?

3CosAdd is Mikolov et al. (2013, "Linguistic regularities"), 3CosMul and PairDirection are named by
Levy & Goldberg (2014), equations 1, 4 and 2. PairDirection is the notes' first form, 3CosAdd their
second. Words of the query are never answers. Ties go to the lowest id.

`unit` says which vectors are added: unit vectors (gensim, the default) or raw ones (the notes).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from seqbench.interfaces import Array, Backend, Contract, RangeError, ShapeError

from ._ids import check_ids
from ._vector_ops import (
    VectorTable,
    check_columns,
    check_k,
    check_not_zero,
    check_rows,
    check_table,
    norms_of,
    top_k,
    unit_rows,
    without,
)
from .similarity import no_cache, table_shapes

ROUNDING = 16
"""PairDirection: a squared distance of fewer roundings than this is no direction."""


@dataclass(frozen=True, slots=True)
class NeighbourInputs:
    """queries : (N, E); excluded : (N, X) int32 ids, negative for none; k : answers a query."""

    queries: Array
    excluded: Array
    k: int = 10


@dataclass(frozen=True, slots=True)
class AnalogyInputs:
    """questions : (N, 3) int32 ids a, b, c; k : answers a question; unit : see the module."""

    questions: Array
    k: int = 1
    unit: bool = True


@dataclass(frozen=True, slots=True)
class CosMulInputs:
    """questions, k : as in AnalogyInputs; epsilon keeps the quotient finite, 1e-6 as in gensim."""

    questions: Array
    k: int = 1
    epsilon: float = 1e-6


@dataclass(frozen=True, slots=True)
class NearestOutputs:
    """ids : (N, k) int32, best first; scores : (N, k)."""

    ids: Array
    scores: Array


class NearestDims(NamedTuple):
    """Queries, words, vector size, answers."""

    N: int
    V: int
    E: int
    K: int


def neighbours_forward(
    params: VectorTable, inputs: NeighbourInputs, cache: None, *, backend: Backend
) -> NearestOutputs:
    """By cosine."""
    xp = backend.xp
    scores = _cosines(inputs.queries, params.vectors, xp=xp)
    return _answers(scores, inputs.excluded, inputs.k, xp=xp)


def cos_add_forward(
    params: VectorTable, inputs: AnalogyInputs, cache: None, *, backend: Backend
) -> NearestOutputs:
    """argmax cos(x, b - a + c)."""
    xp = backend.xp
    queries = cos_add_queries(params.vectors, inputs, xp=xp)
    scores = _cosines(queries, params.vectors, xp=xp)
    return _answers(scores, inputs.questions, inputs.k, xp=xp)


def cos_add_queries(vectors: Array, inputs: AnalogyInputs, *, xp: Any) -> Array:
    """(N, E): b - a + c."""
    a, b, c = question_rows(vectors, inputs.questions, unit=inputs.unit, xp=xp)
    queries: Array = b - a + c
    return queries


def question_rows(
    vectors: Array, questions: Array, *, unit: bool, xp: Any
) -> tuple[Array, Array, Array]:
    """The (N, E) rows of a, b and c, of length one with `unit`."""
    a, b, c = (vectors[questions[:, column]] for column in range(3))
    if unit:
        return unit_rows(a, xp=xp), unit_rows(b, xp=xp), unit_rows(c, xp=xp)
    return a, b, c


def cos_mul_forward(
    params: VectorTable, inputs: CosMulInputs, cache: None, *, backend: Backend
) -> NearestOutputs:
    """argmax s(x, b) s(x, c) / (s(x, a) + epsilon), s = (cos + 1) / 2."""
    xp, vectors = backend.xp, params.vectors
    a, b, c = (
        (_cosines(vectors[inputs.questions[:, column]], vectors, xp=xp) + 1) / 2
        for column in range(3)
    )
    return _answers(b * c / (a + inputs.epsilon), inputs.questions, inputs.k, xp=xp)


def pair_direction_forward(
    params: VectorTable, inputs: AnalogyInputs, cache: None, *, backend: Backend
) -> NearestOutputs:
    """argmax cos(x - c, b - a)."""
    xp = backend.xp
    table = unit_rows(params.vectors, xp=xp) if inputs.unit else params.vectors
    a, b, c = question_rows(params.vectors, inputs.questions, unit=inputs.unit, xp=xp)
    lengths = (norms_of(table, xp=xp) ** 2)[:, 0]
    scores = pair_direction_scores(
        (b - a) @ table.T, c @ table.T, lengths[None, :], c, b - a, xp=xp
    )
    return _answers(scores, inputs.questions, inputs.k, xp=xp)


def pair_direction_scores(
    along: Array, beside: Array, lengths: Array, c: Array, direction: Array, *, xp: Any
) -> Array:
    """(N, V) cos(x - c, d), from d x, c x and |x|^2; 0 where x equals c or d is zero.

    |x - c|^2 = |x|^2 + |c|^2 - 2 c x.
    """
    own = (c * c).sum(axis=1, keepdims=True)
    distance = lengths + own - 2 * beside
    floor = ROUNDING * xp.finfo(along.dtype).eps * (lengths + own)
    distance = xp.where(distance > floor, distance, -xp.ones_like(distance))
    shifted = along - (c * direction).sum(axis=1, keepdims=True)  # d (x - c)
    scale = norms_of(direction, xp=xp) * xp.sqrt(xp.maximum(distance, xp.zeros_like(distance)))
    there = scale > 0
    return xp.where(there, shifted, xp.zeros_like(shifted)) / xp.where(
        there, scale, xp.ones_like(scale)
    )


def _cosines(queries: Array, vectors: Array, *, xp: Any) -> Array:
    return unit_rows(queries, xp=xp) @ unit_rows(vectors, xp=xp).T  # (N, E) x (E, V)


def _answers(scores: Array, excluded: Array, k: int, *, xp: Any) -> NearestOutputs:
    return NearestOutputs(*top_k(without(scores, excluded, xp=xp), k, xp=xp))


# -- sizes, checks, costs -----------------------------------------------------------------------


def neighbour_dims(params: VectorTable, inputs: NeighbourInputs) -> NearestDims:
    V, E = map(int, params.vectors.shape)
    return NearestDims(int(inputs.queries.shape[0]), V, E, inputs.k)


def analogy_dims(params: VectorTable, inputs: Any) -> NearestDims:
    V, E = map(int, params.vectors.shape)
    return NearestDims(int(inputs.questions.shape[0]), V, E, inputs.k)


def neighbours_validate(params: VectorTable, inputs: NeighbourInputs) -> None:
    vectors, queries, excluded = params.vectors, inputs.queries, inputs.excluded
    check_table("neighbours", vectors)
    check_rows("neighbours", "queries", queries, vectors.shape[1])
    check_not_zero("neighbours", "queries", queries)
    if excluded.ndim != 2 or excluded.shape[0] != queries.shape[0]:
        raise ShapeError(
            f"neighbours: excluded are {tuple(excluded.shape)}, expected ({queries.shape[0]}, X); "
            "give a row a query, -1 for none"
        )
    check_ids("neighbours", "excluded ids", excluded * (excluded >= 0), vectors.shape[0])
    check_k("neighbours", inputs.k, vectors.shape[0], excluded.shape[1])


def _analogy_validate(operation: str) -> Callable[..., None]:
    def validate(params: VectorTable, inputs: Any) -> None:
        vectors, questions = params.vectors, inputs.questions
        check_table(operation, vectors)
        check_columns(operation, "questions", questions, 3, vectors.shape[0])
        for column in range(3):
            check_not_zero(operation, "vectors of the questions", vectors[questions[:, column]])
        check_k(operation, inputs.k, vectors.shape[0], 3)
        if operation == "analogy_cos_mul" and not inputs.epsilon > 0:
            raise RangeError(
                f"{operation}: epsilon is {inputs.epsilon}, expected above 0; gensim has 1e-6"
            )

    return validate


def _flops(products: int) -> Callable[[NearestDims, bool], int]:
    """`products` (N, E) x (E, V), the table's lengths, and a comparison a score."""

    def flops(dims: NearestDims, grad: bool) -> int:
        scores = dims.N * dims.V
        return products * 2 * scores * dims.E + scores + 3 * dims.V * dims.E

    return flops


def nearest_bytes(dims: NearestDims, grad: bool, itemsize: int) -> int:
    """The table read once, queries read, answers written; scores need not reach memory."""
    return itemsize * dims.E * (dims.V + dims.N) + dims.N * dims.K * (4 + itemsize)


def _contract(
    name: str, summary: str, source: str, inputs: type, forward: Any, *, products: int
) -> Contract:
    neighbours = inputs is NeighbourInputs
    return Contract(
        id="A16",
        kind="vector_op",
        name=name,
        summary=summary,
        source=source,
        Params=VectorTable,
        Inputs=inputs,
        Outputs=NearestOutputs,
        Dims=NearestDims,
        dims=neighbour_dims if neighbours else analogy_dims,
        validate=neighbours_validate if neighbours else _analogy_validate(name),
        flops=_flops(products),
        bytes=nearest_bytes,
        cache=no_cache,
        forward=forward,
        shapes=table_shapes,
    )


NEIGHBOURS = _contract(
    "neighbours",
    "the nearest words by cosine",
    "Salton & McGill (1983)",
    NeighbourInputs,
    neighbours_forward,
    products=1,
)
ANALOGY_COS_ADD = _contract(
    "analogy_cos_add",
    "analogies by 3CosAdd",
    "Mikolov et al. (2013), section 4",
    AnalogyInputs,
    cos_add_forward,
    products=1,
)
ANALOGY_COS_MUL = _contract(
    "analogy_cos_mul",
    "analogies by 3CosMul",
    "Levy & Goldberg (2014), eq. 4",
    CosMulInputs,
    cos_mul_forward,
    products=3,
)
ANALOGY_PAIR_DIRECTION = _contract(
    "analogy_pair_direction",
    "analogies by PairDirection (the notes' first form)",
    "Levy & Goldberg (2014), eq. 2",
    AnalogyInputs,
    pair_direction_forward,
    products=2,
)
