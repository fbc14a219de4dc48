"""Samples within a process become one number: which, and that only seconds are quartiles."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from made_records import cell
from made_sides import side

from seqbench.results.compare.side import codes_of, group_quantiles


@pytest.mark.parametrize("share", [0.0, 0.25, 0.5, 1.0])
def test_quantiles_by_group_are_numpys(share):
    rng = np.random.default_rng(2)
    code = np.concatenate([np.arange(7), rng.integers(0, 7, 100)])
    values = rng.normal(size=len(code))
    found = group_quantiles(values, code, np.full(7, share))
    expected = [np.quantile(values[code == group], share) for group in range(7)]
    assert found == pytest.approx(expected)


def test_a_process_is_the_lower_quartile_of_its_seconds():
    units = side([cell("gru", 64, "numpy", [1.0, 2.0, 3.0, 4.0, 99.0], memory=7.0)]).units
    values = units.set_index("metric")["value"]
    assert values["time"] == 2.0
    assert values["peak_memory"] == 7.0


def test_rows_share_a_code_where_they_agree():
    frame = pd.DataFrame({"a": ["x", "y", "x", "x"], "b": [1, 1, 1, 2]})
    code, first = codes_of(frame, ["a", "b"])
    assert code[0] == code[2]
    assert len(set(code.tolist())) == 3
    assert (code[first] == np.arange(3)).all()
