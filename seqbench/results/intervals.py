"""95 % intervals: of round medians, of seeds, of sentences."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

CONFIDENCE = 0.95

Interval = tuple[float, float]
UNKNOWN: Interval = (math.nan, math.nan)


def t_interval(values: Sequence[float], centre: float | None = None) -> Interval:
    """Student's interval of independent values, around `centre` or their mean; NaN of one value."""
    if len(values) < 2:
        return UNKNOWN
    from scipy.special import stdtrit

    count = len(values)
    spread = float(np.std(values, ddof=1)) / math.sqrt(count)
    half = float(stdtrit(count - 1, (1 + CONFIDENCE) / 2)) * spread
    middle = float(np.mean(values)) if centre is None else centre
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
