"""Sentiment, captioning and exact search through the command line, at their smallest."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

COMMAND = [sys.executable, "-m", "seqbench", "run"]


def run(tmp_path: Path, *overrides: str) -> str:
    environment = os.environ | {"SEQBENCH_CACHE": str(tmp_path / "cache")}
    done = subprocess.run(
        [*COMMAND, f"results_dir={tmp_path / 'runs'}", "size=tiny", *overrides],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def summary(tmp_path: Path) -> dict[tuple[str, str], float]:
    """(model, metric) -> value."""
    (path,) = (tmp_path / "runs").rglob("summary.csv")
    with path.open() as file:
        rows = [r for r in csv.DictReader(file) if r["metric"]]
    return {(r.get("p.model.name", ""), r["metric"]): float(r["value"]) for r in rows}


def records(tmp_path: Path, task: str) -> list[dict]:
    found = [json.loads(p.read_text()) for p in (tmp_path / "runs").rglob("trials/*.json")]
    return [record for record in found if record["task"] == task]


def test_sentiment_compares_averaging_with_a_recurrent_network(tmp_path):
    out = run(tmp_path, "experiment=sentiment")
    assert "Does averaging the words lose what their order says?" in out
    values = summary(tmp_path)
    judged = records(tmp_path, "classify")
    assert len(judged) == 2
    for record in judged:
        name = record["params"]["model"]["name"]
        correct = record["items"]["correct"]
        assert len(correct) == 60
        assert values[name, "accuracy"] == sum(correct) / 60
        assert record["status"] == "done"
    assert values["averaging_classifier", "swap_changes"] == 0.0
    assert values["recurrent_classifier", "swap_changes"] > 0.0
    names = {record["params"]["model"]["name"] for record in judged}
    assert names == {"averaging_classifier", "recurrent_classifier"}


def test_captioning_tells_bleu_and_exact_matches(tmp_path):
    out = run(tmp_path, "experiment=captioning", "decoder=beam", "decoder.max_length=31")
    assert "Does the captioner say what a picture shows?" in out
    (record,) = records(tmp_path, "caption")
    metrics = {s["metric"] for s in record["samples"]}
    assert {"bleu", "exact_match", "exact_match_novel", "tokens_per_s"} <= metrics
    assert len(record["items"]["correct"]) == 30


def test_exact_search_is_a_decoder_like_any_other_and_judges_the_beam(tmp_path):
    run(
        tmp_path,
        "experiment=single",
        "decoder=exact_depth",
        "decoder.max_length=8",
        "dataset.min_count=30",
        "evaluate.num_sentences=4",
        "+evaluate.options.max_expansions=20000",
    )
    values = summary(tmp_path)
    assert values["", "true_search_errors"] == 0.0
    assert values["", "exact_decided"] == 1.0


def test_a_data_set_without_labels_is_told(tmp_path):
    environment = os.environ | {"SEQBENCH_CACHE": str(tmp_path / "cache")}
    done = subprocess.run(
        [
            *COMMAND,
            f"results_dir={tmp_path / 'runs'}",
            "size=tiny",
            "experiment=sentiment",
            "dataset=grammar",
            "model=averaging_classifier",
        ],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "which is what task classify reads" in done.stderr
