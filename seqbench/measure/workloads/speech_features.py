"""Spectrograms of a signal of 16,000 samples a second and the convolution over time."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from seqbench.kernels.conv1d import Conv1dInputs, Conv1dParams
from seqbench.kernels.log_mel import LogMelInputs, LogMelParams
from seqbench.kernels.mel import mel_filter_bank
from seqbench.kernels.stft import StftInputs, StftParams
from seqbench.kernels.windows import make_window

from . import workload
from .cells import full

RATE = 16_000
HOP = 160

Built = tuple[Any, Any]


@workload("feature/stft", B=1, N=160_000, W=400, P=512)
def _(rng: np.random.Generator, B: int, N: int, W: int, P: int) -> Built:
    """N samples: ten seconds; frames of W samples, every 10 ms."""
    signal = rng.standard_normal((N, B))
    window = make_window("hann_periodic", W)
    return StftParams(window), StftInputs(signal, full(N, B), HOP, P)


@workload("feature/log_mel", B=1, N=160_000, W=400, P=512, M=80)
def _(rng: np.random.Generator, B: int, N: int, W: int, P: int, M: int) -> Built:
    filters = mel_filter_bank(
        sample_rate=RATE, fft_size=P, num_mels=M, scale="slaney", norm="slaney"
    )
    params = LogMelParams(make_window("hann_periodic", W), filters)
    return params, LogMelInputs(rng.standard_normal((N, B)), full(N, B), HOP, P)


@workload("feature/conv1d", ("y",), Tx=512, B=16, I=80, O=128, K=5)
def _(rng: np.random.Generator, Tx: int, B: int, I: int, O: int, K: int) -> Built:
    """Every second step."""
    weight = rng.standard_normal((O, K * I)) / math.sqrt(K * I)
    inputs = Conv1dInputs(rng.standard_normal((Tx, B, I)), full(Tx, B), K, 2)
    return Conv1dParams(weight, rng.standard_normal(O)), inputs
