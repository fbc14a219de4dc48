"""Numbers, intervals, units and names as people read them."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from seqbench.results.wording import (
    case_label,
    header,
    number,
    plain,
    scale_of,
    several,
    with_interval,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1234.5, "1234"),
        (0.012345, "0.01235"),
        (63.10, "63.1"),
        (100.0, "100"),
        (2e9, "2e+09"),
        (1.23456e-7, "1.235e-07"),
        (0.0, "0"),
        (-0.5, "-0.5"),
        (math.nan, ""),
        (math.inf, "inf"),
    ],
)
def test_four_digits_and_no_more(value, text):
    assert number(value) == text


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ((63.1234, 61.98, 64.25), "63.1 [62.0, 64.2]"),
        ((63.1234, 62.9, 63.3), "63.12 [62.90, 63.30]"),
        ((1001.0, 800.0, 1200.0), "1001 [800, 1200]"),
        ((-0.4, -1.1, 0.2), "-0.40 [-1.10, 0.20]"),
        ((5.0, math.nan, math.nan), "5"),
        ((5.0, 5.0, 5.0), "5"),
    ],
)
def test_an_interval_decides_how_many_digits_are_told(values, text):
    assert with_interval(*values) == text


def test_a_column_has_one_scale_by_its_largest_value():
    assert scale_of("s", [0.5, 0.002, math.nan]) == (1e-3, "ms")
    assert scale_of("s", [3.0, 0.002]) == (1.0, "s")
    assert scale_of("s", [5e-9]) == (1e-6, "us")
    assert scale_of("B", [2.5e6]) == (1e6, "MB")
    assert scale_of("B", [0.0]) == (1.0, "B")
    assert scale_of("FLOP", [4e9]) == (1e9, "GFLOP")
    assert scale_of("token/s", [1e9]) == (1.0, "token/s")
    assert scale_of("s", []) == (1.0, "s")


def test_headers():
    assert header("time", "forward", "ms") == "time forward [ms]"
    assert header("length_ratio", "", "1") == "length_ratio"


def test_labels_leave_out_what_a_case_does_not_have():
    values = {"p.a.b": 3, "p.c": pd.NA, "p.d": math.nan, "p.e": "", "p.f": 0.5, "p.g": None}
    assert case_label(values) == "a.b=3, f=0.5"
    assert plain("text") == "text"


def test_plurals():
    assert (several(1, "trial"), several(2, "trial")) == ("1 trial", "2 trials")
