"""What binds, in words; and that times of a busy machine are shown but not ranked."""

from __future__ import annotations

import io

import pytest
from made_records import cell, record

from seqbench.interfaces import Sample
from seqbench.measure.roofline import Roof
from seqbench.results.render import grid, show
from seqbench.results.roof import binding
from seqbench.results.summary import is_timed, ranked, summarise
from seqbench.results.table import tidy

ROOFS = [
    (Roof(3.0, 2.0, 1.0, 0.1), "compute"),
    (Roof(1.0, 3.0, 1.5, 0.1), "memory"),
    (Roof(1.0, 2.0, 1.5, 0.1), "transcendental"),
    (Roof(1.0, 2.0, 0.5, 9.0), "launch"),
    (Roof(2.0, 2.0, 0.0, 2.0), "launch"),
]


@pytest.mark.parametrize(("roof", "word"), ROOFS)
def test_the_table_and_the_measuring_floor_say_the_same(roof, word):
    limits = {
        sample.metric.removeprefix("limit_"): sample.value
        for sample in roof.samples(1.0)
        if sample.metric.startswith("limit_")
    }
    assert binding(limits) == roof.binds == word


def limited(key, roof, **more):
    samples = [Sample("time", 4.0, "s", "lower"), *roof.samples(4.0)]
    timed = [Sample(s.metric, s.value, s.unit, s.direction, "forward") for s in samples]
    return record(
        key,
        experiment="kernel_cost",
        task="kernel_cost",
        params={"kernel": key},
        swept=["kernel"],
        samples=timed,
        **{"kernel_impl": f"numpy.{key}", "gate": "pass", **more},
    )


def test_a_column_tells_what_binds():
    records = [limited("a", ROOFS[0][0]), limited("b", ROOFS[1][0]), cell("gru", 8, "numpy", [1])]
    summary = summarise(tidy(records))
    found = grid(summary[summary["task"] == "kernel_cost"])
    place = found.columns.index("binds forward")
    assert [row[place] for row in found.rows] == ["compute", "memory"]
    assert "share_of_limit forward [fraction]" not in found.columns  # of one phase: named plainly
    out = io.StringIO()
    show(found, out)
    assert "binds forward" in out.getvalue()
    assert "binds forward" not in grid(summary[summary["task"] == "cell_cost"]).columns


def test_times_of_clean_trials_stand_for_a_case_alone():
    records = [
        cell("gru", 8, "numpy", [9.0], round=0, valid=False),
        cell("gru", 8, "numpy", [2.0], round=1),
        cell("gru", 8, "numpy", [3.0], round=2),
    ]
    summary = summarise(tidy(records))
    time = summary[summary["metric"] == "time"].iloc[0]
    assert (time["value"], time["n"], time["valid"], time["done"]) == (2.5, 2, 2, 3)
    memory = summary[summary["metric"] == "peak_memory"].iloc[0]
    assert memory["n"] == 3  # no clock in it


def test_times_without_a_clean_trial_stay_and_are_told():
    summary = summarise(tidy([cell("gru", 8, "numpy", [9.0], valid=False)]))
    time = summary[summary["metric"] == "time"].iloc[0]
    assert (time["value"], time["valid"]) == (9.0, 0)


def test_what_is_ranked():
    table = tidy([cell("gru", 8, "numpy", [9.0], valid=False), cell("rnn", 8, "numpy", [1.0])])
    found = set(zip(table["p.cell.name"], table["metric"], ranked(table), strict=True))
    assert ("gru", "time", False) in found
    assert ("gru", "flops", True) in found
    assert ("rnn", "time", True) in found
    assert is_timed("share_of_limit", "fraction")
    assert not is_timed("peak_memory", "B")
    assert not is_timed("bleu", "BLEU")
