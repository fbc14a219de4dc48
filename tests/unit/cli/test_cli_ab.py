"""`seqbench ab` as it is typed, with stand-in tasks in real children."""

from __future__ import annotations

import json

import pytest
from standin_tasks import TASKS
from standins import FakeRegistry


@pytest.fixture
def ab(seqbench, monkeypatch, tmp_path):
    monkeypatch.setattr("seqbench.registry.registry", Implementations)
    monkeypatch.setattr("seqbench.experiments.taskspecs.TARGETS", TASKS)

    def ab(*arguments):
        return seqbench("ab", *arguments, "size=tiny", f"results_dir={tmp_path / 'runs'}")

    return ab


class Implementations(FakeRegistry):
    """What `ab` asks of a registry beside what planning asks."""

    def algorithms(self):
        return []

    def implementations(self, kind, name, backend):
        return []

    def backend_specs(self):
        return {}


SIDES = ("cell.hidden_size=16", "cell.hidden_size=32")
REST = ("cell_cost", "cell=gru", "backend=numpy", "workload.input_size=8")


def test_both_sides_run_as_often_as_asked(ab, ran, tmp_path):
    code, out, err = ab(*SIDES, *REST, "workload.batch_size=2", "workload.time_steps=3")
    assert code == 0, err
    assert ran() == ["gru"] * 20
    assert "A: cell.hidden_size=16 -> B: cell.hidden_size=32" in out
    assert "nothing is worse" in out
    (place,) = (tmp_path / "runs" / "ab").iterdir()
    assert f"rows: {place}" in err
    for side in ("a", "b"):
        assert len(list((place / side / "trials").iterdir())) == 10


def test_the_format_is_compares(ab):
    code, out, _ = ab(
        *SIDES, *REST, "workload.batch_size=2", "workload.time_steps=3", "--format", "json"
    )
    assert code == 0
    assert json.loads(out)["rows"][0]["verdict"] == "SAME"


def test_fewer_than_ten_rounds_are_refused(ab, ran):
    code, _, err = ab(*SIDES, *REST, "--rounds", "9")
    assert code == 2
    assert "--rounds 9, expected at least 10" in err
    assert ran() == []


def test_an_experiment_that_measures_quality_is_refused(ab, ran):
    code, _, err = ab("decoder.width=1", "decoder.width=2", "beam_width_bleu")
    assert code == 2
    assert "measures more than cost" in err
    assert ran() == []


def test_an_unknown_experiment_and_an_unknown_setting(ab):
    code, _, err = ab(*SIDES, "cell_cst")
    assert code == 2
    assert "no experiment named 'cell_cst'; did you mean 'cell_cost'" in err
    code, _, err = ab("cell.hiden_size=1", "cell.hiden_size=2")
    assert code == 2
    assert "did you mean 'cell.hidden_size'" in err


def test_two_kinds_of_sides(ab):
    code, _, err = ab("cell.hidden_size=1", ".")
    assert code == 2
    assert "expected two of one kind" in err


def test_an_unknown_option(ab):
    with pytest.raises(SystemExit) as stop:
        ab(*SIDES, "--round", "10", "--nothing")
    assert stop.value.code == 2


def test_a_side_a_that_fails_is_no_comparison(ab, monkeypatch):
    monkeypatch.setitem(TASKS, "cell_cost", "standin_tasks:nothing")
    code, out, err = ab(*SIDES, *REST, "workload.batch_size=2", "workload.time_steps=3")
    assert (code, out) == (2, "")
    assert "every process of A (cell.hidden_size=16) failed, expected times" in err
    assert "no such function" in err
