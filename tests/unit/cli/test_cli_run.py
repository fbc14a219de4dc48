"""`seqbench run`: exit codes, folders, resume, campaigns, Hydra's own flags, bad overrides."""

from __future__ import annotations

import json
import os

import pytest

E01 = ("run", "experiment=beam_width_bleu", "size=tiny")


def campaigns(tmp_path, experiment="beam_width_bleu"):
    return sorted((tmp_path / "results/runs" / experiment).iterdir())


def statuses(campaign):
    records = [json.loads(p.read_text()) for p in (campaign / "trials").glob("*.json")]
    return sorted(r["status"] for r in records)


def test_a_run_writes_its_campaign_and_nothing_else(seqbench, ran, tmp_path):
    code, out, err = seqbench(*E01)
    assert (code, out) == (0, "finished beam_width_bleu\n"), err
    assert ran() == ["train", "translate 1", "translate 2", "translate 4"]
    (campaign,) = campaigns(tmp_path)
    plan = json.loads((campaign / "plan.json").read_text())
    assert campaign.name == plan["digest"]
    assert [t["task"] for t in plan["trials"]] == ["train", *["translate"] * 3]
    assert statuses(campaign) == ["done"] * 4
    assert sorted(p.name for p in tmp_path.iterdir()) == ["cache", "results"]


def test_a_failed_trial_is_a_row_and_exit_code_3_and_is_run_again(
    seqbench, ran, tmp_path, monkeypatch
):
    monkeypatch.setenv("STANDIN_FAILS", "2")
    assert seqbench(*E01)[0] == 3
    ran()
    monkeypatch.delenv("STANDIN_FAILS")
    assert seqbench(*E01)[0] == 0
    assert ran() == ["translate 1", "translate 2", "translate 4"]  # the block, as a whole
    (campaign,) = campaigns(tmp_path)
    assert statuses(campaign) == ["done"] * 4


def test_a_finished_campaign_is_followed_by_a_new_one(seqbench, ran, tmp_path):
    for _ in range(2):
        assert seqbench(*E01, "decoder.width=1")[0] == 0
    first, second = campaigns(tmp_path)
    assert second.name == f"{first.name}-2"
    assert ran().count("translate 1") == 2


def test_another_machine_does_not_resume_it(seqbench, tmp_path, monkeypatch):
    monkeypatch.setenv("STANDIN_FAILS", "2")
    assert seqbench(*E01)[0] == 3
    monkeypatch.setattr("seqbench.experiments.campaigns.machine_id", lambda: "another")
    assert seqbench(*E01)[0] == 3
    assert len(campaigns(tmp_path)) == 2


def test_interrupting_keeps_the_rows_and_resumes(seqbench, ran, tmp_path, monkeypatch):
    monkeypatch.setenv("STANDIN_INTERRUPTS", "4")
    code, out, err = seqbench(*E01, "experiment.rounds=1")
    assert code == 130
    assert "finished" not in out
    assert "interrupted; the same command resumes" in err
    (campaign,) = campaigns(tmp_path)
    assert statuses(campaign) == ["done", "done", "done", "interrupted"]
    monkeypatch.delenv("STANDIN_INTERRUPTS")
    ran()
    assert seqbench(*E01, "experiment.rounds=1")[0] == 0
    assert "train" not in ran()


def test_two_experiments_by_m_are_two_campaigns(seqbench, ran, tmp_path):
    code, out, _ = seqbench("run", "-m", "experiment=beam_width_bleu,cell_cost", "size=tiny")
    assert code == 0
    assert out == "finished beam_width_bleu\nfinished cell_cost\n"
    assert statuses(campaigns(tmp_path, "cell_cost")[0]) == ["done"] * 12
    assert len(ran()) == 4 + 12


def test_what_cannot_run_here_is_a_skipped_row(seqbench, tmp_path):
    arguments = ("run", "experiment=cell_cost", "size=tiny", "cell=gru", "backend.name=away")
    assert seqbench(*arguments)[0] == 0
    (campaign,) = campaigns(tmp_path, "cell_cost")
    records = [json.loads(p.read_text()) for p in (campaign / "trials").glob("*.json")]
    assert {r["status"] for r in records} == {"skipped"}
    assert {r["error"] for r in records} == {"backend 'away' cannot be used here: no such device"}


def test_a_campaign_may_be_named(seqbench, tmp_path):
    assert seqbench(*E01, "decoder.width=1", f"campaign={tmp_path}/mine")[0] == 0
    assert (tmp_path / "mine/plan.json").exists()
    arguments = ("run", "-m", "experiment=beam_width_bleu,cell_cost", "campaign=mine", "size=tiny")
    code, _, err = seqbench(*arguments)
    assert code == 2
    assert "names one folder, but 2 experiments are to run" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["cell.hiden_size=3"], "no setting 'cell.hiden_size'; did you mean 'cell.hidden_size'?"),
        (["cell=lstn"], "no cell named 'lstn'; did you mean 'lstm'? installed: gru"),
        (["-m", "cell=gru,lstn"], "no cell named 'lstn'; did you mean 'lstm'?"),
        (["experiment=beam_widht_bleu"], "no experiment named 'beam_widht_bleu'; did you mean"),
        (["backend=nmpy"], "no backend named 'nmpy'; did you mean 'numpy' or 'cupy'?"),
        (["decoder.width=1,2"], "has several values for one run; sweep over them with -m"),
        (["decoder.width=0"], "decoder.width is 0 (int), expected int ≥ 1; set decoder.width=4"),
        (["cell.hidden_size=abc"], "cell.hidden_size is 'abc' (str), expected int ≥ 1"),
        (["-m", "jobs=1,2"], "jobs is swept, but it belongs to the whole run; set jobs once"),
        (["cell.name"], "configuration: "),
        (["-m", "--run"], "Only one of --run, --multirun, --cfg"),
        (["-m", "hydra.launcher._target_=x"], "hydra/launcher is x, expected Hydra's basic one"),
    ],
)
def test_wrong_usage_is_told_without_a_traceback(seqbench, ran, tmp_path, arguments, message):
    code, out, err = seqbench("run", *arguments)
    assert code == 2
    assert err.startswith("seqbench: error: ")
    assert message in err
    assert len(err.splitlines()) == 1
    assert out == ""
    assert ran() == []
    assert list(tmp_path.iterdir()) == []


def test_an_unwritable_results_dir_is_told_and_is_exit_code_3(seqbench, tmp_path):
    (tmp_path / "results").write_text("a file where a folder should be")
    code, _, err = seqbench(*E01)
    assert code == 3
    assert err.startswith("seqbench: error: store: cannot ")
    assert "choose a writable results_dir" in err


def test_hydras_own_flags_keep_working(seqbench):
    code, out, _ = seqbench("run", "--cfg", "job", "cell=lstm")
    assert code == 0
    assert "name: lstm" in out
    code, out, _ = seqbench("run", "--help")
    assert code == 0
    assert out.startswith("seqbench run is powered by Hydra.")
    assert seqbench("run", "--nonsense")[0] == 2
    assert seqbench("run", "--info", "searchpath")[0] == 0  # last: it turns Hydra's logging on


def test_completion(seqbench, monkeypatch):
    code, out, _ = seqbench("run", "-sc", "install=bash")
    assert code == 0
    assert out.strip().endswith("seqbench")
    for line, expected in (
        ("seqbench run cell=gru_s", "cell=gru_simplified"),
        ("seqbench ru", "run"),
        ("seqbench list ", ""),
    ):
        monkeypatch.setenv("COMP_LINE", line)
        code, out, _ = seqbench("-sc", "query=bash")
        assert (code, out.strip()) == (0, expected)


def test_the_data_root_reaches_the_trials(seqbench, tmp_path, monkeypatch):
    monkeypatch.setenv("SEQBENCH_DATA", "before")
    assert seqbench(*E01, "decoder.width=1", "data.root=data")[0] == 0
    assert os.environ["SEQBENCH_DATA"] == str(tmp_path / "data")
