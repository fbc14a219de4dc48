"""How small a change of a time can be seen here, from the same code timed twice.

Side a and side b of a cell run in processes of their own, in pairs close in time, and differ by
nothing but chance. What is left of the pairs' differences is the error of a comparison, whatever
it comes from. Differences are of logarithms, so 0.05 is 5 %; a pair that was disturbed is trimmed
away (Yuen 1974). A change is called where it is told from nothing, corrected for the number of
cells (Benjamini & Hochberg 1995), and larger than the margin; SAME where two one-sided tests tell
that it is smaller. Everything here is a pure function of arrays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr, stdtrit

TRIM = 0.2
"""Share of the pairs set aside at each end."""
RATE = 0.05
"""Of the cells called changed, and of those called SAME, at most this share is expected wrong."""
POWER_SDS = 1.2816
"""Standard errors between a bound and a truth that is found in nine of ten comparisons."""
SETTLED = 0.9
"""The margin is such that this share of the cells of identical code comes out SAME."""
SMALLEST_MARGIN, LARGEST_MARGIN = 0.02, 0.035
"""Not less, though the machine was quiet for the test: it may not be for the comparison. Not more,
or a change of 5 % would be called none: a noisier machine needs more processes instead."""
WITHIN = 0.25
"""A process stands for its side by this quantile of its samples. Neighbours make samples longer,
never shorter: on a busy machine lower quartiles differ half as much between processes as medians
do."""
CLASSES = (("< 0.1 ms", 1e-4), ("0.1 to 1 ms", 1e-3), ("1 to 10 ms", 1e-2), (">= 10 ms", np.inf))
"""Durations that a machine's noise differs by: name and upper end in seconds."""

SAME, AMBIGUOUS, SLOWER, FASTER = "SAME", "AMBIGUOUS", "SLOWER", "FASTER"


@dataclass(frozen=True, slots=True)
class Differences:
    """(C,) each: b over a on the logarithmic scale, its standard error, degrees of freedom."""

    value: np.ndarray
    error: np.ndarray
    df: np.ndarray

    def with_rounds(self, have: int, rounds: np.ndarray | int) -> Differences:
        """The errors that as many pairs as `rounds` would have, for those of `have`."""
        rounds = np.broadcast_to(np.asarray(rounds, float), self.error.shape)
        left = rounds - 2 * np.floor(TRIM * rounds)
        return Differences(self.value, self.error * np.sqrt(have / rounds), np.maximum(left - 1, 1))


def time_of(samples: Sequence[float]) -> float:
    """What one process says of its cell: the WITHIN quantile of its samples."""
    return float(np.quantile(samples, WITHIN))


def differences(seconds: np.ndarray) -> Differences:
    """seconds : (C, R, 2), a cell's time in each round by side; NaN where a process was lost.

    A round that lacks a side is left out. A cell with less than two whole rounds has a NaN error.
    """
    found = [_trimmed(np.log(cell[:, 1] / cell[:, 0])) for cell in seconds]
    value, error, df = np.array(found, float).reshape(-1, 3).T
    return Differences(value, error, df)


def _trimmed(gaps: np.ndarray) -> tuple[float, float, float]:
    """(mean, standard error, degrees of freedom) of one cell's differences."""
    ordered = np.sort(gaps[np.isfinite(gaps)])
    count = len(ordered)
    if count < 2:
        return np.nan, np.nan, 0.0
    cut = int(TRIM * count)
    left = count - 2 * cut
    drawn_in = np.clip(ordered, ordered[cut], ordered[count - 1 - cut])
    variance = (count - 1) * float(np.var(drawn_in, ddof=1)) / (left * (left - 1))
    return float(ordered[cut : count - cut].mean()), float(np.sqrt(variance)), left - 1


def margin_of(found: Differences) -> float:
    """The smallest margin at which identical code comes out SAME in SETTLED of the cells, within
    SMALLEST_MARGIN and LARGEST_MARGIN.

    Of each cell: the half-width of its equivalence test, and room for where its difference falls.
    """
    known = np.isfinite(found.error)
    if not known.any():
        return float("nan")
    tests = stdtrit(np.maximum(found.df[known], 1), 1 - RATE)
    needed = (tests + POWER_SDS) * found.error[known]
    return float(np.clip(np.quantile(needed, SETTLED), SMALLEST_MARGIN, LARGEST_MARGIN))


def smallest_changes(found: Differences, margin: float) -> np.ndarray:
    """(C,) the slowdown, as a share, that nine of ten comparisons with this error call SLOWER.

    It must be told from nothing, at a level that allows for other cells, and lie past the margin.
    """
    told = stdtrit(np.maximum(found.df, 1), 1 - RATE / 4)
    change = np.maximum(margin + POWER_SDS * found.error, (told + POWER_SDS) * found.error)
    return np.expm1(np.asarray(change))


def verdicts(found: Differences, margin: float, rate: float = RATE) -> np.ndarray:
    """(C,) words, all cells of one comparison at once; AMBIGUOUS where there is no error."""
    away = 2 * _upper_tail(np.abs(found.value), found)
    near = _upper_tail(margin - np.abs(found.value), found)
    same = rejected(near, rate)
    changed = rejected(away, rate) & ~same & (np.abs(found.value) > margin)
    word = np.where(found.value > 0, SLOWER, FASTER)
    return np.where(same, SAME, np.where(changed, word, AMBIGUOUS))


def _upper_tail(distance: np.ndarray, found: Differences) -> np.ndarray:
    with np.errstate(invalid="ignore", divide="ignore"):
        tail = stdtr(np.maximum(found.df, 1e-9), -distance / found.error)
    exact = np.where(distance > 0, 0.0, np.where(distance < 0, 1.0, 0.5))
    return np.where(found.error == 0, exact, tail)


def rejected(p: np.ndarray, rate: float) -> np.ndarray:
    """(C,) which of the tests reject at this false discovery rate; NaN is no test."""
    tested = np.sort(p[~np.isnan(p)])
    if tested.size == 0:
        return np.zeros(p.shape, bool)
    below = np.flatnonzero(tested <= rate * np.arange(1, tested.size + 1) / tested.size)
    if not below.size:
        return np.zeros(p.shape, bool)
    with np.errstate(invalid="ignore"):
        return np.asarray(p <= tested[below[-1]])


def false_alarms(found: Differences, margin: float) -> float:
    """The share of the cells of identical code that is called changed."""
    words = verdicts(found, margin)
    return float(np.mean((words == SLOWER) | (words == FASTER))) if words.size else 0.0


def class_of(seconds: float) -> str:
    """The name of a duration's class."""
    return next(name for name, end in CLASSES if seconds < end)
