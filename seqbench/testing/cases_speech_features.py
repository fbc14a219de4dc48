"""Random inputs of the spectrograms and of the convolution over time."""

from __future__ import annotations

from typing import Any

import numpy as np

from seqbench.kernels.conv1d import Conv1dInputs, Conv1dParams
from seqbench.kernels.log_mel import LogMelInputs, LogMelParams
from seqbench.kernels.mel import mel_filter_bank
from seqbench.kernels.stft import StftInputs, StftParams
from seqbench.kernels.windows import make_window

from .cases import builder, extents, lengths, pad_time

# samples, batch, window, hop, FFT size, padding
SIGNALS = {
    "tiny": (40, 2, 16, 4, 16, "reflect"),
    "odd": (331, 3, 33, 7, 49, "zero"),
    "one": (9, 1, 9, 5, 16, "none"),
    "step": (23, 5, 8, 24, 8, "reflect"),  # one frame
    "padded": (150, 5, 12, 5, 16, "reflect"),
    "empty": (30, 0, 8, 4, 8, "zero"),
}
PADDED_SAMPLES = (80, 0, 150, 7, 99)


def _signal(rng: np.random.Generator, size: str) -> tuple[dict[str, Any], int]:
    """The inputs that both spectrograms take, and the window."""
    samples, batch, window, hop, fft_size, padding = SIGNALS[size]
    ends = PADDED_SAMPLES if size == "padded" else (samples,) * batch
    given = {
        "signal": rng.normal(size=(samples, batch)),
        "lengths": np.array(ends, np.int32),
        "hop_length": hop,
        "fft_size": fft_size,
        "padding": padding,
    }
    return given, window


@builder("feature/stft", padding=pad_time("signal"))
def stft_case(rng: np.random.Generator, size: str) -> tuple[Any, Any]:
    """`padded` has a length that is just enough to be mirrored; windows and paddings vary."""
    given, window = _signal(rng, size)
    name = "hamming_periodic" if size in ("odd", "one") else "hann_periodic"
    return StftParams(make_window(name, window)), StftInputs(**given)


@builder("feature/log_mel", padding=pad_time("signal"))
def log_mel_case(rng: np.random.Generator, size: str) -> tuple[Any, Any]:
    given, window = _signal(rng, size)
    filters = mel_filter_bank(
        sample_rate=8000,
        fft_size=given["fft_size"],
        num_mels=9 if size == "odd" else 3,
        scale="slaney" if size == "odd" else "htk",
        norm="none" if size == "tiny" else "slaney",
    )
    base = "10" if size == "odd" else "e"
    inputs = LogMelInputs(**given, floor=1e-4, log_base=base)
    return LogMelParams(make_window("hann_periodic", window), filters), inputs


@builder("feature/conv1d", padding=pad_time("x"), graded=("y",))
def conv1d_case(rng: np.random.Generator, size: str) -> tuple[Any, Any]:
    """Odd and even kernels; `step` has one wider than the sequence."""
    T, B = extents(size)
    taps, stride = {"odd": (4, 2), "step": (5, 1), "padded": (3, 2)}.get(size, (3, 1))
    I, O = (5, 7) if size == "odd" else (2, 3)
    params = Conv1dParams(rng.normal(size=(O, taps * I)), rng.normal(size=O))
    return params, Conv1dInputs(rng.normal(size=(T, B, I)), lengths(size), taps, stride)
