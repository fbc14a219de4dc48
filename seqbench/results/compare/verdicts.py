"""From differences and their errors to words: FASTER, SLOWER, BETTER, WORSE, SAME, AMBIGUOUS.

A row changed where its difference is told from nothing (Benjamini-Hochberg over all rows) and is
larger than the margin. It is SAME where two one-sided tests, corrected in the same way, tell that
it is smaller than the margin. Everything else that is judged is AMBIGUOUS. The interval of a row is
at the level that its verdict was taken at (Benjamini & Yekutieli 2005), so that it can be read off:
a changed row's leaves out "no change", a SAME row's lies inside the margins.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .statistics import Differences, half_widths, p_different, p_not_equivalent, rejected

FASTER, SLOWER = "FASTER", "SLOWER"
BETTER, WORSE = "BETTER", "WORSE"
SAME, AMBIGUOUS = "SAME", "AMBIGUOUS"
UNJUDGED = ""
WORDS = (FASTER, SLOWER, BETTER, WORSE, SAME, AMBIGUOUS)

RATE = 0.05
"""Of the rows called changed, and of those called SAME, at most this share is expected wrong."""


@dataclass(frozen=True, slots=True)
class Verdicts:
    """One entry a row; `change` is +1 for a change for the better, -1 for the worse, else 0.

    low, high : the interval of the difference, NaN where there is no error to make one of
    confidence : of that interval
    p : of no difference
    """

    same: np.ndarray
    change: np.ndarray
    low: np.ndarray
    high: np.ndarray
    confidence: np.ndarray
    p: np.ndarray


def judge(
    found: Differences, margin: np.ndarray, worse: np.ndarray, judged: np.ndarray, q: float = RATE
) -> Verdicts:
    """What the differences say, all rows of a comparison at once.

    margin : (N,) half-width of what counts as no change, on the scale of the differences
    worse : (N,) +1 where more is worse, -1 where less is worse
    judged : (N,) which rows take part; the others get an interval and neither verdict

    A row without an error takes no part. See the module for the rules.
    """
    judged = judged & ~np.isnan(found.error) & ~np.isnan(found.value)
    p = np.where(judged, p_different(found), np.nan)
    away, away_level = rejected(p, q)
    near, near_level = rejected(np.where(judged, p_not_equivalent(found, margin), np.nan), q)
    same = near & judged
    changed = away & ~same & (np.abs(found.value) > margin)
    widest = min(away_level / 2, near_level)
    tail = np.where(same, near_level, np.where(changed, away_level / 2, widest))
    tail = np.where(judged, tail, (1 - UNJUDGED_CONFIDENCE) / 2)
    half = half_widths(found, tail)
    return Verdicts(
        same=same,
        change=np.where(changed, -np.sign(found.value) * worse, 0).astype(int),
        low=found.value - half,
        high=found.value + half,
        confidence=1 - 2 * tail,
        p=p,
    )


UNJUDGED_CONFIDENCE = 0.95


def words(found: Verdicts, judged: np.ndarray, quality: np.ndarray) -> np.ndarray:
    """The word of each row; "" where it is not judged."""
    better = np.where(quality, BETTER, FASTER)
    worse = np.where(quality, WORSE, SLOWER)
    changed = np.where(found.change > 0, better, worse)
    word = np.where(found.same, SAME, np.where(found.change != 0, changed, AMBIGUOUS))
    return np.where(judged, word, UNJUDGED).astype(object)


def judge_exact(base: np.ndarray, new: np.ndarray, worse: np.ndarray) -> np.ndarray:
    """FASTER, SLOWER or SAME of numbers that have no error: FLOP and bytes by formula."""
    sign = np.sign(new - base) * worse
    return np.where(sign == 0, SAME, np.where(sign > 0, SLOWER, FASTER)).astype(object)
