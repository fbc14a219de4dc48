"""`seqbench new`: names, places, and that nothing is left behind."""

from __future__ import annotations

import ast
import os
import tomllib

import pytest

from seqbench.cli.main import main
from seqbench.interfaces import StoreError, UsageError
from seqbench.scaffold import write_scaffold


def test_every_file_is_filled_in_and_parses(tmp_path):
    written = write_scaffold("backend", "my_own", tmp_path)
    assert written.folder == tmp_path / "seqbench-my-own"
    for name in written.files:
        text = (written.folder / name).read_text()
        assert "$name" not in text
        assert "${Class" not in text
        if name.endswith(".py"):
            ast.parse(text)
    project = tomllib.loads((written.folder / "pyproject.toml").read_text())
    assert project["project"]["name"] == "seqbench-my-own"
    assert project["project"]["entry-points"]["seqbench"] == {"my_own": "seqbench_my_own"}
    assert "class MyOwnBackend" in ((written.folder / "src/seqbench_my_own/backend.py").read_text())
    ci = (written.folder / ".github/workflows/ci.yml").read_text()
    assert "${{ matrix.python }}" in ci
    assert "seqbench check my_own" in ci


@pytest.mark.parametrize(
    "name", ["My", "my-own", "1st", "a__b", "_a", "a_", "class", "print", "../x"]
)
def test_names_that_cannot_be(tmp_path, name):
    with pytest.raises(UsageError, match="cannot be a Python package's"):
        write_scaffold("backend", name, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_bundled_backends_name_is_refused(tmp_path, capsys):
    assert main(["new", "backend", "numpy", "--into", str(tmp_path)]) == 2
    assert "'numpy' is a backend that is here already" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten(tmp_path):
    write_scaffold("backend", "mine", tmp_path)
    (tmp_path / "seqbench-mine" / "README.md").write_text("my words")
    with pytest.raises(UsageError, match="is there already"):
        write_scaffold("backend", "mine", tmp_path)
    assert (tmp_path / "seqbench-mine" / "README.md").read_text() == "my words"


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_folder_that_cannot_be_written(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(StoreError, match="choose --into"):
        write_scaffold("backend", "mine", tmp_path)


def test_a_place_that_is_a_file(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="choose --into"):
        write_scaffold("backend", "mine", tmp_path / "file")


def test_the_next_commands_are_five(tmp_path, capsys):
    assert main(["new", "backend", "mine", "--into", str(tmp_path)]) == 0
    told = [line for line in capsys.readouterr().out.splitlines() if line.startswith("    ")]
    assert len(told) == 5
    assert told[3].strip() == "seqbench check mine"
