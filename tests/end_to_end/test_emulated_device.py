"""Experiments on the CuPy backend without a GPU: the tests' emulator below the same commands."""

from __future__ import annotations

from pathlib import Path

import pytest
from tiny_run import run

EMULATOR = Path(__file__).parents[1] / "emulator"


@pytest.fixture(autouse=True)
def emulated(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(EMULATOR))
    monkeypatch.setenv("SEQBENCH_CUDA_RUNTIME", "emulated_runtime:EmulatedRuntime")


@pytest.mark.parametrize(
    ("experiment", "metric"), [("sentiment", "accuracy"), ("transcription", "cer")]
)
def test_training_and_evaluation_on_the_device(tmp_path, experiment, metric):
    printed, rows = run(tmp_path, experiment, "backend=cupy", "train.backend=cupy")
    measured = [row for row in rows if row["metric"] == metric]
    assert measured, printed
    assert all(row["kernel_impl"].startswith("cupy.") for row in rows if row["kernel_impl"])


def test_what_was_trained_on_the_host_is_decoded_on_the_device(tmp_path):
    """The same parameters and the same strings, whoever computes."""
    bleu = {}
    for backend in ("numpy", "cupy"):
        _, rows = run(tmp_path / backend, "beam_width_bleu", f"backend={backend}")
        bleu[backend] = [(r["p.decoder.width"], r["value"]) for r in rows if r["metric"] == "bleu"]
        assert len(bleu[backend]) == 3
    assert bleu["numpy"] == bleu["cupy"]
