"""The losses over a batch of full sequences, a mean over its steps."""

from __future__ import annotations

from typing import Any

import numpy as np

from seqbench.kernels.binary_cross_entropy import BinaryCrossEntropyInputs
from seqbench.kernels.losses import NoParams, SoftmaxCrossEntropyInputs

from . import workload
from .cells import full

Built = tuple[Any, Any]


@workload("loss/softmax_cross_entropy", T=64, B=32, V=10_000)
def _(rng: np.random.Generator, T: int, B: int, V: int) -> Built:
    logits = rng.standard_normal((T, B, V))
    targets = rng.integers(0, V, (T, B)).astype(np.int32)
    return NoParams(), SoftmaxCrossEntropyInputs(logits, targets, full(T, B), "token_mean")


@workload("loss/binary_cross_entropy", T=1375, B=64)
def _(rng: np.random.Generator, T: int, B: int) -> Built:
    """One step in twenty is positive, and weighs as much as the others."""
    logits, targets = rng.standard_normal((T, B)), 1.0 * (rng.random((T, B)) < 0.05)
    inputs = BinaryCrossEntropyInputs(logits, targets, full(T, B), "token_mean", 20.0)
    return NoParams(), inputs
