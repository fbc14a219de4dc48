"""The tests behind the verdicts: robust means of processes, equivalence, many comparisons at once.

Everything here is a pure function of arrays; a comparison of 100,000 rows is one call each.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr, stdtrit

TRIM = 0.2
"""Share of the processes set aside at each end: a process that was disturbed moves nothing."""


@dataclass(frozen=True, slots=True)
class Means:
    """One entry a group: centre, its standard error, degrees of freedom, spread, members.

    The error is NaN where a group has a single member.
    """

    centre: np.ndarray
    error: np.ndarray
    df: np.ndarray
    spread: np.ndarray
    count: np.ndarray


def trimmed_means(values: np.ndarray, groups: np.ndarray, num_groups: int) -> Means:
    """Trimmed means by group and their errors from Winsorised variances (Yuen 1974).

    values : (N,) float64; groups : (N,) ints from 0 to num_groups - 1, in any order

    Below five members nothing is trimmed and this is Student's mean. `spread` is the plain
    standard deviation. An empty group has count 0 and NaN.
    """
    order = np.lexsort((values, groups))
    values, groups = values[order], groups[order]
    count = np.bincount(groups, minlength=num_groups)
    start = np.concatenate([[0], np.cumsum(count)[:-1]])
    cut = np.floor(TRIM * count).astype(np.int64)
    rank = np.arange(len(values)) - start[groups]
    low, high = cut[groups], (count - 1 - cut)[groups]
    kept = (rank >= low) & (rank <= high)
    left = count - 2 * cut
    with np.errstate(invalid="ignore", divide="ignore"):
        centre = np.bincount(groups[kept], values[kept], num_groups) / left
        drawn_in = values[start[groups] + np.clip(rank, low, high)]
        error = np.sqrt(
            (count - 1) * _variances(drawn_in, groups, count) / (left * np.maximum(left - 1, 0.0))
        )
        spread = np.sqrt(_variances(values, groups, count))
    return Means(centre, error, np.maximum(left - 1, 0).astype(float), spread, count)


def plain_means(values: np.ndarray, groups: np.ndarray, num_groups: int) -> Means:
    """Means by group with Student's error; see `trimmed_means`."""
    count = np.bincount(groups, minlength=num_groups)
    with np.errstate(invalid="ignore", divide="ignore"):
        centre = np.bincount(groups, values, num_groups) / count
        variance = _variances(values, groups, count)
        error = np.sqrt(variance / count)
    return Means(centre, error, np.maximum(count - 1, 0).astype(float), np.sqrt(variance), count)


def _variances(values: np.ndarray, groups: np.ndarray, count: np.ndarray) -> np.ndarray:
    """With one degree of freedom less, about each group's mean; exactly 0 of equal values."""
    first = np.zeros(len(count))
    first[groups[::-1]] = values[::-1]  # an anchor: no rounding where all are equal
    away = values - first[groups]
    mean = np.bincount(groups, away, len(count)) / np.maximum(count, 1)
    squares = np.bincount(groups, (away - mean[groups]) ** 2, len(count))
    return np.where(count > 1, squares / np.maximum(count - 1, 1), np.nan)


@dataclass(frozen=True, slots=True)
class Differences:
    """One entry a row: NEW minus BASE on the scale of the test, its error, degrees of freedom."""

    value: np.ndarray
    error: np.ndarray
    df: np.ndarray


def unpaired(base: Means, new: Means) -> Differences:
    """Welch's difference of two independent means, degrees of freedom after Satterthwaite."""
    first, second = base.error**2, new.error**2
    total = first + second
    with np.errstate(invalid="ignore", divide="ignore"):
        parts = first**2 / base.df + second**2 / new.df
        df = np.where(total > 0, total**2 / parts, base.df + new.df)
    return Differences(new.centre - base.centre, np.sqrt(total), df)


def p_different(found: Differences) -> np.ndarray:
    """Two-sided p of no difference; 0 or 1 where there is no spread at all."""
    return 2 * _upper_tail(np.abs(found.value), found)


def p_not_equivalent(found: Differences, margin: np.ndarray) -> np.ndarray:
    """p of a difference of `margin` or more: the larger of two one-sided tests (TOST)."""
    return _upper_tail(margin - np.abs(found.value), found)


def _upper_tail(distance: np.ndarray, found: Differences) -> np.ndarray:
    """P(T >= distance / error)."""
    with np.errstate(invalid="ignore", divide="ignore"):
        tail = stdtr(np.maximum(found.df, 1e-9), -distance / found.error)
    exact = np.where(distance > 0, 0.0, np.where(distance < 0, 1.0, 0.5))
    return np.where(found.error == 0, exact, tail)


def rejected(p: np.ndarray, q: float) -> tuple[np.ndarray, float]:
    """(which, level): Benjamini & Hochberg (1995) at a false discovery rate of `q`.

    `level` is the p at or below which a row is rejected. Without any rejection it is q / m, which
    no row reaches. NaN is no test and is not counted.
    """
    tested = np.sort(p[~np.isnan(p)])
    if tested.size == 0:
        return np.zeros(p.shape, bool), q
    steps = q * np.arange(1, tested.size + 1) / tested.size
    below = np.flatnonzero(tested <= steps)
    level = float(steps[below[-1]] if below.size else steps[0])
    with np.errstate(invalid="ignore"):
        return (p <= level) & bool(below.size), level


def half_widths(found: Differences, tail: np.ndarray | float) -> np.ndarray:
    """Half the interval that leaves `tail` on either side; 0 where there is no spread."""
    with np.errstate(invalid="ignore", divide="ignore"):
        width = -stdtrit(np.maximum(found.df, 1e-9), tail) * found.error
    return np.where(found.error == 0, 0.0, width)
