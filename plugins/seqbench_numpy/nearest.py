"""A16's searches, tuned: unit vectors made once, blocked products, and a threshold for the top k.

Scores are made a block of words at a time, (words, N), so memory does not grow with N times V, and
the maxima below run along the queries. Of every GROUP consecutive words the largest score is taken.
A query's
k-th largest group maximum so far bounds its k-th answer from below, so only words of groups that
reach it are looked at, a few hundred of a hundred thousand; they are sorted once at the end. A
group's words are consecutive ids and candidates are kept in their order, so ties go to the lowest
id as in the shared text.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from seqbench.interfaces import Backend, Contract, Gradients, Implementation, Plan, UnsupportedError
from seqbench.kernels._vector_ops import VectorTable, norms_of, unit_rows
from seqbench.kernels.nearest import (
    NearestDims,
    NearestOutputs,
    pair_direction_scores,
    question_rows,
)

GROUP = 64
BLOCK_BYTES = 64 << 20
"""Of scores in one block. Smaller ones stay in a cache and are slower: each product packs the
queries again. 1000 queries of 100k x 300 on Zen 4, products alone: 4 MB 0.62 s, 64 MB 0.48 s."""


class VectorSearch(Implementation):
    """Serves every size in float32 and float64."""

    tier = "own"

    def __init__(self, contract: Contract, backend: Backend) -> None:
        self.contract, self.backend = contract, backend
        self.impl_id = f"numpy.{contract.name}"
        self.dtypes = contract.dtypes

    def _plan(self, dims: Any, dtype: str, *, grad: bool) -> Plan:
        return VectorSearchPlan(self.contract.name, dims, np.dtype(dtype))


class VectorSearchPlan(Plan):
    """The table's unit rows and lengths, and a block of scores a product; N is a capacity."""

    def __init__(self, name: str, dims: NearestDims, dtype: np.dtype) -> None:
        self._dims = dims
        products, self._score, self._prepare = _FORMS[name]
        rows = BLOCK_BYTES // (max(1, dims.N) * dtype.itemsize)
        whole = -(-dims.V // GROUP) * GROUP
        self._rows = min(max(GROUP, rows // GROUP * GROUP), whole)
        self._buffers = [np.empty(self._rows * dims.N, dtype) for _ in range(products)]
        self._unit = np.empty((dims.V, dims.E), dtype)
        self._norms = np.empty((dims.V, 1), dtype)
        self.nbytes = sum(b.nbytes for b in self._buffers) + self._unit.nbytes + self._norms.nbytes

    @property
    def notes(self) -> dict[str, Any]:
        return {"words_per_block": self._rows}

    def load(self, params: VectorTable) -> None:
        self._vectors = params.vectors
        self._norms[...] = norms_of(params.vectors, xp=np)
        np.divide(params.vectors, np.where(self._norms == 0, 1, self._norms), out=self._unit)

    def forward(self, inputs: Any) -> NearestOutputs:
        k = self._dims.K
        asked = self._prepare(self._vectors, inputs)
        excluded = inputs.excluded if hasattr(inputs, "excluded") else inputs.questions
        best = _Best(len(excluded), k, self._unit.dtype)
        for low in range(0, len(self._unit), self._rows):
            rows = slice(low, min(low + self._rows, len(self._unit)))
            best.add(self._block(asked, rows, excluded, inputs), low)
        return NearestOutputs(*best.ranked())

    def _block(self, asked: Any, rows: slice, excluded: np.ndarray, inputs: Any) -> np.ndarray:
        """(words, N) scores of a block, -inf at excluded words and past the end of the table."""
        width, unit, count = rows.stop - rows.start, self._unit[rows], len(excluded)
        padded = -(-width // GROUP) * GROUP
        blocks = [b[: padded * count].reshape(padded, count) for b in self._buffers]
        for queries, block in zip(asked, blocks, strict=True):
            _product(unit, queries, block[:width])
        whole = blocks[0]
        self._score([b[:width] for b in blocks], self._norms[rows], asked, inputs)
        whole[width:] = -np.inf
        query, column = np.nonzero((excluded >= rows.start) & (excluded < rows.stop))
        whole[excluded[query, column] - rows.start, query] = -np.inf
        return whole

    def backward(self, d_outputs: Any) -> Gradients:
        raise UnsupportedError("a search for the nearest words has no gradient")


def _product(unit: np.ndarray, queries: np.ndarray, out: np.ndarray) -> None:
    """(words, N) = (words, E) x (E, N); one query is a product with a vector."""
    if len(queries) == 1:
        np.dot(unit, queries[0], out=out[:, 0])
    else:
        np.matmul(unit, queries.T, out=out)


# -- the four forms: what is multiplied with the table, and the score it makes -------------------


def _neighbour_queries(vectors: np.ndarray, inputs: Any) -> list[np.ndarray]:
    return [unit_rows(inputs.queries, xp=np)]


def _cos_add_queries(vectors: np.ndarray, inputs: Any) -> list[np.ndarray]:
    a, b, c = question_rows(vectors, inputs.questions, unit=inputs.unit, xp=np)
    return [unit_rows(b - a + c, xp=np)]


def _question_units(vectors: np.ndarray, inputs: Any) -> list[np.ndarray]:
    return list(question_rows(vectors, inputs.questions, unit=True, xp=np))


def _directions(vectors: np.ndarray, inputs: Any) -> list[np.ndarray]:
    a, b, c = question_rows(vectors, inputs.questions, unit=inputs.unit, xp=np)
    return [b - a, c]


def _cosine(scores: list[np.ndarray], norms: Any, asked: Any, inputs: Any) -> None:
    """The product is the score."""


def _cos_mul(scores: list[np.ndarray], norms: Any, asked: Any, inputs: Any) -> None:
    """b c / (a + epsilon) of cosines moved to [0, 1]."""
    a, b, c = scores
    for s in scores:
        s += 1
        s /= 2
    b *= c
    a += inputs.epsilon
    np.divide(b, a, out=a)


def _pair_direction(scores: list[np.ndarray], norms: Any, asked: Any, inputs: Any) -> None:
    along, beside = scores
    if not inputs.unit:
        along *= norms
        beside *= norms
    lengths = (norms > 0) if inputs.unit else norms * norms
    direction, c = asked
    along[...] = pair_direction_scores(along.T, beside.T, lengths.T, c, direction, xp=np).T


_FORMS: dict[str, tuple[int, Callable[..., None], Callable[..., list[np.ndarray]]]] = {
    # products with the table; scores in place of the first one; what is multiplied
    "neighbours": (1, _cosine, _neighbour_queries),
    "analogy_cos_add": (1, _cosine, _cos_add_queries),
    "analogy_cos_mul": (3, _cos_mul, _question_units),
    "analogy_pair_direction": (2, _pair_direction, _directions),
}


class _Best:
    """Candidates for the k best of each query, gathered a block at a time."""

    def __init__(self, count: int, k: int, dtype: np.dtype) -> None:
        self._count, self._k = count, k
        self._maxima = np.full((count, k), -np.inf, dtype)  # the k largest group maxima so far
        self._found: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []

    def add(self, scores: np.ndarray, low: int) -> None:
        """`scores` (words, N), words a multiple of GROUP, the first of them `low`."""
        if self._count == 0:
            return
        groups = scores.reshape(-1, GROUP, self._count)
        # Along a single query numpy would call its loop once a word.
        one = self._count == 1
        maxima = groups[:, :, 0].max(axis=1)[None] if one else groups.max(axis=1).T
        every = np.concatenate([self._maxima, maxima], axis=1)
        cut = every.shape[1] - self._k
        self._maxima = np.partition(every, cut, axis=1)[:, cut:]
        bound = self._maxima.min(axis=1)
        query, group = np.nonzero(maxima >= bound[:, None])
        values = groups[group, :, query]  # (groups, GROUP)
        at, word = np.nonzero((values >= bound[query, None]) & (values > -np.inf))
        self._found.append((query[at], low + group[at] * GROUP + word, values[at, word]))

    def ranked(self) -> tuple[np.ndarray, np.ndarray]:
        """(ids (N, k) int32, scores (N, k)): by score, then by id."""
        ids = np.zeros((self._count, self._k), np.int32)
        best = np.zeros((self._count, self._k), self._maxima.dtype)
        if self._count == 0:
            return ids, best
        query, word, value = (np.concatenate(part) for part in zip(*self._found, strict=True))
        kept = value >= self._maxima.min(axis=1)[query]
        query, word, value = query[kept], word[kept], value[kept]
        order = np.lexsort((word, -value, query))
        query, word, value = query[order], word[order], value[order]
        rank = np.arange(len(query)) - np.searchsorted(query, query)
        top = rank < self._k
        ids[query[top], rank[top]] = word[top]
        best[query[top], rank[top]] = value[top]
        return ids, best
