"""The tests behind the verdicts, against scipy and hand sums."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from seqbench.results.compare.statistics import (
    Differences,
    Means,
    half_widths,
    p_different,
    p_not_equivalent,
    plain_means,
    rejected,
    trimmed_means,
    unpaired,
)


def difference(value, error, df=20.0):
    return Differences(*(np.atleast_1d(np.array(v, float)) for v in (value, error, df)))


def one_group(values, means=trimmed_means):
    return means(np.array(values, float), np.zeros(len(values), int), 1)


@pytest.mark.parametrize("count", [2, 4, 5, 9, 10, 23])
def test_the_difference_of_trimmed_means_is_yuens(count):
    rng = np.random.default_rng(count)
    base, new = rng.standard_t(3, count), rng.standard_t(3, count + 1) + 0.7
    found = unpaired(one_group(base), one_group(new))
    expected = stats.ttest_ind(new, base, equal_var=False, trim=0.2 if count >= 5 else 0.0)
    if count == 4:  # one side of five is trimmed, the other is not: no single scipy call does that
        assert np.isfinite(p_different(found)).all()
        return
    assert p_different(found)[0] == pytest.approx(expected.pvalue, rel=1e-9)


def test_below_five_members_it_is_students_mean():
    values = [1.0, 2.0, 4.0, 9.0]
    found = one_group(values)
    assert found.centre[0] == pytest.approx(4.0)
    assert found.error[0] == pytest.approx(np.std(values, ddof=1) / 2)
    assert found.df[0] == 3


def test_a_disturbed_process_moves_nothing():
    steady = [1.0, 1.01, 0.99, 1.0, 1.02, 0.98, 1.0, 1.01, 0.99, 1.0]
    disturbed = [*steady[:-1], 50.0]
    assert one_group(disturbed).centre[0] == pytest.approx(one_group(steady).centre[0], rel=0.005)
    assert one_group(disturbed).error[0] < 0.01
    assert one_group(disturbed, plain_means).error[0] > 4


def test_groups_come_in_any_order_and_may_be_empty():
    found = trimmed_means(np.array([5.0, 1.0, 7.0, 3.0]), np.array([2, 0, 2, 0]), 3)
    assert found.count.tolist() == [2, 0, 2]
    assert found.centre[[0, 2]].tolist() == [2.0, 6.0]
    assert np.isnan(found.centre[1])


def test_one_member_has_no_error():
    found = one_group([3.0])
    assert found.centre[0] == 3.0
    assert math.isnan(found.error[0])
    assert math.isnan(found.spread[0])


def test_equal_values_have_exactly_no_spread():
    found = one_group([0.1] * 7)
    assert found.error[0] == 0.0
    assert found.spread[0] == 0.0


def test_welch_with_one_side_exact_keeps_the_other_sides_freedom():
    base = Means(*(np.array([v]) for v in (1.0, 0.0, 4.0, 0.0, 5)))
    new = Means(*(np.array([v]) for v in (1.2, 0.1, 9.0, 0.3, 10)))
    found = unpaired(base, new)
    assert found.df[0] == pytest.approx(9.0)
    assert found.value[0] == pytest.approx(0.2)


def test_no_difference_is_tested_on_both_sides():
    found = p_different(difference([0.3, -0.3], [0.1, 0.1], [7, 7]))
    assert found == pytest.approx([2 * stats.t.sf(3.0, 7)] * 2)


def test_equivalence_is_the_larger_of_two_one_sided_tests():
    found = p_not_equivalent(difference(0.02, 0.01, 9), np.array([0.05]))
    assert found[0] == pytest.approx(max(stats.t.sf(3, 9), stats.t.sf(7, 9)))
    outside = p_not_equivalent(difference(0.08, 0.01, 9), np.array([0.05]))
    assert outside[0] > 0.5


def test_without_spread_the_tests_are_certain():
    found = difference([0.0, 0.1], [0.0, 0.0])
    assert p_different(found).tolist() == [1.0, 0.0]
    assert p_not_equivalent(found, np.array([0.05, 0.05])).tolist() == [0.0, 1.0]
    assert half_widths(found, 0.025).tolist() == [0.0, 0.0]


@pytest.mark.parametrize("q", [0.01, 0.05, 0.2])
def test_benjamini_hochberg_as_scipy_has_it(q):
    p = np.random.default_rng(1).uniform(size=200) ** 3
    which, level = rejected(p, q)
    assert which.tolist() == (stats.false_discovery_control(p) <= q).tolist()
    assert which.any()
    assert p[which].max() <= level < p[~which].min()


def test_a_row_without_a_test_is_not_counted():
    which, level = rejected(np.array([0.02, np.nan, np.nan, np.nan]), 0.05)
    assert which.tolist() == [True, False, False, False]
    assert level == 0.05


def test_nothing_rejected_and_nothing_tested():
    which, level = rejected(np.array([0.5, 0.9]), 0.05)
    assert not which.any()
    assert level == 0.025
    assert rejected(np.array([np.nan]), 0.05)[1] == 0.05
