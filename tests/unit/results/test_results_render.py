"""What the terminal shows: one row a case, units, faults in full, and nothing cut."""

from __future__ import annotations

import io

import pytest
from made_records import beam, cell, lost_beam, record

from seqbench.interfaces import Sample
from seqbench.results.render import ceilings, cleanliness, faults, grid, grids, show
from seqbench.results.summary import summarise
from seqbench.results.table import tidy


def grid_of(records):
    return grid(summarise(tidy(records)))


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_row_a_case_with_metrics_as_columns():
    made = [beam(w, 300, items=False, round=r) for w in (10, 1) for r in (0, 1)]
    found = grid_of(made)
    assert (found.title, found.same) == ("translate", "cell.name=gru")
    assert found.columns == [
        "decoder.width",
        "kernel_impl",
        "status",
        "bleu [BLEU]",
        "tokens_per_s [token/s]",
        "peak_memory [MB]",
    ]
    assert [row[:3] for row in found.rows] == [
        ["1", "numpy.beam_select", "done"],
        ["10", "numpy.beam_select", "done"],
    ]
    assert [row[4] for row in found.rows] == ["1000", "100"]
    assert [row[5] for row in found.rows] == ["1", "10"]


def test_intervals_stand_in_the_cells():
    made = [beam(1, 300, items=False, round=r, speed=s) for r, s in enumerate((100.0, 102.0))]
    # half of ln(102 / 100) is the standard error: 101 exp(+- 12.706 x 0.0099)
    assert grid_of(made).rows[0][3] == "101 [89, 115]"


def test_a_lost_case_is_a_row_with_its_state():
    made = [beam(1, 300), beam(1, 300, round=1), lost_beam(1, round=2), lost_beam(10)]
    found = grid_of([*made, beam(2, 300, valid=False, reasons=["busy"])])
    status = found.columns.index("status")
    assert [row[status] for row in found.rows] == [
        "2 of 3 done, oom",
        "done, 1 of 1 not clean: times unranked",
        "oom",
    ]
    assert found.rows[2][status + 1 :] == ["", "", ""]


def test_phases_are_told_where_a_metric_has_several():
    samples = [
        Sample("time", 2e-3, "s", "lower", "forward"),
        Sample("time", 4e-6, "s", "lower", "load"),
    ]
    found = grid_of([record("a", task="odd", samples=samples)])
    assert found.columns == ["kernel_impl", "status", "time forward [ms]", "time load [us]"]
    assert found.rows == [["", "done", "2", "4"]]


def test_metrics_that_do_not_fit_are_counted():
    samples = [Sample(f"m{n}", 1.0, "1") for n in range(11)]
    found = grid_of([record("a", samples=samples)])
    assert (len(found.columns), found.left_out) == (2 + 8, 3)
    out = io.StringIO()
    show(found, out)
    assert out.getvalue().startswith("task; 3 more metrics in summary.csv\nkernel_impl  status")


def test_trainings_come_first():
    training = record("t", task="train", samples=[Sample("epochs", 3.0, "1")])
    table = tidy([beam(1, 200), training])
    assert [g.title for g in grids(summarise(table))] == ["train", "translate"]


def test_plain_text_where_there_is_no_terminal():
    out = io.StringIO()
    show(grid_of([beam(w, 300, items=False) for w in (1, 10)]), out)
    lines = out.getvalue().splitlines()
    assert lines[0] == "translate: cell.name=gru"
    assert lines[1].split()[:3] == ["decoder.width", "kernel_impl", "status"]
    assert lines[2].index("numpy.beam_select") == lines[1].index("kernel_impl")
    assert "\x1b" not in out.getvalue()


@pytest.mark.parametrize("width", ["40", "200"])
def test_a_terminal_gets_every_value_however_narrow(monkeypatch, width):
    monkeypatch.setenv("COLUMNS", width)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    out = Terminal()
    show(grid_of([beam(1, 300, items=False), lost_beam(10)]), out)
    assert "1000" in out.getvalue()
    assert "\x1b[31m" in out.getvalue()  # what was lost is red
    if width == "200":
        assert "tokens_per_s" in out.getvalue()


def test_faults_are_grouped_by_reason_with_their_cases():
    made = [
        beam(1, 300),
        *(lost_beam(10, round=r) for r in range(3)),
        lost_beam(30),
        lost_beam(100, status="timeout"),
        cell("gru", 8, "numpy", [1.0], gate="fail", reasons=["h differs"]),
    ]
    assert faults(tidy(made)) == [
        "oom: 4 trials (decoder.width=10 and 1 more): it does not fit",
        "timeout: 1 trial (decoder.width=100): it does not fit",
        "gate failed: 1 trial (backend.name=numpy, cell.hidden_size=8): h differs",
    ]


def test_many_kinds_of_fault_are_cut():
    made = [record(f"{n:02}", status="failed", error=f"error {n}") for n in range(20)]
    found = faults(tidy(made))
    assert len(found) == 13
    assert found[0] == "failed: 1 trial: error 0"
    assert found[-1] == "and 8 more kinds of fault; see the table"


def test_a_fault_without_a_reason_says_so():
    assert faults(tidy([record("a", status="failed")])) == ["failed: 1 trial: no reason told"]


def test_noise_is_told_with_an_example():
    made = [record("a"), record("b", valid=False, reasons=["busy machine: x", "unstable"])]
    assert cleanliness(tidy(made)) == (
        "1 of 2 trials not measured cleanly, for example: busy machine: x; unstable"
    )
    assert cleanliness(tidy(made[:1])) == ""


def test_ceilings_are_medians_over_trials():
    made = [cell("gru", 8, "numpy", [1.0], round=r) for r in (0, 1, 5)]
    assert ceilings(tidy(made)) == "gemm_float32 101 GFLOP/s"
    assert ceilings(tidy([record("a")])) == ""
