"""A22's measures: how much bias there is, and what remains after debiasing.

DirectBias_c: Bolukbasi et al. (2016), section 5.2. WEAT: Caliskan et al. (2017). Clustering:
Gonen & Goldberg (2019), section 4. SemBias: Zhao et al. (2018), section 4.1.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.cluster.vq import kmeans2

from seqbench.data.word_vectors import WordVectors
from seqbench.interfaces import DataError, Kernels, RangeError

from .debias import BiasLists, HardDebias, neutral_ids, pair_ids, unit_vectors

EXACT_PARTITIONS = 20_000
KMEANS_STARTS = 10


@dataclass(frozen=True, slots=True)
class Weat:
    """`effect` in standard deviations; `p_value` one-sided.

    `partitions` of X and Y into halves were compared, all there are with `exact`.
    """

    effect: float
    p_value: float
    partitions: int
    exact: bool


@dataclass(frozen=True, slots=True)
class LeftOut:
    """One defining pair that the direction was not fitted on.

    before, after : direct bias of the neutral words along that pair's own axis
    """

    pair: tuple[str, str]
    before: float
    after: float

    @property
    def fall(self) -> float:
        """1 where nothing is left, 0 where nothing changed, below 0 where it grew."""
        return 1 - self.after / self.before


class BiasReport:
    """`analysis/bias_report`: the measures that need debiasing again."""

    def __init__(self, kernels: Kernels) -> None:
        self._debias = HardDebias(kernels)

    def leave_one_pair_out(
        self, vectors: WordVectors, lists: BiasLists, *, components: int = 1
    ) -> list[LeftOut]:
        """Debias with every defining pair but one, and measure along that one.

        Along the fitted axis nothing can be left by construction; along a pair that was kept out
        of the fit something can. The axis is the difference of the pair's vectors before. The pair
        stays definitional. DataError where fewer than two defining pairs have vectors.
        """
        unit = unit_vectors(vectors)
        pairs = [(unit.words[a], unit.words[b]) for a, b in pair_ids(unit, lists.defining).tolist()]
        if len(pairs) < 2:
            raise DataError(
                f"bias_report: {len(pairs)} of {len(lists.defining)} defining pairs have vectors, "
                "expected at least 2 to leave one out; use a larger vocabulary"
            )
        found = []
        for left in pairs:
            rest = tuple(pair for pair in pairs if pair != left)
            specific = lists.specific | {left[0], left[1]}
            fitted = BiasLists(rest, lists.equalise, specific)
            done = self._debias.debias(vectors, fitted, components=components)
            axis = unit[left[0]] - unit[left[1]]
            neutral = neutral_ids(unit, fitted)
            before = direct_bias(unit.vectors[neutral], axis)
            found.append(LeftOut(left, before, direct_bias(done.after.vectors[neutral], axis)))
        return found


def direct_bias(rows: np.ndarray, direction: np.ndarray, c: float = 1.0) -> float:
    """Mean |cos(w, direction)|^c over (N, E) rows, in [0, 1]; c = 0 counts what is not zero.

    Computed in float64. Raises RangeError for no rows, a zero row or direction, or c below 0.
    """
    if len(rows) == 0 or c < 0:
        raise RangeError(
            f"direct_bias: {len(rows)} words and c = {c}, expected one or more and c of at least "
            "0; give neutral words"
        )
    rows, direction = rows.astype(np.float64), direction.astype(np.float64)
    norms = np.linalg.norm(rows, axis=1) * np.linalg.norm(direction)
    if not (norms > 0).all():
        raise RangeError(
            "direct_bias: a word's vector or the direction is zero, expected none; its cosine is "
            "undefined"
        )
    cosines = np.abs(rows @ direction) / norms
    return float((cosines > 0).mean() if c == 0 else (cosines**c).mean())


def weat(
    x: np.ndarray,
    y: np.ndarray,
    a: np.ndarray,
    b: np.ndarray,
    *,
    partitions: int = 10_000,
    seed: int = 0,
) -> Weat:
    """The Word Embedding Association Test of targets X, Y and attributes A, B: (n, E) rows each.

    s(w) = mean cos(w, A) - mean cos(w, B). The effect is (mean s(X) - mean s(Y)) over the sample
    deviation (n - 1) of s on both. The p-value is the share of partitions of both into halves
    whose difference is at least the one seen: all of them up to EXACT_PARTITIONS, else
    `partitions` random ones and the one seen. X and Y must be of one size, at least 2.
    """
    if len(x) != len(y) or len(x) < 2 or len(a) == 0 or len(b) == 0:
        raise RangeError(
            f"weat: X, Y, A, B have {len(x)}, {len(y)}, {len(a)}, {len(b)} words, expected X and Y "
            "of one size of at least 2 and attributes; drop words without vectors from both"
        )
    scores = _associations(np.concatenate([x, y]), a, b)
    n = len(x)
    seen = scores[:n].sum() - scores[n:].sum()
    spread = scores.std(ddof=1)
    effect = (scores[:n].mean() - scores[n:].mean()) / spread if spread > 0 else math.nan
    exact = math.comb(2 * n, n) <= EXACT_PARTITIONS
    drawn = _all_halves(2 * n) if exact else _random_halves(2 * n, partitions, seed)
    sums = scores[drawn].sum(axis=1)
    differences = 2 * sums - scores.sum()
    slack = 1e-12 * np.abs(scores).sum()  # equal partitions differ by rounding
    as_large = int((differences >= seen - slack).sum())
    p_value = as_large / len(drawn) if exact else (1 + as_large) / (1 + len(drawn))
    return Weat(float(effect), float(p_value), len(drawn), exact)


def _associations(rows: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(N,) s(w), in float64."""
    unit = [_unit(part) for part in (rows, a, b)]
    found: np.ndarray = (unit[0] @ unit[1].T).mean(axis=1) - (unit[0] @ unit[2].T).mean(axis=1)
    return found


def _unit(rows: np.ndarray) -> np.ndarray:
    wide = rows.astype(np.float64)
    return wide / np.linalg.norm(wide, axis=1, keepdims=True)


def _all_halves(count: int) -> np.ndarray:
    return np.array(list(itertools.combinations(range(count), count // 2)))


def _random_halves(count: int, partitions: int, seed: int) -> np.ndarray:
    rng = np.random.Generator(np.random.PCG64([seed, count]))
    return np.argsort(rng.random((partitions, count)), axis=1)[:, : count // 2]


def clustering_accuracy(rows: np.ndarray, groups: np.ndarray, *, seed: int = 0) -> float:
    """How well 2-means finds two given groups again, in [0.5, 1].

    rows : (N, E); groups : (N,) bool. The best of KMEANS_STARTS starts by its inertia, seeded; the
    clusters are named so that they agree best.
    """
    if len(rows) < 4 or groups.all() or not groups.any():
        raise RangeError(
            f"clustering_accuracy: {len(rows)} words in groups of {int(groups.sum())} and "
            f"{int((~groups).sum())}, expected at least 4 in two groups; give more words"
        )
    wide, best, found = rows.astype(np.float64), math.inf, groups
    for start in range(KMEANS_STARTS):
        rng = np.random.Generator(np.random.PCG64([seed, start]))
        centres, labels = kmeans2(wide, 2, minit="++", missing="raise", rng=rng)
        inertia = float(((wide - centres[labels]) ** 2).sum())
        if inertia < best:
            best, found = inertia, labels == 1
    agree = float((found == groups).mean())
    return max(agree, 1 - agree)


def most_biased(
    unit: WordVectors, neutral: np.ndarray, direction: np.ndarray, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """(2 count,) ids of the neutral words farthest along and against the direction, and which."""
    if not 1 <= count <= len(neutral) // 2:
        raise RangeError(
            f"most_biased: count is {count}, expected 1 to {len(neutral) // 2}, half of the "
            "neutral words; ask for fewer"
        )
    along = unit.vectors[neutral] @ direction
    order = neutral[np.argsort(along, kind="stable")]
    ids = np.concatenate([order[-count:], order[:count]])
    return ids, np.arange(2 * count) < count


@dataclass(frozen=True, slots=True)
class SemBias:
    """Fractions of the covered questions; `covered` of `questions` have all their words."""

    definition: float
    stereotype: float
    neither: float
    covered: int
    questions: int


def sembias(
    unit: WordVectors, direction: np.ndarray, questions: Sequence[Sequence[tuple[str, str]]]
) -> SemBias:
    """Which of four pairs lies most along the direction, by cos(direction, a - b).

    A question's first pair is a definition, its last one a stereotype. DataError where none is
    covered.
    """
    chosen = []
    for pairs in questions:
        if all(word in unit for pair in pairs for word in pair):
            rows = np.stack([unit[a] - unit[b] for a, b in pairs])
            cosines = rows @ direction / np.maximum(np.linalg.norm(rows, axis=1), 1e-12)
            chosen.append(int(np.argmax(cosines)))
    if not chosen:
        raise DataError(
            f"sembias: none of {len(questions)} questions has vectors for all its words, expected "
            "one or more; use a larger vocabulary"
        )
    picked = np.array(chosen)
    first, last = float((picked == 0).mean()), float((picked == 3).mean())
    return SemBias(first, last, 1 - first - last, len(chosen), len(questions))
