"""Doctor and compare decide alike: one word for one pair, and doctor's file its margins."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from doctor_statistics import read_pairs

from seqbench.experiments.doctor.cells import Cell
from seqbench.experiments.doctor.certificate import certify, document_of
from seqbench.experiments.doctor.interleaved import Twice
from seqbench.measure.sensitivity import differences, verdicts
from seqbench.results.compare import read_rules
from seqbench.results.compare.statistics import Differences, trimmed_means
from seqbench.results.compare.verdicts import judge, words

_, SECONDS = read_pairs(Path(__file__).with_name("recorded_pairs.csv"))


@pytest.mark.parametrize("factor", [1.0, 1.03, 1.05, 0.9])
@pytest.mark.parametrize("rounds", [4, 10, 24])
def test_the_same_pairs_give_the_same_words(factor, rounds):
    seconds = SECONDS[:, :rounds] * np.array([1.0, factor])
    gaps = np.log(seconds[:, :, 1] / seconds[:, :, 0])
    groups = np.repeat(np.arange(len(gaps)), rounds)
    means = trimmed_means(gaps.ravel(), groups, len(gaps))
    found = Differences(means.centre, means.error, means.df)
    every = np.ones(len(gaps), bool)
    judged = judge(found, np.full(len(gaps), 0.03), np.ones(len(gaps)), every)
    theirs = words(judged, every, ~every)
    assert theirs.tolist() == verdicts(differences(seconds), 0.03).tolist()


def test_compare_reads_doctors_margins(tmp_path):
    cells = [Cell("optimizer/adam", {"N": n}) for n in range(len(SECONDS))]
    told = certify(Twice(cells, SECONDS, np.full(len(cells), 0.2)))
    path = tmp_path / "doctor.json"
    path.write_text(json.dumps(document_of(told, quick=False)))
    rules = read_rules(path)
    assert rules.relative_margin("time") == pytest.approx(told.margin)
    assert rules.relative_margin("tokens_per_s") == pytest.approx(told.margin)
    assert rules.relative_margin("peak_memory") != pytest.approx(told.margin)
