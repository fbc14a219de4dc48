"""Thresholds: the built-in file, the user's over it, doctor's, and what makes no sense."""

from __future__ import annotations

import json

import pytest

from seqbench.interfaces import UsageError
from seqbench.results.compare import built_in, read_rules


def rules_from(tmp_path, text, name="mine.toml"):
    path = tmp_path / name
    path.write_text(text)
    return read_rules(path)


def test_the_built_in_margins():
    rules = built_in()
    assert 0 < rules.relative_margin("time") <= 0.035
    assert rules.relative_margin("something new") == rules.relative["default"]
    assert rules.quality_margin("bleu") == (0.5, False)
    assert rules.quality_margin("perplexity") == (0.01, True)
    assert rules.quality_margin("something new") == (rules.quality["default"], True)
    assert rules.told == "built in"


def test_a_ratio_to_a_peer_has_the_margin_of_its_metric(tmp_path):
    rules = rules_from(tmp_path, '[relative]\ntime = 0.02\n"time/torch" = 0.07\n')
    assert rules.relative_margin("time/torch") == 0.07
    assert rules.relative_margin("time/gensim") == 0.02


def test_a_file_goes_over_the_built_in_entry_by_entry(tmp_path):
    rules = rules_from(tmp_path, 'rate = 0.01\npeers = ["mine"]\n[absolute]\nbleu = 1\n')
    assert rules.absolute["bleu"] == 1.0
    assert rules.absolute["accuracy"] == built_in().absolute["accuracy"]
    assert (rules.rate, rules.peers) == (0.01, ("mine",))
    assert rules.told.endswith("mine.toml")


def test_what_doctor_writes_gives_the_margins_of_times(tmp_path):
    document = {"machine": "m", "false_alarm_rate": 0.0, "smallest_change": {}, "cells": []}
    text = json.dumps(document | {"thresholds": {"time": 0.021}})
    rules = rules_from(tmp_path, text, "doctor.json")
    assert rules.relative_margin("time") == 0.021
    assert rules.relative["peak_memory"] == built_in().relative["peak_memory"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[relative", "cannot read the thresholds"),
        ("[relatve]\ntime = 1", "no threshold in .* named 'relatve'; did you mean 'relative'"),
        ("[relative]\ntime = 0", r"relative.time is 0, expected a number above 0"),
        ("[relative]\ntime = -0.1", "expected a number above 0"),
        ("[relative]\ntime = nan", "expected a number above 0"),
        ('[relative]\ntime = "5%"', "relative.time is '5%', expected a number above 0"),
        ("[relative]\ntime = true", "expected a number above 0"),
        ("relative = 0.1", "relative is 0.1, expected metrics with a margin each"),
        ("rate = 1.5", "rate is 1.5, expected a share between 0 and 1"),
        ("peers = 3", "peers is 3, expected a list of backends"),
    ],
)
def test_what_makes_no_sense(tmp_path, text, told):
    with pytest.raises(UsageError, match=told):
        rules_from(tmp_path, text)


def test_no_such_file(tmp_path):
    with pytest.raises(UsageError, match=r"cannot read the thresholds .*; expected TOML"):
        read_rules(tmp_path / "nowhere.toml")


def test_json_that_is_no_mapping(tmp_path):
    with pytest.raises(UsageError, match="expected sections of margins"):
        rules_from(tmp_path, "[1, 2]", "mine.json")
