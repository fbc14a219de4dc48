"""Doctor's statistics on recorded drift: pairs of a busy machine, with changes planted in them.

recorded_pairs.csv holds what processes of identical code said on a two-core machine that did other
work; a planted change multiplies one side. Comparisons of ten pairs are drawn from each cell's.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from doctor_statistics import read_pairs

from seqbench.measure.sensitivity import (
    AMBIGUOUS,
    FASTER,
    LARGEST_MARGIN,
    SAME,
    SLOWER,
    differences,
    margin_of,
    smallest_changes,
    verdicts,
)

NAMES, SECONDS = read_pairs(Path(__file__).with_name("recorded_pairs.csv"))
ROUNDS = 10
COMPARISONS = 100


def comparison(seed, factor=1.0, rounds=ROUNDS):
    """(C, rounds, 2): some of each cell's pairs, either side first, side b changed by `factor`."""
    rng = np.random.default_rng(seed)
    drawn = np.stack([rng.permutation(cell)[:rounds] for cell in SECONDS])
    swapped = rng.random((len(drawn), 1, 1)) < 0.5
    sides = np.where(swapped, drawn[:, :, ::-1], drawn)
    return sides * np.array([1.0, factor])


def words_of(factor, margin, rounds=ROUNDS):
    """(comparisons, C) verdicts."""
    made = (comparison(seed, factor, rounds) for seed in range(COMPARISONS))
    return np.stack([verdicts(differences(seconds), margin) for seconds in made])


@pytest.fixture(scope="module")
def margin():
    return margin_of(differences(SECONDS).with_rounds(SECONDS.shape[1], ROUNDS))


def test_the_record_is_of_many_cells_and_a_busy_machine():
    assert len(NAMES) >= 40
    assert SECONDS.shape[1] >= 20
    spread = differences(SECONDS).error * np.sqrt(SECONDS.shape[1])
    assert np.median(spread) > 0.005  # a quiet machine has less


def test_identical_code_is_not_called_changed(margin):
    words = words_of(1.0, margin)
    assert np.isin(words, (SLOWER, FASTER)).mean() <= 0.01
    assert (words == SAME).any()


@pytest.mark.parametrize(("factor", "word"), [(1.05, SLOWER), (1 / 1.05, FASTER), (1.2, SLOWER)])
def test_a_planted_change_is_found_where_it_is_certified(factor, word, margin):
    """With all recorded rounds; what is not found is AMBIGUOUS, never SAME."""
    rounds = SECONDS.shape[1]
    seen = smallest_changes(differences(SECONDS), margin) <= 0.05
    assert seen.mean() >= 0.3
    own = words_of(factor, margin, rounds)[:, seen]
    assert (own == word).mean() >= 0.9
    assert (own == SAME).mean() <= 0.01


def test_a_change_that_is_too_small_to_see_is_not_called_same_if_it_is_five_percent(margin):
    """Few processes on a busy machine leave it open; they do not deny it."""
    words = words_of(1.05, margin)
    assert (words == SAME).mean() <= 0.01
    assert (words == AMBIGUOUS).any()
    assert not (words == FASTER).any()


def test_the_margin_is_never_as_wide_as_what_must_be_seen(margin):
    assert margin <= LARGEST_MARGIN < np.log(1.05)
