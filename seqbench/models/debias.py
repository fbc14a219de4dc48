"""A22: hard debiasing of word vectors (Bolukbasi et al. 2016), composed from its kernels.

1. Vectors are made unit. 2. The bias subspace is found from defining pairs. 3. Every word that is
not definitional is neutralised. 4. Pairs are equalised. Words of the defining and equalised pairs
count as definitional, whether a list has them or not: neutralised, a pair would have no part in
the subspace to be equalised by.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from seqbench.data.word_vectors import WordVectors
from seqbench.interfaces import DataError, Kernels
from seqbench.kernels._vector_ops import VectorTable, check_not_zero, check_table, unit_rows
from seqbench.kernels.debias import BiasPairs, RowPairs, Rows, Subspace

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class BiasLists:
    """What is known of words: `specific` may keep their gender.

    Words are looked up in lower case; pairs of which a word has no vector are left out, and pairs
    that are the same in lower case are taken once.
    """

    defining: tuple[Pair, ...]
    equalise: tuple[Pair, ...]
    specific: frozenset[str]

    def definitional(self) -> frozenset[str]:
        """Every word that is not neutralised."""
        paired = {w.lower() for pair in (*self.defining, *self.equalise) for w in pair}
        return frozenset({w.lower() for w in self.specific} | paired)


@dataclass(frozen=True, slots=True)
class Debiased:
    """`before` are the unit vectors; `directions` (C, E), `shares` (C,) of the pairs' variance.

    neutral : (M,) ids of the neutralised words; equalised : (P, 2) ids
    """

    before: WordVectors
    after: WordVectors
    directions: np.ndarray
    shares: np.ndarray
    neutral: np.ndarray
    equalised: np.ndarray


class HardDebias:
    """`model/hard_debias`."""

    def __init__(self, kernels: Kernels) -> None:
        self._backend = kernels.backend
        self._direction = kernels.get("vector_op", "bias_direction")
        self._neutralise = kernels.get("vector_op", "neutralise")
        self._equalise = kernels.get("vector_op", "equalise")

    def debias(self, vectors: WordVectors, lists: BiasLists, *, components: int = 1) -> Debiased:
        """Unit vectors with the bias taken out; words keep their order.

        Raises
        ------
        DataError
            If no defining pair has vectors.
        RangeError
            For a zero vector, or more components than pairs.
        """
        before = unit_vectors(vectors)
        directions, shares = self.direction(before, lists.defining, components)
        neutral = neutral_ids(before, lists)
        equalised = pair_ids(before, lists.equalise)
        rows = before.vectors.copy()
        rows[neutral] = self._neutral(rows[neutral], directions)
        first, second = self._equal(before.vectors, equalised, directions)
        rows[equalised[:, 0]], rows[equalised[:, 1]] = first, second
        return Debiased(before, before.replaced(rows), directions, shares, neutral, equalised)

    def direction(
        self, unit: WordVectors, pairs: Sequence[Pair], components: int = 1
    ) -> tuple[np.ndarray, np.ndarray]:
        """(C, E) directions and their (C,) shares, from the pairs that have vectors."""
        ids = pair_ids(unit, pairs)
        if len(ids) == 0:
            raise DataError(
                f"hard_debias: none of {len(pairs)} defining pairs has vectors, expected one or "
                "more; check the vocabulary's case"
            )
        device = self._backend.to_device
        found = self._direction(
            VectorTable(device(unit.vectors)), BiasPairs(device(ids), components)
        )
        to_host = self._backend.to_host
        return np.array(to_host(found.directions)), np.array(to_host(found.shares))

    def _neutral(self, rows: np.ndarray, directions: np.ndarray) -> np.ndarray:
        device = self._backend.to_device
        found = self._neutralise(Subspace(device(directions)), Rows(device(rows)))
        return np.array(self._backend.to_host(found.rows))

    def _equal(
        self, vectors: np.ndarray, pairs: np.ndarray, directions: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        device, to_host = self._backend.to_device, self._backend.to_host
        rows = RowPairs(device(vectors[pairs[:, 0]]), device(vectors[pairs[:, 1]]))
        found = self._equalise(Subspace(device(directions)), rows)
        return np.array(to_host(found.first)), np.array(to_host(found.second))


def unit_vectors(vectors: WordVectors) -> WordVectors:
    """Rows of length one; RangeError for a zero or non-finite row."""
    check_table("hard_debias", vectors.vectors)
    check_not_zero("hard_debias", "vectors", vectors.vectors)
    return vectors.replaced(unit_rows(vectors.vectors, xp=np))


def pair_ids(vectors: WordVectors, pairs: Iterable[Pair]) -> np.ndarray:
    """(P, 2) int32 ids of the pairs, in lower case, that have vectors; no word in two pairs.

    Of pairs that share a word the first one stays, so each word is moved once.
    """
    found: list[tuple[int, int]] = []
    taken: set[str] = set()
    for first, second in pairs:
        a, b = first.lower(), second.lower()
        if a in vectors and b in vectors and a != b and not {a, b} & taken:
            found.append((vectors.ids[a], vectors.ids[b]))
            taken |= {a, b}
    return np.array(found, np.int32).reshape(-1, 2)


def neutral_ids(vectors: WordVectors, lists: BiasLists) -> np.ndarray:
    """(M,) ids of the words that are not definitional."""
    kept = lists.definitional()
    return np.array([n for n, w in enumerate(vectors.words) if w.lower() not in kept], np.int64)
