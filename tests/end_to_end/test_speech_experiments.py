"""Transcription and trigger words as a user runs them, tiny, on the embedded sounds and digits."""

from __future__ import annotations

import pytest
from tiny_run import run


def test_transcription(tmp_path):
    told, rows = run(tmp_path, "transcription", "cell=lstm")
    assert "Does prefix beam search write fewer wrong characters than the best path" in told
    by_search = {}
    for row in rows:
        if row["task"] == "transcribe":
            key = tuple(row[f"p.decoder.{name}"] for name in ("name", "width", "options.order"))
            by_search.setdefault(key, {})[row["metric"]] = float(row["value"])
            assert row["kernel_impl"] == f"numpy.{row['p.decoder.name']}"
    wanted = {("ctc_greedy", "1", "0"), ("ctc_beam", "10", "0"), ("ctc_beam", "10", "5")}
    assert set(by_search) == wanted
    for found in by_search.values():
        assert 0 < found["cer"] <= 2
        assert 0 <= found["exact"] <= 1
        assert found["times_real_time"] > 1
        assert 0 < found["search_time"] < found["transcribe_time"]
        assert {"letter_error_rate", "wer"} <= set(found)
    units = {row["metric"]: row["unit"] for row in rows}
    assert units["valid_nll"] == "nats/label"
    assert {"train_flops", "valid_perplexity"} <= set(units)


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
