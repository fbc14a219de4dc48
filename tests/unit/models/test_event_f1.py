"""Events matched one to one, against every possible matching; runs of steps to events."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from seqbench.interfaces import RangeError, ShapeError
from seqbench.models.event_f1 import EventF1, detect, num_matches


def best_of_all(detections, references, tolerance):
    """The largest matching, by trying every one."""
    if not detections or not references:
        return 0
    rest = best_of_all(detections[1:], references, tolerance)  # the first detection stays alone
    for index, reference in enumerate(references):
        if abs(detections[0] - reference) <= tolerance:
            others = references[:index] + references[index + 1 :]
            rest = max(rest, 1 + best_of_all(detections[1:], others, tolerance))
    return rest


@pytest.mark.parametrize("tolerance", [0, 1, 2, 3])
def test_no_matching_is_larger(tolerance):
    """All sets of up to four detections and three references on eight steps."""
    sides = [
        [list(c) for n in range(most + 1) for c in itertools.combinations(range(8), n)]
        for most in (4, 3)
    ]
    rng = np.random.default_rng(tolerance)
    for detections in sides[0]:
        for references in rng.permutation(len(sides[1]))[:30]:
            chosen = sides[1][references]
            expected = best_of_all(detections, chosen, tolerance)
            assert num_matches(detections, chosen, tolerance) == expected


def test_the_tolerance_is_included():
    assert num_matches([5], [8], 3) == 1
    assert num_matches([4], [8], 3) == 0
    assert num_matches([11], [8], 3) == 1
    assert num_matches([12], [8], 3) == 0


def test_scores_by_hand():
    """3 detections, 2 of them right; 4 events, 2 of them found."""
    counts = EventF1().counts([[10, 40], [7]], [[11, 80], [6, 30]], tolerance=2)
    assert counts.matches.tolist() == [1, 1]
    assert counts.precision == pytest.approx(2 / 3)
    assert counts.recall == pytest.approx(2 / 4)
    assert counts.f1 == pytest.approx(4 / 7)
    assert EventF1().corpus([[10, 40], [7]], [[11, 80], [6, 30]], tolerance=2) == counts.f1


@pytest.mark.parametrize(
    ("detections", "references", "scores"),
    [
        ([[]], [[]], (1.0, 1.0, 1.0)),
        ([[3]], [[]], (0.0, 0.0, 0.0)),
        ([[]], [[3]], (0.0, 0.0, 0.0)),
        ([], [], (1.0, 1.0, 1.0)),
    ],
)
def test_nothing_said_or_nothing_there(detections, references, scores):
    counts = EventF1().counts(detections, references, tolerance=1)
    assert (counts.precision, counts.recall, counts.f1) == scores


def test_two_detections_of_one_event_count_once():
    counts = EventF1().counts([[9, 11]], [[10]], tolerance=5)
    assert (counts.precision, counts.recall) == (0.5, 1.0)


@pytest.mark.parametrize(
    ("detections", "references", "tolerance", "error", "message"),
    [
        ([[1]], [], 1, ShapeError, r"detections of 1 recordings for 0 with references"),
        ([[1]], [[1]], -1, RangeError, r"tolerance is -1 steps, expected at least 0"),
        ([[5, 3]], [[1]], 1, RangeError, r"step 3 follows step 5, expected steps in order"),
    ],
)
def test_bad_input_is_told(detections, references, tolerance, error, message):
    with pytest.raises(error, match=message):
        EventF1().counts(detections, references, tolerance=tolerance)


@pytest.mark.parametrize(
    ("probs", "min_gap", "expected"),
    [
        ("..##..#.", 0, [2, 6]),
        ("..##..#.", 1, [2, 6]),
        ("..##..#.", 2, [2, 6]),
        ("..##..#.", 3, [2]),
        ("#.......", 5, [0]),
        ("........", 2, []),
        ("", 2, []),
        ("########", 2, [0]),
    ],
)
def test_runs_to_events(probs, min_gap, expected):
    """Two steps lie between the runs: they are one where at least three are asked for."""
    values = np.array([0.5 if p == "#" else 0.49 for p in probs])
    assert detect(values, threshold=0.5, min_gap=min_gap) == expected
