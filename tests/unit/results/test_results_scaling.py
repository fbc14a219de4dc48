"""Exponents of growth by made costs, and what of a table goes into a fit."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from made_records import record

from seqbench.interfaces import Sample, UsageError
from seqbench.results.scaling import fit_exponent, scaling_sentence, scaling_table
from seqbench.results.table import tidy

SIZES = (64, 128, 256, 512, 1024)


def kernel(size, seconds, *, round=0, impl="numpy.additive", valid=True, Tq=None, **more):
    values = {
        "case_id": f"{impl}-{size}",
        "experiment": "attention_scaling",
        "task": "kernel_cost",
        "params": {"sizes": {"Tx": size, "Tq": Tq or size}, "backend": {"name": impl[:5]}},
        "swept": ["sizes.Tx", "sizes.Tq", "backend.name"],
        "round": round,
        "valid": valid,
        "gate": "pass",
        "samples": [
            Sample("time", seconds, "s", "lower", "forward"),
            Sample("time", 1e-9, "s", "lower", "load"),
            Sample("share_of_limit", 0.5, "fraction", "higher", "forward"),
        ],
        "kernel_impl": impl,
        "group": "kernel_cost.attention/additive@1",
    }
    return record(f"{impl}-{size}-{round}", **{**values, **more})


def test_a_pure_power_is_found_exactly():
    fit = fit_exponent([(r, s, 3e-9 * s**2) for r in range(3) for s in SIZES])
    assert fit.exponent == pytest.approx(2)
    assert (fit.low, fit.high) == (pytest.approx(2), pytest.approx(2))
    assert (fit.rounds, fit.sizes) == (3, SIZES)


def test_the_interval_is_students_over_rounds():
    # slopes 1.9 and 2.1: mean 2, half-width 12.706 * 0.1414 / sqrt 2
    points = [(r, s, s**p) for r, p in enumerate((1.9, 2.1)) for s in SIZES]
    fit = fit_exponent(points)
    assert fit.exponent == pytest.approx(2)
    assert fit.high - fit.exponent == pytest.approx(12.706 * 0.1, rel=1e-3)


def test_a_single_round_has_no_interval():
    fit = fit_exponent([(0, 1, 1.0), (0, 2, 4.0)])
    assert fit.exponent == pytest.approx(2)
    assert math.isnan(fit.low)


def test_the_last_doublings_alone():
    """A constant outweighs small sizes: the exponent of all is lower than that of the largest."""
    points = [(0, s, 0.1 + 1e-6 * s**2) for s in SIZES]
    assert fit_exponent(points).exponent < 1
    fit = fit_exponent(points, doublings=2)
    assert fit.sizes == (256, 512, 1024)
    assert 1 < fit.exponent < 2


def test_a_round_that_lacks_a_size_is_left_out():
    points = [(r, s, float(s)) for r in range(3) for s in SIZES if (r, s) != (1, 256)]
    assert fit_exponent(points).rounds == 2
    assert fit_exponent([(0, 1, 1.0)]) is None
    assert fit_exponent([]) is None


def growth(records, doublings=None):
    return scaling_table(tidy(records), "sizes.Tx", doublings)


def test_one_row_a_case_phase_and_metric():
    """What is zipped with the axis varies with it; `load`, shares and seeds are no costs to fit."""
    records = [
        kernel(s, scale * s**p, round=r, impl=impl)
        for impl, p, scale in (("numpy.additive", 2, 1e-9), ("torch.additive", 1, 1e-6))
        for r in (0, 1)
        for s in SIZES
    ]
    found = growth(records)
    told = found[["kernel_impl", "case", "phase", "metric", "axis", "rounds", "sizes"]]
    assert told.values.tolist() == [
        [f"{n}.additive", f"backend.name={n}", "forward", "time", "sizes.Tx", 2, 5]
        for n in ("numpy", "torch")
    ]
    assert found["exponent"].tolist() == pytest.approx([2, 1])
    assert scaling_sentence(found, "sizes.Tx").startswith(
        "Time forward grows as Tx^2 from Tx = 64 to 1024 (numpy.additive, backend.name=numpy). "
    )


def test_trials_that_were_not_measured_cleanly_are_not_fitted():
    records = [kernel(s, s**2.0, round=r, valid=r == 0) for r in (0, 1) for s in SIZES]
    assert growth(records)["rounds"].tolist() == [1]
    assert "Tx^2.00 (one round, no interval)" in scaling_sentence(growth(records), "sizes.Tx")
    noisy = growth([kernel(s, s**2.0, valid=False) for s in SIZES])
    assert noisy.empty
    assert scaling_sentence(noisy, "sizes.Tx") == (
        "No time was measured cleanly at two sizes of sizes.Tx, so its growth is open."
    )


def test_an_axis_that_is_not_swept_is_told():
    with pytest.raises(UsageError, match=r"axis 'sizes\.H' is not swept in this table, exp"):
        scaling_table(tidy([kernel(64, 1.0)]), "sizes.H")


def test_an_empty_table_has_its_columns():
    empty = growth([kernel(64, 1.0)])
    assert isinstance(empty, pd.DataFrame)
    assert list(empty.columns)[:3] == ["experiment", "case", "kernel_impl"]
