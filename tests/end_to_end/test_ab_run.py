"""`seqbench ab` from the command line: real children, both sides, the verdict and the exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ONE_CASE = (
    "cell_cost",
    "cell=gru",
    "backend=numpy",
    "size=tiny",
    "cell.hidden_size=32",
    "workload.input_size=32",
    "workload.batch_size=8",
    "workload.time_steps=16",
    "measure.max_samples=15",
)
NO_FALSE_ALARM = "rate = 1e-5\n"
"""A test may not fail once in forty runs, which is what the built-in rate would allow."""


def ab(tmp_path, *arguments, plugins=""):
    """(exit code, the comparison's document, stderr)."""
    done = subprocess.run(
        [sys.executable, "-m", "seqbench", "ab", *arguments, "--format", "json"],
        env=os.environ
        | {
            "SEQBENCH_CACHE": str(tmp_path / "cache"),
            "SEQBENCH_PLUGINS": plugins,
            "PYTHONPATH": str(Path(__file__).parent),
        },
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    document = json.loads(done.stdout) if done.stdout else None
    return done.returncode, document, done.stderr


def times(document):
    return [row for row in document["rows"] if row["metric"] == "time" and row["kind"] == "cost"]


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="needs the checkout's history")
def test_a_revision_against_itself_is_not_slower(tmp_path):
    """Both sides are laid out from git and imported from there."""
    careful = tmp_path / "careful.toml"
    careful.write_text(NO_FALSE_ALARM)
    code, document, err = ab(
        tmp_path,
        "HEAD",
        "HEAD",
        *ONE_CASE,
        f"results_dir={tmp_path}",
        "--thresholds",
        str(careful),
    )
    assert code == 0, err
    assert {row["verdict"] for row in times(document)} <= {"SAME", "AMBIGUOUS"}
    assert {(row["n_base"], row["n_new"]) for row in times(document)} == {(10, 10)}
    assert document["base"].startswith("A: HEAD (")
    (rows,) = (tmp_path / "ab").iterdir()
    (commit,) = (tmp_path / "cache" / "ab").iterdir()
    head = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert commit.name == head.stdout.strip()
    for side in ("a", "b"):
        assert len(list((rows / side / "trials").glob("*.json"))) == 10
        (entry,) = json.loads((rows / side / "provenance.json").read_text()).values()
        assert entry["commit"] == {"id": commit.name, "dirty": False}
    records = [json.loads(p.read_text()) for p in (rows / "b" / "trials").glob("*.json")]
    assert {record["status"] for record in records} == {"done"}
    assert len({record["group"] for record in records}) == 1


def test_a_planted_slowdown_is_slower_and_exit_1(tmp_path):
    code, document, err = ab(
        tmp_path,
        "numpy.shared",
        "numpy.gru_thrice",
        *ONE_CASE,
        f"results_dir={tmp_path}",
        plugins="slow_plugin",
    )
    assert code == 1, err
    assert {row["verdict"] for row in times(document)} == {"SLOWER"}
    for row in times(document):
        assert row["ratio"] > 2
        assert 1 < row["low"] < row["ratio"] < row["high"]
        assert row["kernel_impl"] == "numpy.shared -> numpy.gru_thrice"


@pytest.mark.slow
def test_the_other_way_round_it_is_faster_and_exit_0(tmp_path):
    code, document, err = ab(
        tmp_path,
        "numpy.gru_thrice",
        "numpy.shared",
        *ONE_CASE,
        f"results_dir={tmp_path}",
        plugins="slow_plugin",
    )
    slower = [row for row in document["rows"] if row["worse"]]
    assert all(row["metric"] == "peak_memory" for row in slower), err
    assert {row["verdict"] for row in times(document)} == {"FASTER"}
    assert code == bool(slower)
