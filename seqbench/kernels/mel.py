"""The mel scale and its filter bank, named as they differ: `htk` or `slaney`.

htk : mel = 2595 log10(1 + f / 700) (O'Shaughnessy 1987, as HTK has it)
slaney : linear at 200 / 3 Hz a mel below 1 kHz, logarithmic above, 27 mels a factor of 6.4
    (Slaney 1998, Auditory Toolbox)
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from seqbench.interfaces import RangeError, unknown_name

HZ_PER_MEL = 200 / 3  # of slaney's linear part
BREAK_HZ = 1000.0
BREAK_MEL = BREAK_HZ / HZ_PER_MEL
LOG_STEP = math.log(6.4) / 27  # of its logarithmic part

NORMS = ("none", "slaney")


def hz_to_mel_htk(hz: np.ndarray) -> np.ndarray:
    return 2595 * np.log10(1 + np.asarray(hz, np.float64) / 700)


def mel_to_hz_htk(mel: np.ndarray) -> np.ndarray:
    return 700 * (10 ** (np.asarray(mel, np.float64) / 2595) - 1)


def hz_to_mel_slaney(hz: np.ndarray) -> np.ndarray:
    hz = np.asarray(hz, np.float64)
    above = BREAK_MEL + np.log(np.maximum(hz, BREAK_HZ) / BREAK_HZ) / LOG_STEP
    return np.where(hz < BREAK_HZ, hz / HZ_PER_MEL, above)


def mel_to_hz_slaney(mel: np.ndarray) -> np.ndarray:
    mel = np.asarray(mel, np.float64)
    above = BREAK_HZ * np.exp(LOG_STEP * (np.maximum(mel, BREAK_MEL) - BREAK_MEL))
    return np.where(mel < BREAK_MEL, mel * HZ_PER_MEL, above)


Scale = Callable[[np.ndarray], np.ndarray]

SCALES: dict[str, tuple[Scale, Scale]] = {
    "htk": (hz_to_mel_htk, mel_to_hz_htk),
    "slaney": (hz_to_mel_slaney, mel_to_hz_slaney),
}
"""Hertz to mel and back."""


def mel_filter_bank(
    *,
    sample_rate: int,
    fft_size: int,
    num_mels: int,
    scale: str,
    norm: str,
    f_min: float = 0.0,
    f_max: float | None = None,
    dtype: str = "float64",
) -> np.ndarray:
    """(F, M) triangles over the bins of a power spectrum, F = fft_size // 2 + 1; a host array.

    The M + 2 corners are evenly spaced on the mel scale from `f_min` to `f_max` (None: half the
    sample rate); each triangle rises and falls linearly in Hertz. Height 1 with norm `none`, area
    1 Hz with `slaney`.

    Raises
    ------
    UnknownNameError
        For a scale or norm that is not there.
    RangeError
        If a size is below 1, the band is empty or reaches above half the sample rate, or a filter
        lies between two bins and would be all zero.
    """
    if scale not in SCALES:
        raise unknown_name("mel scale", scale, SCALES)
    if norm not in NORMS:
        raise unknown_name("mel normalisation", norm, NORMS)
    f_max = sample_rate / 2 if f_max is None else f_max
    _check_band(sample_rate, fft_size, num_mels, f_min, f_max)
    to_mel, to_hz = SCALES[scale]
    low, high = to_mel(np.array([f_min, f_max]))
    corners = to_hz(np.linspace(low, high, num_mels + 2))
    bins = np.arange(fft_size // 2 + 1)[:, None] * (sample_rate / fft_size)  # (F, 1) in Hz
    left, peak, right = corners[:-2], corners[1:-1], corners[2:]
    rising, falling = (bins - left) / (peak - left), (right - bins) / (right - peak)
    filters = np.maximum(np.minimum(rising, falling), 0)  # (F, M)
    _check_filled(filters, peak)
    if norm == "slaney":
        filters = filters * (2 / (right - left))
    return np.ascontiguousarray(filters, dtype)


def _check_band(sample_rate: int, fft_size: int, num_mels: int, f_min: float, f_max: float) -> None:
    for name, value in (
        ("sample_rate", sample_rate),
        ("fft_size", fft_size),
        ("num_mels", num_mels),
    ):
        if value < 1:
            raise RangeError(
                f"mel_filter_bank: {name} is {value}, expected at least 1; speech: 16000, 512, 80"
            )
    if f_max > sample_rate / 2:
        raise RangeError(
            f"mel_filter_bank: f_max is {f_max:g} Hz, expected at most {sample_rate / 2:g}, half "
            "the sample rate; leave it out to have that"
        )
    if not 0 <= f_min < f_max:
        raise RangeError(
            f"mel_filter_bank: f_min is {f_min:g} Hz, expected 0 up to below f_max = {f_max:g}; "
            "widen the band"
        )


def _check_filled(filters: np.ndarray, peak: np.ndarray) -> None:
    empty = np.flatnonzero(~(filters > 0).any(axis=0))
    if empty.size:
        first = int(empty[0])
        raise RangeError(
            f"mel_filter_bank: filter {first} around {peak[first]:.0f} Hz holds no bin of the FFT "
            f"({empty.size} of {peak.size} are empty), expected at least one a filter; lower "
            "num_mels or raise fft_size"
        )
