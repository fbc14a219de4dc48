"""Random inputs of the operations on word vectors. `odd` has 129 words, `step` raw vectors."""

from __future__ import annotations

from typing import Any

import numpy as np

from seqbench.kernels._vector_ops import VectorTable
from seqbench.kernels.debias import BiasPairs, RowPairs, Rows, Subspace
from seqbench.kernels.nearest import AnalogyInputs, CosMulInputs, NeighbourInputs
from seqbench.kernels.similarity import PairInputs, QueryInputs

from .cases import builder

SIZES = {  # queries, words, vector size, answers
    "tiny": (2, 7, 3, 2),
    "odd": (37, 129, 11, 5),
    "one": (1, 6, 4, 1),
    "step": (3, 70, 6, 66),
    "padded": (5, 300, 7, 4),
    "empty": (0, 9, 3, 2),
}

Built = tuple[Any, Any]


def _table(rng: np.random.Generator, size: str) -> VectorTable:
    _, V, E, _ = SIZES[size]
    return VectorTable(rng.normal(size=(V, E)))


def _distinct(rng: np.random.Generator, size: str, columns: int) -> np.ndarray:
    """(N, columns) int32, no id twice in a row."""
    N, V, _, _ = SIZES[size]
    rows = [rng.permutation(V)[:columns] for _ in range(N)]
    return np.array(rows, np.int32).reshape(N, columns)


@builder("vector_op/cosine")
@builder("vector_op/squared_distance")
def pair_case(rng: np.random.Generator, size: str) -> Built:
    return _table(rng, size), PairInputs(_distinct(rng, size, 2))


@builder("vector_op/cosine_matrix")
@builder("vector_op/squared_distance_matrix")
def matrix_case(rng: np.random.Generator, size: str) -> Built:
    N, _, E, _ = SIZES[size]
    return _table(rng, size), QueryInputs(rng.normal(size=(N, E)))


@builder("vector_op/neighbours")
def neighbours_case(rng: np.random.Generator, size: str) -> Built:
    """`padded` leaves some columns of `excluded` empty."""
    N, _, E, K = SIZES[size]
    excluded = _distinct(rng, size, 2)
    if size == "padded":
        excluded[::2, 1] = -1
    return _table(rng, size), NeighbourInputs(rng.normal(size=(N, E)), excluded, K)


@builder("vector_op/analogy_cos_add")
@builder("vector_op/analogy_pair_direction")
def analogy_case(rng: np.random.Generator, size: str) -> Built:
    table, questions = _table(rng, size), _distinct(rng, size, 3)
    return table, AnalogyInputs(questions, SIZES[size][3], unit=size != "step")


@builder("vector_op/analogy_cos_mul")
def cos_mul_case(rng: np.random.Generator, size: str) -> Built:
    """A large epsilon: with a small one the best score divides by what is almost zero."""
    table, questions = _table(rng, size), _distinct(rng, size, 3)
    return table, CosMulInputs(questions, SIZES[size][3], epsilon=0.1)


@builder("vector_op/bias_direction")
def bias_direction_case(rng: np.random.Generator, size: str) -> Built | None:
    if size == "empty":
        return None
    components = 2 if SIZES[size][0] > 2 else 1
    return _table(rng, size), BiasPairs(_distinct(rng, size, 2), components)


def _subspace(rng: np.random.Generator, size: str) -> Subspace:
    E = SIZES[size][2]
    return Subspace(np.linalg.qr(rng.normal(size=(E, 2)))[0].T.copy())


def _unit(rng: np.random.Generator, size: str) -> np.ndarray:
    N, _, E, _ = SIZES[size]
    rows = rng.normal(size=(N, E))
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@builder("vector_op/neutralise")
def neutralise_case(rng: np.random.Generator, size: str) -> Built:
    return _subspace(rng, size), Rows(_unit(rng, size))


@builder("vector_op/equalise")
def equalise_case(rng: np.random.Generator, size: str) -> Built:
    return _subspace(rng, size), RowPairs(_unit(rng, size), _unit(rng, size))
