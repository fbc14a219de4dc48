"""A04 by `jax.nn.log_softmax` and `log_sigmoid`, masked by selection."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from seqbench.interfaces import Array, Backend, Contract

from .plan import Arrays, JaxPeer, JaxPlan, is_full


def softmax_cross_entropy(contract: Contract, backend: Backend) -> JaxPeer:
    return JaxPeer(contract, backend, SoftmaxCrossEntropyPlan)


def binary_cross_entropy(contract: Contract, backend: Backend) -> JaxPeer:
    return JaxPeer(contract, backend, BinaryCrossEntropyPlan)


class LossPlan(JaxPlan):
    """No d_outputs.loss stands for one: the gradient of the loss itself."""

    graded = ("logits",)

    def upstream(self, name: str, d_output: Array | None) -> Array:
        return jnp.ones_like(self._results[name]) if d_output is None else d_output


class SoftmaxCrossEntropyPlan(LossPlan):
    def static(self, inputs: Any) -> tuple[Any, ...]:
        full = is_full(inputs.lengths, len(inputs.logits))
        return inputs.reduction, inputs.label_smoothing, full

    @staticmethod
    def function(params: Arrays, graded: Arrays, others: Arrays, static: Any) -> Arrays:
        reduction, smoothing, full = static
        logits, targets, inside = graded["logits"], others["targets"], None
        if not full:
            inside = inside_of(others["lengths"], len(logits))
            logits = jnp.where(inside[..., None], logits, 0)
            targets = jnp.where(inside, targets, 0)
        log_probs = jax.nn.log_softmax(logits, axis=-1)
        losses = -jnp.take_along_axis(log_probs, targets[..., None], axis=-1)[..., 0]
        if smoothing:
            losses = (1 - smoothing) * losses - smoothing * log_probs.mean(axis=-1)
        return {"loss": reduced(losses, inside, others["lengths"], reduction)}


class BinaryCrossEntropyPlan(LossPlan):
    def static(self, inputs: Any) -> tuple[Any, ...]:
        full = is_full(inputs.lengths, len(inputs.logits))
        return inputs.reduction, inputs.positive_weight, full

    @staticmethod
    def function(params: Arrays, graded: Arrays, others: Arrays, static: Any) -> Arrays:
        reduction, weight, full = static
        logits, targets, inside = graded["logits"], others["targets"], None
        if not full:
            inside = inside_of(others["lengths"], len(logits))
            logits, targets = jnp.where(inside, logits, 0), jnp.where(inside, targets, 0)
        losses = -weight * targets * jax.nn.log_sigmoid(logits)
        losses -= (1 - targets) * jax.nn.log_sigmoid(-logits)
        return {"loss": reduced(losses, inside, others["lengths"], reduction)}


def inside_of(lengths: jax.Array, steps: int) -> jax.Array:
    """(T, B) bool."""
    return jnp.arange(steps, dtype=lengths.dtype)[:, None] < lengths


def reduced(losses: jax.Array, inside: Any, lengths: jax.Array, reduction: str) -> jax.Array:
    """(T, B) to what `reduction` names; the mean over no step at all is 0."""
    if inside is not None:
        losses = jnp.where(inside, losses, 0)
    if reduction == "none":
        return losses
    total = losses.sum()
    if reduction == "sum":
        return total
    return total / jnp.maximum(lengths.sum(), 1).astype(losses.dtype)
