"""E04, E05, E06 and E21 at size=tiny: every part of a claim finds its rows."""

from __future__ import annotations

import json

import pytest
from tiny_run import run


def values(rows, metric, key):
    return {row[f"p.{key}"]: float(row["value"]) for row in rows if row["metric"] == metric}


def answer(tmp_path):
    (path,) = tmp_path.rglob("claim.json")
    return json.loads(path.read_text())


def test_bleu_by_length_of_the_source(tmp_path):
    out, rows = run(tmp_path, "length_bleu")
    assert "BLEU falls with sentence length" in out
    counts = [float(row["value"]) for row in rows if row["metric"] == "sentences"]
    assert len(counts) == 8
    assert sum(counts) == 2 * 40
    lengths = values(rows, "mean_source_length", "evaluate.options.length_bucket")
    assert list(lengths.values()) == sorted(lengths.values())
    assert set(answer(tmp_path)["measured"]) == {"without_attention", "with_attention"}


def test_length_by_alpha(tmp_path):
    out, rows = run(tmp_path, "length_penalty")
    assert "prefers short outputs" in out
    assert {float(a) for a in values(rows, "length_ratio", "decoder.alpha")} == {0.0, 0.6}
    measured = answer(tmp_path)["measured"]
    assert len(measured["short"]["units"]) == len(measured["shorter"]["units"]) == 1
    assert measured["short"]["item_error"] > 0


def test_outputs_cut_short(tmp_path):
    _, rows = run(tmp_path, "brevity_precision")
    ratios = values(rows, "length_ratio", "evaluate.options.kept")
    assert ratios["0.5"] <= ratios["1.0"]
    assert values(rows, "precision_4", "evaluate.options.kept")
    measured = answer(tmp_path)["measured"]
    assert all(len(part["units"]) == 1 for part in measured.values())


@pytest.mark.parametrize("attention", ["none", "additive"])
def test_the_cost_of_a_whole_model(tmp_path, attention):
    out, rows = run(tmp_path, "model_scaling", f"attention={attention}")
    assert "From which length on does attention decide" in out
    assert {row["status"] for row in rows} == {"done"}
    assert {r["phase"] for r in rows if r["metric"] == "time"} <= {
        "forward",
        "forward_backward",
        "decode",
    }
    kernels = {"none": "numpy.gru", "additive": "numpy.additive"}
    assert {row["kernel_impl"] for row in rows} == {kernels[attention]}
