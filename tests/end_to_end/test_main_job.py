"""The main job as a user runs it: its answer, and a training that was killed."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-m", "seqbench", "run", "experiment=beam_width_bleu"]


def environment(cache: Path) -> dict[str, str]:
    return os.environ | {"SEQBENCH_CACHE": str(cache), "OPENBLAS_CORETYPE": "Haswell"}


def run(tmp_path: Path, *overrides: str, cache: str = "cache") -> subprocess.CompletedProcess[str]:
    command = [*COMMAND, f"results_dir={tmp_path / 'runs'}", *overrides]
    return subprocess.run(
        command, env=environment(tmp_path / cache), capture_output=True, text=True, check=False
    )


def summary(tmp_path: Path) -> list[dict[str, str]]:
    (path,) = (tmp_path / "runs").rglob("summary.csv")
    with path.open() as file:
        return list(csv.DictReader(file))


def bleu_by_width(rows: list[dict[str, str]]) -> dict[int, float]:
    return {int(r["p.decoder.width"]): float(r["value"]) for r in rows if r["metric"] == "bleu"}


def test_a_tiny_run_ends_with_a_table_and_an_answer(tmp_path):
    done = run(tmp_path, "size=tiny")
    assert done.returncode == 0, done.stderr
    assert "Does a larger beam translate better" in done.stdout
    assert set(bleu_by_width(summary(tmp_path))) == {1, 2, 4}
    again = run(tmp_path, "size=tiny")
    assert "train" in again.stdout  # costs are measured again, from the same artifact
    assert len(list((tmp_path / "cache" / "artifacts").iterdir())) == 1


def test_a_tables_rows_name_what_ran_and_where(tmp_path):
    assert run(tmp_path, "size=tiny", "decoder.width=2").returncode == 0
    (path,) = (tmp_path / "runs").rglob("trials")
    records = [json.loads(file.read_text()) for file in path.glob("*.json")]
    (decoded,) = (r for r in records if r["task"] == "translate")
    assert decoded["kernel_impl"] == "numpy.beam_select"
    assert decoded["resolved"]["cell/gru"] == "numpy.gru"
    assert decoded["signature"].startswith("nrefs:1|case:mixed|eff:no|tok:none|smooth:exp")
    provenance = json.loads((path.parent / "provenance.json").read_text())
    assert decoded["provenance"] in provenance
    assert "OPENBLAS_CORETYPE=Haswell" not in json.dumps(provenance)


def test_a_training_killed_by_the_system_resumes_to_the_same_parameters(tmp_path):
    overrides = ("size=tiny", "train.epochs=12", "decoder.width=1", "train.patience=12")
    assert run(tmp_path / "whole", *overrides).returncode == 0
    cache = tmp_path / "killed" / "cache"
    command = [*COMMAND, f"results_dir={tmp_path / 'killed' / 'runs'}", *overrides]
    with subprocess.Popen(
        command, env=environment(cache), stdout=subprocess.DEVNULL, start_new_session=True
    ) as process:
        wait_for_checkpoint(cache, process)
        os.killpg(process.pid, signal.SIGKILL)
    assert not list((cache / "artifacts").glob("*"))
    assert run(tmp_path / "killed", *overrides).returncode == 0
    assert digests(tmp_path / "whole") == digests(tmp_path / "killed")


def wait_for_checkpoint(cache: Path, process: subprocess.Popen[bytes]) -> None:
    for _ in range(1200):
        if list(cache.glob("checkpoints/*/0*")):
            return
        assert process.poll() is None, "the training ended before it could be killed"
        time.sleep(0.01)
    raise AssertionError("no checkpoint within 12 s")


def digests(place: Path) -> set[str]:
    """SHA-256 of the trained parameters in each artifact."""
    import hashlib

    import numpy as np

    found = set()
    for path in (place / "cache" / "artifacts").rglob("params.npz"):
        with np.load(path, allow_pickle=False) as values:
            data = b"".join(values[name].tobytes() for name in sorted(values.files))
        found.add(hashlib.sha256(data).hexdigest())
    assert found
    return found


@pytest.mark.slow
def test_the_quick_model_is_neither_hopeless_nor_perfect(tmp_path):
    """Greedy BLEU between 40 and 85 on the embedded corpus, what its ADR asks for."""
    done = run(tmp_path, "decoder.width=1")
    assert done.returncode == 0, done.stderr
    assert 40 <= bleu_by_width(summary(tmp_path))[1] <= 85
