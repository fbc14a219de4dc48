"""The workflow of docs/ci does what docs/ci.md says: its steps are run, at size=tiny."""

from __future__ import annotations

import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
RECIPE = yaml.safe_load((ROOT / "docs" / "ci" / "github-actions.yml").read_text())
STEPS = {s["name"]: s["run"] for s in RECIPE["jobs"]["compare"]["steps"] if "name" in s}


def test_the_recipe_judges_times_by_ab_alone():
    assert list(STEPS) == ["install", "times", "FLOP, bytes and ratios to peers", "quality"]
    assert "seqbench ab " in STEPS["times"]
    for name in list(STEPS)[2:]:
        assert "seqbench compare " in STEPS[name]
    assert RECIPE["jobs"]["compare"]["env"]["BASELINE"] == "results/cpu"
    for experiment in ("cell_cost", "beam_width_bleu"):
        assert (ROOT / "results" / "cpu" / experiment / "summary.csv").is_file()


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """What the workflow sets, at size=tiny, with a baseline made by the same steps."""
    place = tmp_path_factory.mktemp("ci")
    given = {
        "BASE": "HEAD",
        "SIZE": "tiny",
        "AB": "cell_cost backend=numpy cell=gru",
        "BASELINE": str(place / "baseline"),
        "OUT": str(place / "out"),
        "SEQBENCH_CACHE": str(place / "cache"),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    for experiment in ("cell_cost", "beam_width_bleu"):
        line = f"seqbench run experiment={experiment} size=tiny campaign=$BASELINE/{experiment}"
        assert bash(line, os.environ | given).returncode == 0
    return os.environ | given


def bash(script, environment):
    command = ["bash", "-e", "-o", "pipefail", "-c", script]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)


@pytest.mark.slow
@pytest.mark.peer("torch")
@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="needs the checkout's history")
@pytest.mark.parametrize(
    ("step", "file"),
    [("times", "times"), ("FLOP, bytes and ratios to peers", "costs"), ("quality", "quality")],
)
def test_every_step_runs_and_writes_its_verdicts(environment, step, file):
    done = bash(f'mkdir -p "$OUT"\n{STEPS[step]}', environment)
    suite = ElementTree.parse(Path(environment["OUT"]) / f"{file}.xml").find(".//testsuite")
    assert int(suite.get("tests")) > 0
    failures = int(suite.get("failures"))
    assert done.returncode == (1 if failures else 0), done.stderr
    names = {case.get("name") for case in suite.findall("testcase")}
    expected = {"times": "time forward", "costs": "time/torch forward", "quality": "bleu decode"}
    assert any(expected[file] in name for name in names)
    if file == "quality":  # the same seeds on the same machine: not one score may differ
        assert failures == 0
