"""The word-vector experiment from the command line: ours and gensim's in one table."""

from __future__ import annotations

import csv
import os
import subprocess
import sys

import pytest

pytestmark = [pytest.mark.data, pytest.mark.peer("gensim")]


def test_the_table_names_who_trained(tmp_path):
    command = [sys.executable, "-m", "seqbench", "run", "experiment=word_vectors", "size=tiny"]
    settings = [f"results_dir={tmp_path}", f"campaign={tmp_path / 'run'}"]
    environment = os.environ | {"SEQBENCH_CACHE": str(tmp_path / "cache")}
    done = subprocess.run(
        [*command, *settings], env=environment, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stdout + done.stderr
    with (tmp_path / "run" / "table.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["task"] == "word_vectors"]
    by_trainer = {
        (row["p.train.backend"], row["metric"]): (row["kernel_impl"], float(row["value"]))
        for row in rows
    }
    for backend, impl in (
        ("numpy", "numpy.skipgram_ns_update"),
        ("gensim", "gensim.skipgram_ns"),
    ):
        assert by_trainer[backend, "held_out_loss"][0] == impl
        assert 0 < by_trainer[backend, "held_out_loss"][1] < 6 * 0.6932
        assert -1 <= by_trainer[backend, "wordsim353_spearman"][1] <= 1
