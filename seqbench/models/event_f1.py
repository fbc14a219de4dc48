"""A37's score: precision, recall and F1 of events in time.

An event is a step. A detection and a reference match where they are at most `tolerance` steps
apart; each matches at most once, and as many as possible do. On a line, taking the references in
order and giving each the earliest free detection within reach finds that many (the earliest is
never of more use to a later reference).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from seqbench.interfaces import Kernels, RangeError, ShapeError

Events = Sequence[int]
"""Steps of one recording, in order."""


@dataclass(frozen=True, slots=True)
class EventCounts:
    """Matched, detected and reference events a recording, (N,) int64: they add up."""

    matches: np.ndarray
    detections: np.ndarray
    references: np.ndarray

    @property
    def precision(self) -> float:
        """Of all recordings together; 1 where nothing was detected and nothing was there."""
        return _ratio(self.matches, self.detections, self.references)

    @property
    def recall(self) -> float:
        return _ratio(self.matches, self.references, self.detections)

    @property
    def f1(self) -> float:
        """2 matches / (detections + references); 1 where both are none."""
        total = int(self.detections.sum() + self.references.sum())
        return 2 * int(self.matches.sum()) / total if total else 1.0


def _ratio(matches: np.ndarray, whole: np.ndarray, other: np.ndarray) -> float:
    """matches / whole; without a whole 1 if there was nothing to find either, else 0."""
    if whole.sum():
        return int(matches.sum()) / int(whole.sum())
    return 0.0 if other.sum() else 1.0


class EventF1:
    """Host arithmetic; `kernels` are taken as every metric takes them."""

    def __init__(self, kernels: Kernels | None = None) -> None:
        self._kernels = kernels

    def counts(
        self, detections: Sequence[Events], references: Sequence[Events], *, tolerance: int
    ) -> EventCounts:
        """Of N recordings.

        Raises
        ------
        ShapeError
            If the numbers of recordings differ.
        RangeError
            If the tolerance is negative or the steps of a recording are not in order.
        """
        if len(detections) != len(references):
            raise ShapeError(
                f"event_f1: detections of {len(detections)} recordings for {len(references)} with "
                "references, expected as many; pass an empty list where nothing was detected"
            )
        if tolerance < 0:
            raise RangeError(
                f"event_f1: tolerance is {tolerance} steps, expected at least 0; 0 asks for the "
                "very step"
            )
        for events in (*detections, *references):
            _check_order(events)
        pairs = list(zip(detections, references, strict=True))
        return EventCounts(
            np.array([num_matches(d, r, tolerance) for d, r in pairs], np.int64),
            np.array([len(d) for d in detections], np.int64),
            np.array([len(r) for r in references], np.int64),
        )

    def corpus(
        self, detections: Sequence[Events], references: Sequence[Events], *, tolerance: int
    ) -> float:
        """F1 of all recordings together."""
        return self.counts(detections, references, tolerance=tolerance).f1


def _check_order(events: Events) -> None:
    for earlier, later in pairwise(events):
        if later < earlier:
            raise RangeError(
                f"event_f1: step {later} follows step {earlier}, expected steps in order; sort them"
            )


def num_matches(detections: Events, references: Events, tolerance: int) -> int:
    """The largest number of pairs within `tolerance`, each event in one pair at most."""
    found, next_free = 0, 0
    for reference in references:
        while next_free < len(detections) and detections[next_free] < reference - tolerance:
            next_free += 1
        if next_free < len(detections) and detections[next_free] <= reference + tolerance:
            found += 1
            next_free += 1
    return found


def detect(probs: np.ndarray, *, threshold: float, min_gap: int) -> list[int]:
    """Steps of probs (T,) where a detection starts: the first of a run at or above `threshold`.

    Runs with fewer than `min_gap` steps between them are one.
    """
    above = np.flatnonzero(probs >= threshold)
    if above.size == 0:
        return []
    jumps = np.diff(above) > max(min_gap, 1)  # a jump of n leaves n - 1 steps between
    starts = np.concatenate([[0], 1 + np.flatnonzero(jumps)])
    return [int(step) for step in above[starts]]
