"""Windows of the short-time Fourier transform, periodic: what a DFT of W samples wants.

Harris (1978). A periodic window of W samples is the symmetric one of W + 1 without its last sample;
its copies at any hop that divides W / 2 add up to a constant.
"""

from __future__ import annotations

import math

import numpy as np

from seqbench.interfaces import RangeError, unknown_name

COSINES = {"hann_periodic": (0.5, 0.5), "hamming_periodic": (0.54, 0.46)}
"""a and b of a - b cos(2 pi n / W)."""

WINDOWS = (*COSINES, "rectangular")


def make_window(name: str, length: int, dtype: str = "float64") -> np.ndarray:
    """(W,) host array. Raises UnknownNameError for the name, RangeError for a length below 1."""
    if name not in WINDOWS:
        raise unknown_name("window", name, WINDOWS)
    if length < 1:
        raise RangeError(
            f"window: its length is {length} samples, expected at least 1; speech: 400"
        )
    if name == "rectangular":
        return np.ones(length, dtype)
    mean, swing = COSINES[name]
    angles = 2 * math.pi * np.arange(length) / length
    return (mean - swing * np.cos(angles)).astype(dtype)
