"""Small functions that several shared texts use."""

from __future__ import annotations

from typing import Any

from seqbench.interfaces import Array


def sigmoid(x: Array, *, xp: Any) -> Array:
    """1 / (1 + exp(-x)) by tanh, which neither overflows nor loses the small tail's sign."""
    return 0.5 * xp.tanh(0.5 * x) + 0.5


def log_softmax(logits: Array, *, xp: Any) -> Array:
    """Over the last axis, in nats."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return shifted - xp.log(xp.exp(shifted).sum(axis=-1, keepdims=True))
