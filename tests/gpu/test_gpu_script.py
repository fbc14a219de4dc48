"""The script for a GPU machine, run dry: its code, its gates and its tables, at small sizes."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
pytestmark = pytest.mark.peer("torch")


def run_dry(out, *more):
    command = [sys.executable, str(HERE / "run.py"), "--out", str(out), "--dry", *more]
    return subprocess.run(command, capture_output=True, text=True, timeout=600)


def rows_of(path):
    with path.open(newline="") as handle:
        return list(csv.DictReader(handle))


def test_every_pair_is_right_and_timed(tmp_path):
    """`--only` keeps one family's checks; no time at all leaves the rest told as not run."""
    done = run_dry(tmp_path, "--only", "attention")
    assert done.returncode == 0, done.stdout + done.stderr
    checks, timings = rows_of(tmp_path / "checks.csv"), rows_of(tmp_path / "timings.csv")
    assert {row["contract"].partition("/")[0] for row in checks} == {"attention"}
    assert {row["status"] for row in checks} == {"pass"}
    assert {row["side"] for row in timings} == {"ours", "torch", "torch compiled"}
    assert all(row["gate"] == "pass" and float(row["warm_us"]) > 0 for row in timings)
    assert json.loads((tmp_path / "machine.json").read_text())["dry"] is True
    evidence = json.loads((tmp_path / "evidence.json").read_text())
    assert evidence["attention/additive"]["where"] == "emulated"


def test_what_time_does_not_allow_is_told(tmp_path):
    done = run_dry(tmp_path, "--minutes", "0")
    assert done.returncode == 0, done.stdout + done.stderr
    assert {row["status"] for row in rows_of(tmp_path / "checks.csv")} == {"not run"}
    assert json.loads((tmp_path / "evidence.json").read_text()) == {}
    timings = rows_of(tmp_path / "timings.csv")
    assert {row["message"] for row in timings} == {"not run: the time was up"}


def test_all_pairs_pass_their_gates(tmp_path):
    done = run_dry(tmp_path, "--no-checks")
    assert done.returncode == 0, done.stdout + done.stderr
    timings = rows_of(tmp_path / "timings.csv")
    assert {row["gate"] for row in timings} == {"pass"}
    families = {path.stem for path in HERE.glob("pairs_*.py")}
    assert len({row["pair"] for row in timings}) >= len(families)
