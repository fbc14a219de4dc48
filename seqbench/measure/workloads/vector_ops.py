"""Neighbours, analogies and subspaces of a table of V word vectors."""

from __future__ import annotations

from typing import Any

import numpy as np

from seqbench.kernels._vector_ops import VectorTable
from seqbench.kernels.debias import BiasPairs, RowPairs, Rows, Subspace
from seqbench.kernels.nearest import AnalogyInputs, CosMulInputs, NeighbourInputs
from seqbench.kernels.similarity import PairInputs, QueryInputs

from . import workload

Built = tuple[Any, Any]


def _table(rng: np.random.Generator, V: int, E: int) -> VectorTable:
    return VectorTable(rng.standard_normal((V, E)))


def _distinct(rng: np.random.Generator, N: int, V: int, columns: int) -> np.ndarray:
    """(N, columns) int32, no id twice in a row: apart by less than V in all."""
    first, gaps = rng.integers(0, V, (N, 1)), rng.integers(1, V // columns, (N, columns - 1))
    steps = np.concatenate([np.zeros((N, 1), int), np.cumsum(gaps, axis=1)], axis=1)
    return ((first + steps) % V).astype(np.int32)


@workload("vector_op/cosine", N=1000, V=20_000, E=300)
@workload("vector_op/squared_distance", N=1000, V=20_000, E=300)
def _(rng: np.random.Generator, N: int, V: int, E: int) -> Built:
    return _table(rng, V, E), PairInputs(_distinct(rng, N, V, 2))


@workload("vector_op/cosine_matrix", N=64, V=20_000, E=300)
@workload("vector_op/squared_distance_matrix", N=64, V=20_000, E=300)
def _(rng: np.random.Generator, N: int, V: int, E: int) -> Built:
    return _table(rng, V, E), QueryInputs(rng.standard_normal((N, E)))


@workload("vector_op/neighbours", N=64, V=20_000, E=300, K=10)
def _(rng: np.random.Generator, N: int, V: int, E: int, K: int) -> Built:
    queries = rng.standard_normal((N, E))
    return _table(rng, V, E), NeighbourInputs(queries, _distinct(rng, N, V, 1), K)


@workload("vector_op/analogy_cos_add", N=64, V=20_000, E=300, K=1)
@workload("vector_op/analogy_pair_direction", N=64, V=20_000, E=300, K=1)
def _(rng: np.random.Generator, N: int, V: int, E: int, K: int) -> Built:
    return _table(rng, V, E), AnalogyInputs(_distinct(rng, N, V, 3), K)


@workload("vector_op/analogy_cos_mul", N=64, V=20_000, E=300, K=1)
def _(rng: np.random.Generator, N: int, V: int, E: int, K: int) -> Built:
    return _table(rng, V, E), CosMulInputs(_distinct(rng, N, V, 3), K)


@workload("vector_op/bias_direction", N=10, V=20_000, E=300, C=1)
def _(rng: np.random.Generator, N: int, V: int, E: int, C: int) -> Built:
    """Pairs that differ by one direction more than by any other, so that it is well defined."""
    table, pairs = _table(rng, V, E), _distinct(rng, N, V, 2)
    table.vectors[pairs[:, 0], 0] += 20.0
    table.vectors[pairs[:, 1], 0] -= 20.0
    return table, BiasPairs(pairs, C)


def _subspace(rng: np.random.Generator, E: int, C: int) -> Subspace:
    return Subspace(np.linalg.qr(rng.standard_normal((E, C)))[0].T.copy())


def _unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@workload("vector_op/neutralise", N=10_000, E=300, C=1)
def _(rng: np.random.Generator, N: int, E: int, C: int) -> Built:
    return _subspace(rng, E, C), Rows(_unit(rng.standard_normal((N, E))))


@workload("vector_op/equalise", N=10_000, E=300, C=1)
def _(rng: np.random.Generator, N: int, E: int, C: int) -> Built:
    """Pairs that lie on either side of the subspace: those that do not have no side to keep."""
    subspace = _subspace(rng, E, C)
    sides = 10.0 * subspace.directions[0]
    first, second = (rng.standard_normal((N, E)) + sign * sides for sign in (1, -1))
    return subspace, RowPairs(_unit(first), _unit(second))
