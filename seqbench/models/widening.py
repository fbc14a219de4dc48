"""What a wider beam wins, by whose fault the narrow one's sentences were wrong (A31, E07).

The rule of error analysis: where the model scores the human's y* above the output, the search is at
fault and a wider beam may help; elsewhere the model is. Whether that is so is seen by widening the
beam for all and looking at the two kinds of sentence apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from .error_analysis import ErrorAnalysis, Verdict

AT_FAULT, ELSEWHERE = "search", "model"


@dataclass(frozen=True, slots=True)
class Widening:
    """Sentence by sentence, all (N,), in the order of the split.

    at_fault, elsewhere : whether the narrow output was wrong by the search's or the model's fault
    gains : the wide output's score less the narrow one's, in points of sentence BLEU
    log_prob_gains : the same of log P under the model, in nats
    mended : whether the wide output is the reference
    """

    at_fault: np.ndarray
    elsewhere: np.ndarray
    gains: np.ndarray
    log_prob_gains: np.ndarray
    mended: np.ndarray


def widening(
    narrow: Sequence[Verdict],
    wide: Sequence[Verdict],
    scores: tuple[np.ndarray, np.ndarray],
    log_probs: tuple[np.ndarray, np.ndarray],
) -> Widening:
    """Two searches over the same sentences; `scores` and `log_probs` are (narrow's, wide's)."""
    verdicts = np.array(narrow)
    return Widening(
        verdicts == AT_FAULT,
        verdicts == ELSEWHERE,
        scores[1] - scores[0],
        log_probs[1] - log_probs[0],
        np.array(wide) == "correct",
    )


def mean_where(values: np.ndarray, chosen: np.ndarray) -> float | None:
    """The mean over the chosen sentences; None where there are none."""
    return float(values[chosen].mean()) if chosen.any() else None


def verdicts_in_order(analysis: ErrorAnalysis, indices: Iterable[Sequence[int]]) -> list[Verdict]:
    """The verdict on every sentence of a split, whose batches held the sentences `indices`."""
    places = np.concatenate([np.asarray(batch, np.int64) for batch in indices])
    found: list[Verdict] = ["correct"] * len(places)
    for place, row in zip(places.tolist(), analysis.rows, strict=True):
        found[place] = row.verdict
    return found
