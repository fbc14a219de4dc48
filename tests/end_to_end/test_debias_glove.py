"""Debiasing and GloVe as a user runs them, on real data."""

from __future__ import annotations

import pytest
from tiny_run import run

pytestmark = pytest.mark.data


def test_debiasing_leaves_nothing_on_its_axis_and_something_on_others(tmp_path):
    told, rows = run(tmp_path, "debias", "dataset=debias", "evaluate.options.components=1")
    assert "Does debiasing take the bias out and keep the rest?" in told
    found = {row["metric"]: float(row["value"]) for row in rows}
    assert found["direct_bias_before"] > 0.1
    assert found["direct_bias_after"] <= 1e-6
    assert 0 < found["left_out_fall"] < 1
    assert found["clustering_after"] < found["clustering_before"]
    assert found["wordsim353_change_low"] <= found["wordsim353_change"]
    assert found["wordsim353_change"] <= found["wordsim353_change_high"]
    assert found["wordsim353_pairs"] == 137
    assert found["weat_after"] < found["weat_before"]
    assert found["weat_words"] == 5
    assert found["analogies_covered"] > 100
    assert abs(found["analogy_accuracy_after"] - found["analogy_accuracy_before"]) < 0.1


def test_glove_trains_and_is_judged(tmp_path):
    _, rows = run(tmp_path, "glove", "model=glove")
    found = {row["metric"]: float(row["value"]) for row in rows}
    assert {row["kernel_impl"] for row in rows} == {"numpy.glove_update"}
    assert 0 < found["objective"] < 1
    assert found["wordsim353_pairs"] >= 2
    assert -1 <= found["wordsim353_spearman"] <= 1
