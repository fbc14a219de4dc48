"""`experiment=all`: what it plans, what it does after one that failed, and how it goes on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from seqbench.cli import run_all as module
from seqbench.experiments.composing import initialised
from seqbench.experiments.suite import ALL, asks_for_all, claiming, overrides_of
from seqbench.interfaces import UsageError
from seqbench.interfaces.claims import Claim, Part
from seqbench.results.claims import Kept, Measured, write_answer

TWO = ["attention_scaling", "cell_cost"]


@pytest.fixture(scope="module")
def composer():
    with initialised([]) as made:
        yield made


class Runner:
    """Stands in for `run_plan`: what it ran, and the exit code of each."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.ran, self.codes = folder, [], {}

    def __call__(self, plan, settings):
        name = plan.experiment.name
        self.ran.append(name)
        code = self.codes.get(name, 0)
        own = self.folder / name
        own.mkdir(exist_ok=True)
        (own / "campaign.json").write_text(json.dumps({"finished": code == 0, "machine": "here"}))
        if code == 0:
            values = Measured({f"seed {s}": 1.0 for s in range(3)})
            claim = Claim(f"{name} it is", parts={"a": Part("m", at_least=0.5)})
            write_answer(Kept(name, claim, "on this machine", {"a": values}), own / "claim.json")
        return code, own


@pytest.fixture
def runner(tmp_path, monkeypatch):
    made = Runner(tmp_path)
    monkeypatch.setattr(module, "claiming", lambda composer: TWO)
    monkeypatch.setattr(module, "run_plan", made)
    monkeypatch.setattr("seqbench.results.report.write_report", lambda folders, path: _Page(path))
    return made


class _Page:
    def __init__(self, path: Path) -> None:
        self.path = path


def ask(composer, tmp_path, *more):
    overrides = ["experiment=all", "size=tiny", f"results_dir={tmp_path}", *more]
    return module.run_all(overrides, composer)


def test_every_claim_is_there_by_id_and_nothing_else(composer):
    names = claiming(composer)
    assert "cell_cost" in names
    assert ALL not in names
    assert "kernel_cost" not in names
    from seqbench.experiments.composing import resolved

    ids = [resolved(composer.compose([f"experiment={n}"]))["experiment"]["id"] for n in names]
    assert ids == sorted(ids)


def test_it_is_asked_for_by_the_command_line():
    assert asks_for_all(["size=tiny", "experiment=all"])
    assert not asks_for_all(["experiment=cell_cost", "cell.name=all"])
    assert overrides_of("glove", ["a=1", "experiment=all"]) == ["a=1", "experiment=glove"]


def test_answers_of_all_are_told(composer, tmp_path, runner, capsys):
    assert ask(composer, tmp_path) == 0
    assert runner.ran == TWO
    out = capsys.readouterr().out
    for name in TWO:
        assert f"  supported  {name}: {name} it is (on this machine)" in out
    assert str(tmp_path / "all" / "report.html") in out


def test_what_needs_data_that_are_not_here_is_left_out(
    composer, tmp_path, runner, capsys, monkeypatch
):
    monkeypatch.setattr(module, "claiming", lambda composer: ["sentiment_reviews", "cell_cost"])
    monkeypatch.setenv("SEQBENCH_DATA", str(tmp_path / "nothing"))
    assert ask(composer, tmp_path) == 0
    assert runner.ran == ["cell_cost"]
    out = capsys.readouterr().out
    assert "  left out   sentiment_reviews: mr: 2 of 2 files are missing" in out
    assert "  supported  cell_cost" in out


def test_one_that_fails_stops_no_other_and_is_the_exit_code(composer, tmp_path, runner, capsys):
    runner.codes = {"attention_scaling": 3}
    assert ask(composer, tmp_path) == 3
    assert runner.ran == TWO
    assert "no answer  attention_scaling" in capsys.readouterr().out


def test_stopped_it_goes_on_and_finished_it_starts_anew(composer, tmp_path, runner, capsys):
    runner.codes = {"cell_cost": 130}
    assert ask(composer, tmp_path) == 130
    runner.codes = {}
    assert ask(composer, tmp_path) == 0
    assert runner.ran == [*TWO, "cell_cost"]
    assert "finished before" in capsys.readouterr().out
    assert ask(composer, tmp_path) == 0
    assert runner.ran == [*TWO, "cell_cost", *TWO]


def test_another_size_is_another_run(composer, tmp_path, runner):
    runner.codes = {"cell_cost": 130}
    ask(composer, tmp_path)
    runner.codes = {}
    assert ask(composer, tmp_path, "cell.name=gru") == 0
    assert runner.ran == [*TWO, *TWO]


def test_a_finished_campaign_that_is_gone_is_run_again(composer, tmp_path, runner):
    runner.codes = {"cell_cost": 130}
    ask(composer, tmp_path)
    runner.codes = {}
    (tmp_path / "attention_scaling" / "campaign.json").unlink()
    assert ask(composer, tmp_path) == 0
    assert runner.ran == [*TWO, *TWO]


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("campaign=x", "a campaign is one experiment's folder"),
        ("experiment=cell_cost", "expected one choice of experiment"),
        ("cell.hiden_size=3", "at attention_scaling: no setting 'cell.hiden_size'"),
    ],
)
def test_what_makes_no_sense_is_told_before_anything_runs(
    composer, tmp_path, runner, override, message
):
    with pytest.raises(UsageError, match=message):
        ask(composer, tmp_path, override)
    assert runner.ran == []
