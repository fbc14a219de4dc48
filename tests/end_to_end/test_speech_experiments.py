"""Transcription and trigger words as a user runs them, tiny, on the embedded sounds and digits."""

from __future__ import annotations

import pytest
from tiny_run import run


def test_transcription(tmp_path):
    told, rows = run(tmp_path, "transcription", "cell=lstm")
    assert "How well are sounds written down without an alignment to learn from?" in told
    found = {row["metric"]: float(row["value"]) for row in rows}
    assert 0 < found["cer"] <= 2
    assert 0 <= found["exact"] <= 1
    assert found["times_real_time"] > 1
    assert {"letter_error_rate", "wer", "valid_nll", "train_flops"} <= set(found)
    units = {row["metric"]: row["unit"] for row in rows}
    assert units["valid_nll"] == "nats/label"


def test_trigger_words(tmp_path):
    told, rows = run(tmp_path, "trigger_word")
    assert "What does repeating the label do against the imbalance?" in told
    by_repeats = {
        row["p.model.options.repeats"]: float(row["value"])
        for row in rows
        if row["metric"] == "positive_steps"
    }
    assert by_repeats["10"] == pytest.approx(10 * by_repeats["1"])
    assert 0 < by_repeats["1"] < 0.02
    scores = [float(row["value"]) for row in rows if row["metric"] == "event_f1"]
    assert len(scores) == 2
    assert all(0 <= score <= 1 for score in scores)


@pytest.mark.data
def test_spoken_digits(tmp_path):
    _, rows = run(tmp_path, "spoken_digits", "dataset.options.leave_out=theo")
    found = {row["metric"]: float(row["value"]) for row in rows}
    assert 0 < found["cer"] <= 2
