"""What widening won, by whose fault the narrow output was wrong."""

from __future__ import annotations

import numpy as np
import pytest

from seqbench.models.error_analysis import ErrorAnalysis, ErrorRow
from seqbench.models.widening import mean_where, verdicts_in_order, widening


def analysis(*verdicts):
    return ErrorAnalysis(tuple(ErrorRow(i, v, True) for i, v in enumerate(verdicts)))


def test_verdicts_go_back_to_the_order_of_the_split():
    """Batches hold sentences by length: 2 and 0, then 1."""
    rows = analysis("search", "model", "correct")
    assert verdicts_in_order(rows, [np.array([2, 0]), np.array([1])]) == [
        "model",
        "correct",
        "search",
    ]


def test_a_verdict_too_few_is_no_split():
    with pytest.raises(ValueError, match="zip"):
        verdicts_in_order(analysis("search"), [np.array([1, 0])])


def test_the_two_kinds_apart():
    """Planted: what the search had missed gains 30 points and comes right, the rest loses 2."""
    narrow = ["search", "model", "correct", "search", "unknown_word"]
    wide = ["correct", "model", "correct", "model", "unknown_word"]
    before = np.array([50.0, 40, 100, 20, 10])
    after = np.array([100.0, 38, 100, 30, 90])
    nats = np.array([-4.0, -3, -1, -5, -9]), np.array([-2.0, -2.5, -1, -3, -1])
    found = widening(narrow, wide, (before, after), nats)
    assert mean_where(found.gains, found.at_fault) == pytest.approx(30)
    assert mean_where(found.gains, found.elsewhere) == -2
    assert mean_where(found.mended, found.at_fault) == 0.5
    assert mean_where(found.mended, found.elsewhere) == 0
    assert mean_where(found.log_prob_gains, found.at_fault) == 2
    assert mean_where(found.log_prob_gains, found.elsewhere) == 0.5
    assert mean_where(found.gains, np.zeros(5, bool)) is None
