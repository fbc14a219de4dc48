"""Differences told by the spectrogram."""

from __future__ import annotations

import math

import numpy as np
from difference import Difference

from seqbench.kernels.stft import STFT, StftInputs, StftParams
from seqbench.kernels.windows import make_window
from seqbench.testing.reference import reference


def spread_over_time_and_frequency() -> float:
    """Of a steady tone: rows of the last axis that hold 1 % of the power, over those of the first.

    A tone is one line at its frequency, at all times. With time on the axis that the notes give it,
    it would be one moment at all frequencies.
    """
    signal = np.cos(2 * math.pi * 8 * np.arange(1024) / 64)[:, None]  # bin 8 of 64
    inputs = StftInputs(signal, np.array([1024], np.int32), 32, 64, "none")
    power = reference(STFT)(StftParams(make_window("hann_periodic", 64)), inputs).power[:, 0]

    def used(axis: int) -> int:
        return int((power.sum(axis=axis) > 0.01 * power.sum()).sum())

    return used(1) / used(0)


ENTRIES = [
    Difference(
        id="A34",
        title="time runs along the horizontal axis of a spectrogram",
        notes='"y-axis is time, x-axis is frequency."',
        papers="time is x and frequency is y, as in every spectrogram since Koenig, Dunn & Lacy "
        "(1946); in arrays here time is the first axis and frequency the last.",
        shows="Steps of time over bins of frequency that a steady tone fills",
        number=spread_over_time_and_frequency,
        form="{:.1f}",
    ),
]
