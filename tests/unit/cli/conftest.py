import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "experiments"))

from standin_tasks import TASKS
from standins import FakeRegistry

from seqbench.cli import main


@pytest.fixture
def seqbench(tmp_path, monkeypatch, capsys):
    """`seqbench(*arguments)` -> (exit code, stdout, stderr), with stand-ins below the planner."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEQBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("STANDIN_LOG", str(tmp_path / "ran.txt"))
    monkeypatch.setenv("STANDIN_PARENT", str(os.getpid()))
    monkeypatch.setattr("seqbench.cli.run.registry", FakeRegistry)
    monkeypatch.setattr("seqbench.experiments.campaigns.TARGETS", TASKS)

    def finish(directory, plan):
        print(f"finished {plan.experiment.name}")

    monkeypatch.setattr("seqbench.cli.run.finish", finish)

    def seqbench(*arguments):
        code = main(list(arguments))
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return seqbench


@pytest.fixture
def ran(tmp_path):
    """What the stand-in tasks have run since the last call."""

    def ran():
        log = tmp_path / "ran.txt"
        lines = log.read_text().split("\n")[:-1] if log.exists() else []
        log.unlink(missing_ok=True)
        return lines

    return ran
