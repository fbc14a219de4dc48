"""The language-model experiment as a user runs it: a table, texts, and a text that changed."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

from tiny_run import run as tiny_run

COMMAND = [sys.executable, "-m", "seqbench", "run", "experiment=language_model", "size=tiny"]
SMALL = (
    "dataset.num_train=60",
    "dataset.num_valid=20",
    "dataset.num_test=5",
    "train.epochs=1",
)


def run(tmp_path: Path, *overrides: str) -> subprocess.CompletedProcess[str]:
    command = [*COMMAND, f"results_dir={tmp_path / 'runs'}", *SMALL, *overrides]
    environment = os.environ | {"SEQBENCH_CACHE": str(tmp_path / "cache")}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def records(tmp_path: Path) -> list[dict]:
    found = (tmp_path / "runs").rglob("trials/*.json")
    return [json.loads(path.read_text()) for path in sorted(found)]


def errors(tmp_path: Path) -> str:
    return " | ".join(row["error"] for row in records(tmp_path))


def metrics(tmp_path: Path) -> dict[str, float]:
    (path,) = (tmp_path / "runs").rglob("summary.csv")
    with path.open() as file:
        rows = [row for row in csv.DictReader(file) if row["task"] == "language_model"]
    return {row["metric"]: float(row["value"]) for row in rows}


def test_words(tmp_path):
    done = run(tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Which cell predicts a text best" in done.stdout
    found = metrics(tmp_path)
    (row,) = (r for r in records(tmp_path) if r["task"] == "language_model")
    assert row["resolved"]["decoder/sample"] == "numpy.sample"
    assert row["signature"].startswith("level:word|eos:counted|unk:counted|context:carried")
    assert len(row["notes"]["data_facts"]["topics_sha256"]) == 64
    assert len(row["notes"]["texts"]) == 3
    log_probs, num_tokens = row["items"]["log_probs"], row["items"]["num_tokens"]
    assert len(log_probs) == len(num_tokens) == 20
    assert found["nll"] * sum(num_tokens) + sum(log_probs) < 1e-6 * -sum(log_probs)
    assert found["num_tokens"] == sum(num_tokens)


def test_characters_and_sentences_with_a_prompt(tmp_path):
    done = run(
        tmp_path,
        "dataset.options.level=character",
        "dataset.options.continuous=false",
        "dataset.min_count=1",
        "decoder.options.prompt=The",
        "decoder.options.temperature=0.5",
    )
    assert done.returncode == 0, done.stderr
    (row,) = (r for r in records(tmp_path) if r["task"] == "language_model")
    assert all(text.startswith("The") for text in row["notes"]["texts"])
    assert "level:character" in row["signature"]
    assert "context:sentence" in row["signature"]
    found = metrics(tmp_path)
    assert abs(found["bits_per_character"] - found["nll"] / 0.6931471805599453) < 1e-6


def test_what_does_not_fit_is_a_row_that_says_so(tmp_path):
    done = run(tmp_path, "+model.options.layers=2")
    assert done.returncode == 3
    assert "no option model.options.layers" in errors(tmp_path)
    done = run(tmp_path / "other", "dataset=grammar")
    assert done.returncode == 2
    assert "which is what task language_model reads" in done.stderr


def test_missing_data_are_told(tmp_path):
    done = run(
        tmp_path,
        "dataset=ptb",
        f"data.root={tmp_path / 'nowhere'}",
    )
    assert done.returncode == 3
    assert "ptb.train.txt is missing, expected it under the data root" in errors(tmp_path)


def test_words_and_characters_of_one_text(tmp_path):
    """E11: the same characters at either level, and an order between what they cost and know."""
    told, rows = tiny_run(tmp_path, "word_or_character")
    assert "Do characters cost more than words, and do they read every word?" in told
    found: dict[str, dict[str, float]] = {"word": {}, "character": {}}
    for row in rows:
        if row["task"] == "language_model":
            found[row["p.dataset.options.level"]][row["metric"]] = float(row["value"])
    words, characters = found["word"], found["character"]
    assert words["unknown_words"] > characters["unknown_words"]
    assert words["bits_per_character_spelled"] > words["bits_per_character"]
    assert characters["bits_per_character_spelled"] >= characters["bits_per_character"]
    assert words["num_tokens"] < characters["num_tokens"]
    for one in (words, characters):
        assert one["time_per_character"] > 0
        assert one["flops_per_character"] > 0
