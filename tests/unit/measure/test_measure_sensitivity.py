"""How small a change can be seen: by hand sums, and on made noise with planted changes."""

from __future__ import annotations

import numpy as np
import pytest

from seqbench.measure.sensitivity import (
    AMBIGUOUS,
    FASTER,
    LARGEST_MARGIN,
    SAME,
    SLOWER,
    SMALLEST_MARGIN,
    Differences,
    class_of,
    differences,
    false_alarms,
    margin_of,
    rejected,
    smallest_changes,
    time_of,
    verdicts,
)


def made(cells=100, rounds=10, *, noise=0.01, drift=0.3, change=0.0, spikes=0.0, seed=0):
    """(C, R, 2) seconds: sides drift together; each process has its own noise, some a spike."""
    rng = np.random.default_rng(seed)
    common = drift * rng.normal(size=(cells, rounds, 1))
    own = noise * rng.normal(size=(cells, rounds, 2))
    hit = (rng.random((cells, rounds, 2)) < spikes) * rng.exponential(0.5, (cells, rounds, 2))
    shift = np.array([0.0, np.log1p(change)])
    return 1e-3 * np.exp(common + own + hit + shift)


def test_five_pairs_by_hand():
    # one at each end is cut: 0.02, 0.03, 0.04 are left; drawn in 0.02 0.02 0.03 0.04 0.04
    gaps = np.array([0.03, -1.0, 0.02, 5.0, 0.04])
    found = differences(np.stack([np.ones(5), np.exp(gaps)], axis=1)[None])
    assert found.value[0] == pytest.approx(0.03)
    assert found.df[0] == 2
    assert found.error[0] == pytest.approx(np.sqrt(4 * 1e-4 / (3 * 2)))


def test_pairs_that_lost_a_side_are_left_out():
    seconds = np.ones((2, 4, 2))
    seconds[0, :, 1] = [1.0, np.e, np.nan, np.nan]
    seconds[1, 1:, 0] = np.nan
    found = differences(seconds)
    assert found.value[0] == pytest.approx(0.5)
    assert np.isnan(found.error).tolist() == [False, True]
    assert verdicts(found, 0.02)[1] == AMBIGUOUS


def test_a_process_is_its_lower_quartile():
    """What only ever adds time moves it little: a median of these is 3."""
    assert time_of([1.0, 1.0, 1.0, 3.0, 9.0, 9.0, 9.0]) == 1.0


def test_what_both_sides_share_is_no_error():
    """Drift of 30 % between rounds leaves the pairs' differences as they are."""
    calm, drifting = (differences(made(drift=d)).error.mean() for d in (0.0, 0.3))
    assert drifting == pytest.approx(calm, rel=1e-6)


def test_a_disturbed_process_is_trimmed_away():
    plain, hit = (differences(made(spikes=s, cells=400)) for s in (0.0, 0.05))
    assert np.median(hit.error) < 1.5 * np.median(plain.error)


def test_identical_code_is_same_and_never_changed():
    """Over 200 comparisons of 100 cells, at the margin that the same noise asks for."""
    margin = margin_of(differences(made(seed=1)))
    words = [verdicts(differences(made(seed=s)), margin) for s in range(200)]
    changed = np.mean([np.isin(w, (SLOWER, FASTER)).mean() for w in words])
    ambiguous = np.mean([(w == AMBIGUOUS).mean() for w in words])
    assert changed <= 0.01
    assert ambiguous <= 0.20


@pytest.mark.parametrize("noise", [0.003, 0.007, 0.01])
def test_a_slowdown_as_small_as_certified_is_found_and_never_called_same(noise):
    certified = differences(made(seed=2, noise=noise))
    margin = margin_of(certified)
    change = float(np.median(smallest_changes(certified, margin)))
    words = np.concatenate(
        [verdicts(differences(made(seed=s, noise=noise, change=change)), margin) for s in range(50)]
    )
    assert (words == SLOWER).mean() >= 0.85
    assert (words == SAME).mean() <= 0.01
    assert (words == FASTER).sum() == 0


def test_five_percent_where_it_is_certified():
    """A noise of 1 % between processes is enough for 5 % with ten pairs."""
    certified = differences(made(seed=3, noise=0.01))
    margin = margin_of(certified)
    assert np.median(smallest_changes(certified, margin)) < 0.05
    words = np.concatenate(
        [verdicts(differences(made(seed=s, noise=0.01, change=0.05)), margin) for s in range(20)]
    )
    assert (words == SLOWER).mean() >= 0.9
    assert (words == SAME).mean() <= 0.01
    faster = verdicts(differences(made(seed=4, noise=0.01, change=-0.05)), margin)
    assert (faster == FASTER).mean() >= 0.9


def test_more_rounds_see_less():
    found = differences(made(rounds=10))
    more = found.with_rounds(10, 40)
    assert more.error == pytest.approx(found.error / 2)
    assert more.df.tolist() == [23.0] * 100
    assert (smallest_changes(more, 0.02) < smallest_changes(found, 0.02)).all()


def test_the_margin_by_hand():
    """t(0.95, 4) = 2.132 and 1.2816 standard errors, the ninth of ten cells, at least 2 %."""
    error = np.full(11, 0.01)
    found = Differences(np.zeros(11), error, np.full(11, 4.0))
    assert margin_of(found) == pytest.approx(0.02132 + 0.012816, rel=1e-3)  # 3.4 %
    assert margin_of(Differences(np.zeros(3), error[:3] / 1e3, error[:3])) == SMALLEST_MARGIN
    assert margin_of(Differences(np.zeros(3), error[:3] * 9, error[:3])) == LARGEST_MARGIN
    unknown = Differences(np.zeros(1), np.array([np.nan]), np.zeros(1))
    assert np.isnan(margin_of(unknown))


def test_without_any_spread_the_difference_alone_decides():
    found = Differences(np.array([0.0, 0.5, -0.5]), np.zeros(3), np.full(3, 9.0))
    assert verdicts(found, 0.02).tolist() == [SAME, SLOWER, FASTER]
    assert false_alarms(found, 0.02) == pytest.approx(2 / 3)


def test_benjamini_and_hochberg_by_hand():
    p = np.array([0.012, 0.04, 0.03, np.nan, 0.9])
    assert rejected(p, 0.05).tolist() == [True, False, False, False, False]
    assert rejected(p, 0.07).tolist() == [True, True, True, False, False]
    assert not rejected(np.array([np.nan]), 0.05).any()


def test_classes_of_duration():
    assert [class_of(s) for s in (5e-5, 1e-4, 5e-3, 2.0)] == [
        "< 0.1 ms",
        "0.1 to 1 ms",
        "1 to 10 ms",
        ">= 10 ms",
    ]


def test_what_can_be_told_from_nothing_and_is_smaller_than_the_margin_is_not_changed():
    found = Differences(np.array([0.03]), np.array([0.008]), np.array([9.0]))
    assert verdicts(found, 0.02).tolist() == [SLOWER]
    assert verdicts(found, 0.035).tolist() == [AMBIGUOUS]


def test_what_cannot_be_told_from_nothing_is_not_changed():
    found = Differences(np.array([0.2, -0.2]), np.full(2, 0.2), np.full(2, 9.0))
    assert verdicts(found, 0.02).tolist() == [AMBIGUOUS] * 2
