"""A02's output layer: y = g(W_ya a + b_y), over any leading axes."""

from __future__ import annotations

from typing import Any

from seqbench.interfaces import Array, unknown_name

from ._math import log_softmax, sigmoid

ACTIVATIONS = ("identity", "sigmoid", "softmax", "tanh")


def output_layer(a: Array, weight: Array, bias: Array, activation: str, *, xp: Any) -> Array:
    """a (..., H), weight (V, H), bias (V,) -> y (..., V).

    Raises UnknownNameError for an activation that is not in ACTIVATIONS. Training through a softmax
    goes by the fused loss from logits: `identity` here.
    """
    logits = a @ weight.T + bias
    if activation == "identity":
        return logits
    if activation == "sigmoid":
        return sigmoid(logits, xp=xp)
    if activation == "softmax":
        return xp.exp(log_softmax(logits, xp=xp))
    if activation == "tanh":
        return xp.tanh(logits)
    raise unknown_name("activation", activation, ACTIVATIONS)


def output_layer_backward(
    d_y: Array, y: Array, a: Array, weight: Array, activation: str
) -> tuple[Array, Array, Array]:
    """(d_a, d_weight, d_bias); y is what forward returned."""
    d_logits = _through(d_y, y, activation)
    flat = d_logits.reshape(-1, weight.shape[0])
    d_weight = flat.T @ a.reshape(-1, a.shape[-1])  # logits = W a + b
    return d_logits @ weight, d_weight, flat.sum(axis=0)


def _through(d_y: Array, y: Array, activation: str) -> Array:
    if activation == "identity":
        return d_y
    if activation == "sigmoid":
        return d_y * y * (1 - y)
    if activation == "softmax":
        return y * (d_y - (d_y * y).sum(axis=-1, keepdims=True))
    if activation == "tanh":
        return d_y * (1 - y * y)
    raise unknown_name("activation", activation, ACTIVATIONS)
