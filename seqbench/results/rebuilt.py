"""Scores of many resamples at once, rebuilt from what a trial keeps an item.

Every score here is a function of sums over items, so a resample is a product of counts and
statistics. `statistics_of` says what is summed, `Rebuilt.score` what becomes of the sums.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from .bleu import (
    bleu_of_sums,
    has_statistics,
    precision_of_sums,
    smoothing_of,
    statistics_matrix,
    unpenalised_of_sums,
)

Items = Mapping[str, Any]
Score = Callable[[np.ndarray], np.ndarray]
AGREES = 1e-6
"""A rebuilt score that is further off than this share of the told one is another score."""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """statistics : (N, k) float64, to be summed over items; score : (R, k) sums -> (R,)."""

    statistics: np.ndarray
    score: Score

    @property
    def value(self) -> float:
        return float(self.score(self.statistics.sum(axis=0, keepdims=True))[0])


def rebuilt(metric: str, items: Items, signature: str, value: float) -> Rebuilt | None:
    """None where the items do not give this metric, or give another number than `value`."""
    found = _of_bleu(metric, items, signature) or _of_columns(metric, items)
    if found is None:
        return None
    agrees = abs(found.value - value) <= AGREES * max(abs(value), 1e-12)
    return found if agrees else None


def _of_bleu(metric: str, items: Items, signature: str) -> Rebuilt | None:
    if metric not in OF_BLEU or not has_statistics(items):
        return None
    smoothing = smoothing_of(signature)
    return Rebuilt(statistics_matrix(items), lambda sums: OF_BLEU[metric](sums, smoothing))


def _of_columns(metric: str, items: Items) -> Rebuilt | None:
    for names, columns, score in FORMS.get(metric, ()):
        if all(name in items and len(items[name]) for name in names):
            given = [np.asarray(items[name], np.float64) for name in names]
            return Rebuilt(np.stack(columns(*given), axis=1), score)
    return None


def _share(sums: np.ndarray) -> np.ndarray:
    """First over second column; 0 of nothing."""
    return np.where(sums[:, 1] > 0, sums[:, 0] / np.where(sums[:, 1] > 0, sums[:, 1], 1.0), 0.0)


def _f1(sums: np.ndarray) -> np.ndarray:
    """2 matches / (detections + references); 1 where both are none, as the metric has it."""
    total = sums[:, 1] + sums[:, 2]
    return np.where(total > 0, 2 * sums[:, 0] / np.where(total > 0, total, 1.0), 1.0)


def _mean(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return values, np.ones_like(values)


def _ratio(part: np.ndarray, whole: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return part, whole


def _of_some(values: np.ndarray, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean over the chosen items."""
    return values * chosen, chosen


def _loss(log_probs: np.ndarray, tokens: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return -log_probs, tokens


def _right(edits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return _mean((edits == 0).astype(np.float64))


def _counts(*columns: np.ndarray) -> tuple[np.ndarray, ...]:
    return columns


ORDERS = range(1, 5)
OF_BLEU: dict[str, Callable[[np.ndarray, Any], np.ndarray]] = {
    "bleu": bleu_of_sums,
    "bleu_without_penalty": unpenalised_of_sums,
    **{f"precision_{n}": partial(precision_of_sums, order=n) for n in ORDERS},
}
"""What BLEU's statistics give: (sums, smoothing) -> scores."""
EVENTS = ("matches", "detections", "references")
FORMS: dict[str, tuple[tuple[tuple[str, ...], Callable[..., Any], Score], ...]] = {
    "accuracy": ((("correct",), _mean, _share),),
    "exact_match": ((("correct",), _mean, _share),),
    "exact": ((("character_edits",), _right, _share),),
    "cer": ((("character_edits", "characters"), _ratio, _share),),
    "wer": ((("word_edits", "words"), _ratio, _share),),
    "nll": ((("nll",), _mean, _share), (("log_probs", "num_tokens"), _loss, _share)),
    "perplexity": ((("log_probs", "num_tokens"), _loss, lambda sums: np.exp(_share(sums))),),
    "length_ratio": ((("hypothesis_lengths", "reference_lengths"), _ratio, _share),),
    "mean_log_prob": ((("log_probs",), _mean, _share),),
    "gain_at_fault": ((("gains", "at_fault"), _of_some, _share),),
    "gain_elsewhere": ((("gains", "elsewhere"), _of_some, _share),),
    "missed": ((("missed", "decided"), _ratio, _share),),
    "event_f1": ((EVENTS, _counts, _f1),),
    "event_precision": ((EVENTS[:2], _ratio, _share),),
    "event_recall": ((("matches", "references"), _ratio, _share),),
}
"""By metric: which items, what is summed of them, and the score of the sums; the first that fits.
What a trial told decides: a form that gives another number than the row is not used."""
