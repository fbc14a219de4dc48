"""Completion: our commands, and Hydra's for the overrides of `seqbench run`."""

from __future__ import annotations

import subprocess
import sys

import pytest

from seqbench.cli.completion import COMMANDS
from seqbench.cli.main import parser
from seqbench.experiments.searchpath import conf_dir


def complete(monkeypatch, line):
    """What the shell would be offered for a line."""
    monkeypatch.setenv("COMP_LINE", line)
    monkeypatch.setenv("COMP_POINT", str(len(line)))
    program = "import sys; from seqbench.cli import main; sys.exit(main(['-sc', 'query=bash']))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def options(group):
    return {path.stem for path in (conf_dir() / group).glob("*.yaml")}


@pytest.mark.parametrize(
    "group", ["experiment", "dataset", "decoder", "cell", "model", "attention"]
)
def test_the_names_of_a_group_are_offered(monkeypatch, group):
    offered = complete(monkeypatch, f"seqbench run {group}=")
    assert {word.removeprefix(f"{group}=") for word in offered} == options(group)
    assert len(offered) > 2


def test_what_is_begun_narrows_it(monkeypatch):
    assert complete(monkeypatch, "seqbench run experiment=beam_w") == ["experiment=beam_width_bleu"]
    line = "seqbench run experiment=beam_width_bleu decoder=ctc"
    assert set(complete(monkeypatch, line)) == {"decoder=ctc_beam", "decoder=ctc_greedy"}
    assert "cell.hidden_size=" in complete(monkeypatch, "seqbench run cell.hid")


def test_the_commands_are_offered(monkeypatch):
    assert set(complete(monkeypatch, "seqbench ")) == set(COMMANDS)
    assert complete(monkeypatch, "seqbench da") == ["data"]
    assert complete(monkeypatch, "seqbench data ") == ["list", "fetch"]
    assert complete(monkeypatch, "seqbench data f") == ["fetch"]
    names = complete(monkeypatch, "seqbench data fetch multi30k_en")
    assert names == ["multi30k_en_de", "multi30k_en_fr"]
    assert complete(monkeypatch, "seqbench check ") == []


def test_every_command_is_among_them():
    (commands,) = (a for a in parser()._actions if a.dest == "command")
    assert set(commands.choices) == set(COMMANDS)
