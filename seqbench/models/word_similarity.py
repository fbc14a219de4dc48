"""A16's evaluation: do vectors rank pairs of words as people do? Spearman's correlation.

Spearman (1904): the correlation of ranks, tied values sharing the mean of their ranks.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from seqbench.data.word_similarity import SimilarityPairs
from seqbench.data.word_vectors import WordVectors
from seqbench.interfaces import DataError, Kernels, RangeError, ShapeError
from seqbench.kernels._vector_ops import VectorTable
from seqbench.kernels.similarity import PairInputs


@dataclass(frozen=True, slots=True)
class SimilarityScore:
    """`spearman` in [-1, 1] over the covered pairs.

    `predicted`, `given` : (N,) of the covered pairs, in the file's order; `num_pairs` counts all.
    """

    name: str
    spearman: float
    predicted: np.ndarray
    given: np.ndarray
    num_pairs: int

    @property
    def num_covered(self) -> int:
        """Pairs whose words both have vectors."""
        return len(self.given)


class WordSimilarity:
    """`metric/word_similarity`: the cosine of a pair's vectors against people's scores."""

    def __init__(self, kernels: Kernels) -> None:
        self._kernels = kernels

    def score(
        self, vectors: WordVectors, pairs: SimilarityPairs, *, lower: bool = True
    ) -> SimilarityScore:
        """Spearman's correlation over the pairs whose words both have vectors.

        `lower` looks words up in lower case; turn it off for a vocabulary that keeps case. A pair
        that is not covered is left out and counted, never scored zero. DataError where fewer than
        two pairs are covered, RangeError where a word's vector is zero.
        """
        ids, given = [], []
        for (first, second), score in zip(pairs.pairs, pairs.scores, strict=True):
            a, b = (first.lower(), second.lower()) if lower else (first, second)
            if a in vectors and b in vectors:
                ids.append((vectors.ids[a], vectors.ids[b]))
                given.append(score)
        if len(ids) < 2:
            raise DataError(
                f"word_similarity: {len(ids)} of {len(pairs)} pairs of {pairs.name} have vectors, "
                "expected at least 2; use a larger vocabulary or check its case"
            )
        predicted = self._cosines(vectors.vectors, np.array(ids, np.int32))
        scores = np.array(given)
        return SimilarityScore(
            pairs.name, spearman(predicted, scores), predicted, scores, len(pairs)
        )

    def _cosines(self, vectors: np.ndarray, ids: np.ndarray) -> np.ndarray:
        backend = self._kernels.backend
        cosine = self._kernels.get("vector_op", "cosine")
        table = VectorTable(backend.to_device(vectors.astype(np.float64)))
        values = cosine(table, PairInputs(backend.to_device(ids))).values
        return np.array(backend.to_host(values))


def average_ranks(values: np.ndarray) -> np.ndarray:
    """(N,) float64 ranks from 1; tied values share the mean of their ranks."""
    order = np.argsort(values, kind="stable")
    ranked = values[order]
    starts = np.flatnonzero(np.concatenate([[True], ranked[1:] != ranked[:-1]]))
    ends = np.concatenate([starts[1:], [len(values)]])
    ranks = np.empty(len(values))
    ranks[order] = np.repeat((starts + 1 + ends) / 2, ends - starts)
    return ranks


def spearman(a: np.ndarray, b: np.ndarray) -> float:
    """The correlation of average ranks; NaN where one side is constant.

    Raises ShapeError for unequal lengths or fewer than two values, RangeError for NaN.
    """
    if a.shape != b.shape or a.ndim != 1 or len(a) < 2:
        raise ShapeError(
            f"spearman: values of shapes {a.shape} and {b.shape}, expected (N,) twice with N of at "
            "least 2; pair them up"
        )
    if np.isnan(a).any() or np.isnan(b).any():
        raise RangeError("spearman: a value is NaN, expected numbers; drop the pair")
    x, y = average_ranks(a), average_ranks(b)
    x, y = x - x.mean(), y - y.mean()
    scale = math.sqrt(float((x * x).sum() * (y * y).sum()))
    return float((x * y).sum() / scale) if scale else math.nan


def spearman_change(
    before: np.ndarray,
    after: np.ndarray,
    given: np.ndarray,
    *,
    resamples: int = 1000,
    seed: int = 0,
) -> tuple[float, float, float]:
    """(change, low, high): Spearman of `after` less that of `before`, with its 95 % interval.

    The paired bootstrap over pairs of words: both sides are scored on the same draws. Draws on
    which a side is constant have no correlation and are left out.
    """
    change = spearman(after, given) - spearman(before, given)
    rng = np.random.Generator(np.random.PCG64([seed, len(given)]))
    drawn = rng.integers(0, len(given), (resamples, len(given)))
    found = np.array([spearman(after[d], given[d]) - spearman(before[d], given[d]) for d in drawn])
    low, high = np.nanpercentile(found, [2.5, 97.5])
    return change, float(low), float(high)
