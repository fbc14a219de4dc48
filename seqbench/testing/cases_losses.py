"""Random inputs of the losses: every size another reduction."""

from __future__ import annotations

from typing import Any

import numpy as np

from seqbench.kernels.binary_cross_entropy import BinaryCrossEntropyInputs
from seqbench.kernels.losses import NoParams, SoftmaxCrossEntropyInputs

from .cases import builder, extents, lengths, pad_time

REDUCTION = {
    "tiny": "sum",
    "odd": "token_mean",
    "one": "sum",
    "step": "none",
    "padded": "none",
    "empty": "token_mean",
}
"""By size: each where it can go wrong, over padding, a batch, nothing at all."""


@builder("loss/softmax_cross_entropy", padding=pad_time("logits"))
def softmax_case(rng: np.random.Generator, size: str) -> tuple[Any, Any]:
    """`odd` and `padded` smooth the labels."""
    T, B = extents(size)
    V = 33 if size == "odd" else 5
    logits = 3.0 * rng.normal(size=(T, B, V))
    targets = rng.integers(0, V, (T, B)).astype(np.int32)
    smoothing = 0.1 if size in ("odd", "padded") else 0.0
    inputs = SoftmaxCrossEntropyInputs(logits, targets, lengths(size), REDUCTION[size], smoothing)
    return NoParams(), inputs


@builder(
    "loss/binary_cross_entropy",
    padding=pad_time("logits", "targets"),
    constants=("targets",),
)
def binary_case(rng: np.random.Generator, size: str) -> tuple[Any, Any]:
    """`odd` weighs positives; targets lie between 0 and 1."""
    T, B = extents(size)
    logits, targets = 3.0 * rng.normal(size=(T, B)), rng.random((T, B))
    weight = 2.5 if size == "odd" else 1.0
    inputs = BinaryCrossEntropyInputs(logits, targets, lengths(size), REDUCTION[size], weight)
    return NoParams(), inputs
