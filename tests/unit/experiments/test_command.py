"""What the provenance says was typed."""

from __future__ import annotations

import sys

import pytest

from seqbench.experiments.environment import command, provenance, surroundings
from seqbench.interfaces.records import Env


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["seqbench", "cell=gru,lstm", "-m"], "seqbench run cell=gru,lstm -m"),
        (["seqbench", "x=[1, 2]", "data.root=/me", "results_dir=/r"], "seqbench run 'x=[1, 2]'"),
        (["seqbench", "+data.root=/me", "campaign=/tmp/c", "hydra.x=/y"], "seqbench run"),
        (["pytest", "experiment=a"], ""),
    ],
)
def test_the_command_is_told_without_places(monkeypatch, words, told):
    monkeypatch.setattr(sys, "argv", words)
    assert command() == told


def test_another_command_is_no_other_environment(monkeypatch):
    around = surroundings()
    found = []
    for word in ("a=1", "a=2"):
        monkeypatch.setattr(sys, "argv", ["seqbench", word])
        found.append(provenance(around, Env(), []))
    assert found[0][0] == found[1][0]
    commands = [document["command"] for _, document in found]
    assert commands == ["seqbench run a=1", "seqbench run a=2"]
