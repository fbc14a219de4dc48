"""The suite's own markers: a peer that is missing, data that is not there, slow tests."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).parents[2] / "conftest.py"

PROBE = """
import pytest

@pytest.mark.peer("no_such_library")
def test_named(): pass

@pytest.mark.peer
def test_loaded(peer): peer("no_such_library")

@pytest.mark.peer
def test_skips_itself(): pytest.importorskip("no_such_library")

@pytest.mark.peer("json")
def test_present(peer): assert peer("json").loads("1") == 1

@pytest.mark.data
def test_data(): pass

@pytest.mark.slow
def test_slow(): pass
"""


@pytest.fixture
def probe(tmp_path):
    shutil.copy(CONFTEST, tmp_path / "conftest.py")
    (tmp_path / "test_probe.py").write_text(PROBE)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = peer\n  data\n  slow\n")

    def run(*arguments, **environment):
        kept = {k: v for k, v in os.environ.items() if k not in ("SEQBENCH_DATA", "PYTEST_ADDOPTS")}
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-rA", "-p", "no:cacheprovider", *arguments],
            cwd=tmp_path,
            env={**kept, **environment},
            capture_output=True,
            text=True,
        )
        return done.stdout

    return run


def test_a_missing_peer_is_skipped_on_a_laptop(probe):
    said = probe()
    assert "5 skipped" in said
    assert "PASSED test_probe.py::test_present" in said
    assert "no_such_library is not installed" in said
    assert "SEQBENCH_DATA is not set" in said
    assert "slow; run it with -m slow" in said


def test_a_missing_peer_fails_where_it_is_required(probe):
    said = probe("--peers", "required")
    for name in ("named", "loaded", "skips_itself"):
        assert f"test_probe.py::test_{name}" in said.split("short test summary info")[1]
    assert "2 failed, 1 passed, 2 skipped, 1 error" in said  # the named one fails in its set-up
    assert "no_such_library is not installed, and --peers required asks for it" in said


def test_a_module_that_skips_itself_fails_where_peers_are_required(probe, tmp_path):
    (tmp_path / "test_probe.py").write_text("import pytest\npytest.importorskip('no_such_library')")
    assert "1 skipped" in probe()
    assert "skipped under --peers required" in probe("--peers", "required")


def test_slow_and_data_run_when_asked_for(probe):
    said = probe("-m", "slow or data", SEQBENCH_DATA="here")
    assert "2 passed, 4 deselected" in said
