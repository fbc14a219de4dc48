"""Every verdict on made differences, and that each row's interval says the same as its word."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqbench.results.compare.statistics import Differences
from seqbench.results.compare.verdicts import (
    AMBIGUOUS,
    BETTER,
    FASTER,
    SAME,
    SLOWER,
    WORSE,
    judge,
    judge_exact,
    words,
)

MARGIN = 0.04


def verdict(value, error, *, worse=1, quality=False, judged=True, margin=MARGIN, df=30.0):
    """The word of a single row."""
    found = Differences(*(np.array([v], float) for v in (value, error, df)))
    judging = np.array([judged])
    outcome = judge(found, np.array([margin]), np.array([worse]), judging)
    return words(outcome, judging, np.array([quality]))[0]


@pytest.mark.parametrize(
    ("value", "error", "options", "expected"),
    [
        (0.10, 0.01, {}, SLOWER),
        (-0.10, 0.01, {}, FASTER),
        (0.10, 0.01, {"worse": -1}, FASTER),  # more tokens a second
        (-0.10, 0.01, {"worse": -1}, SLOWER),
        (0.10, 0.01, {"quality": True, "worse": -1}, BETTER),
        (-0.10, 0.01, {"quality": True, "worse": -1}, WORSE),
        (0.10, 0.01, {"quality": True}, WORSE),  # an error rate
        (0.00, 0.01, {}, SAME),
        (0.01, 0.001, {}, SAME),  # told from nothing, and surely small
        (0.00, 0.10, {}, AMBIGUOUS),
        (0.10, 0.08, {}, AMBIGUOUS),
        (0.035, 0.01, {}, AMBIGUOUS),  # there is a change; whether it matters is not known
        (0.10, np.nan, {}, AMBIGUOUS),
        (0.10, 0.01, {"judged": False}, ""),
        (0.00, 0.0, {}, SAME),
        (0.05, 0.0, {}, SLOWER),
        (0.03, 0.0, {}, SAME),
    ],
)
def test_every_verdict(value, error, options, expected):
    assert verdict(value, error, **options) == expected


def test_exact_numbers_have_no_margin():
    base = np.array([100.0, 100.0, 100.0])
    new = np.array([100.0, 101.0, 99.0])
    assert judge_exact(base, new, np.ones(3)).tolist() == [SAME, SLOWER, FASTER]


def test_many_rows_need_more_evidence_each():
    """p = 0.02 is a change on its own, and none among 99 rows without one."""
    one = Differences(np.array([0.0741]), np.array([0.03]), np.array([30.0]))
    rest = [
        np.concatenate([a, np.full(99, b)])
        for a, b in ((one.value, 0.0), (one.error, 0.03), (one.df, 30.0))
    ]
    every = np.ones(100, bool)
    alone = judge(one, np.array([MARGIN]), np.ones(1), np.ones(1, bool))
    among = judge(Differences(*rest), np.full(100, MARGIN), np.ones(100), every)
    assert alone.change[0] == -1
    assert among.change[0] == 0


def test_a_row_that_is_not_judged_does_not_weigh_on_the_others():
    values = np.concatenate([[0.0741], np.zeros(99)])
    found = Differences(values, np.full(100, 0.03), np.full(100, 30.0))
    judged = np.arange(100) == 0
    outcome = judge(found, np.full(100, MARGIN), np.ones(100), judged)
    assert outcome.change[0] == -1
    assert np.isnan(outcome.p[1:]).all()
    assert np.allclose(outcome.confidence[1:], 0.95)


ROWS = st.lists(
    st.tuples(
        st.floats(-0.3, 0.3),
        st.one_of(st.just(0.0), st.floats(1e-4, 0.2)),
        st.integers(1, 40),
    ),
    min_size=1,
    max_size=40,
)


@settings(max_examples=150, deadline=None)
@given(rows=ROWS, q=st.sampled_from([0.01, 0.05, 0.2]))
def test_a_verdict_can_be_read_off_its_interval(rows, q):
    value, error, df = (np.array(column, float) for column in zip(*rows, strict=True))
    count = len(rows)
    margin = np.full(count, MARGIN)
    every = np.ones(count, bool)
    found = judge(Differences(value, error, df), margin, np.ones(count), every, q)
    inside = (found.low > -margin) & (found.high < margin)
    around = (found.low <= 0) & (found.high >= 0)
    assert (inside | (found.low >= -margin) & (found.high <= margin))[found.same].all()
    assert not around[found.change != 0].any()
    assert (np.abs(value) > margin)[found.change != 0].all()
    open_ = ~found.same & (found.change == 0)
    assert not inside[open_].any()
    assert (around | (np.abs(value) <= margin))[open_].all()
