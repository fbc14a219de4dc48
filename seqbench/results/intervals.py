"""95 % intervals: of round medians, of seeds, of sentences."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

CONFIDENCE = 0.95

Interval = tuple[float, float]
UNKNOWN: Interval = (math.nan, math.nan)


def half_widths(deviations: Any, counts: Any) -> Any:
    """Student's 95 % half-width of means of `counts` independent values; NaN of a single one.

    deviations : standard deviations (one degree of freedom less), array or Series
    """
    from scipy.special import stdtrit

    quantiles = stdtrit(np.maximum(counts - 1, 1), (1 + CONFIDENCE) / 2)
    return quantiles * deviations / np.sqrt(counts)


def t_interval(values: Sequence[float]) -> Interval:
    """Student's 95 % interval of the mean of independent values; NaN of a single one."""
    if len(values) < 2:
        return UNKNOWN
    middle = float(np.mean(values))
    half = float(half_widths(np.std(values, ddof=1), np.float64(len(values))))
    return middle - half, middle + half


def percentile_interval(values: np.ndarray) -> Interval:
    """The middle 95 % of bootstrap values."""
    tail = 100 * (1 - CONFIDENCE) / 2
    low, high = np.percentile(values, [tail, 100 - tail])
    return float(low), float(high)


def over_seeds(resamples: np.ndarray, seed: int = 0) -> np.ndarray:
    """(R,) means over seeds that are themselves drawn with replacement, of (S, R) resamples.

    One seed is left as it is. With several the interval covers training again as well as other
    sentences.
    """
    count, rows = resamples.shape
    if count == 1:
        return resamples[0]
    drawn = np.random.default_rng(seed).integers(0, count, (count, rows))
    return np.take_along_axis(resamples, drawn, axis=0).mean(axis=0)
