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
        two pairs are covered.
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
        a, b = (vectors[ids[:, side]].astype(np.float64) for side in (0, 1))
        norms = np.sqrt((a * a).sum(axis=1) * (b * b).sum(axis=1))
        if (norms == 0).any():
            raise RangeError(
                "word_similarity: a word's vector is zero, expected none; its cosine is undefined: "
                "drop the word"
            )
        return (a * b).sum(axis=1) / norms


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
