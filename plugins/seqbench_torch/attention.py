"""A33's three scores as a user of torch writes them: eager, masked by the lengths, autograd.

`nn.functional.scaled_dot_product_attention` would not return the weights that the contract asks
for, so the dot and general scores are two batched products around a softmax.
"""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional

from seqbench.interfaces import Backend, Contract, Gradients, UnsupportedError
from seqbench.kernels.attention import AttentionInputs, AttentionOutputs

from .autograd import AutogradPeer, AutogradPlan, outside_lengths


def additive(contract: Contract, backend: Backend) -> AutogradPeer:
    return AutogradPeer(contract, backend, AdditivePlan)


def dot(contract: Contract, backend: Backend) -> AutogradPeer:
    return AutogradPeer(contract, backend, DotPlan)


def general(contract: Contract, backend: Backend) -> AutogradPeer:
    return AutogradPeer(contract, backend, GeneralPlan)


class AttentionPlan(AutogradPlan):
    """Scores of a subclass, softmax inside the lengths, mean of the memory."""

    graded = ("queries", "memory")

    def _keys(self, memory: torch.Tensor) -> torch.Tensor:
        """(Tx, B, A) to what the score compares queries with."""
        return memory

    def _scores(self, queries: torch.Tensor, keys: torch.Tensor) -> torch.Tensor:
        """(B, Tq, Tx)"""
        return torch.bmm(queries.transpose(0, 1), keys.permute(1, 2, 0))

    def _run(self, inputs: AttentionInputs) -> dict[str, torch.Tensor]:
        self._projected = inputs.projected_memory is not None
        memory, keys = inputs.memory, inputs.projected_memory
        outside = outside_lengths(inputs.lengths, len(memory))  # (Tx, B)
        if outside is not None:
            memory = memory.masked_fill(outside[..., None], 0)
            keys = None if keys is None else keys.masked_fill(outside[..., None], 0)
        scores = self._scores(inputs.queries, self._keys(memory) if keys is None else keys)
        weights = _softmax(scores, None if outside is None else outside.T[:, None])
        context = torch.bmm(weights, memory.transpose(0, 1))  # (B, Tq, Tx) x (B, Tx, A)
        return {
            "context": context.transpose(0, 1).contiguous(),
            "weights": weights.transpose(0, 1).contiguous(),
        }

    def backward(self, d_outputs: AttentionOutputs) -> Gradients:
        if self._projected:
            raise UnsupportedError(
                "attention: backward was asked with projected_memory given, expected None; "
                "leave it out in training"
            )
        return super().backward(d_outputs)


class AdditivePlan(AttentionPlan):
    """v . tanh(W_q q + W_k m + b) over all pairs at once."""

    def _keys(self, memory: torch.Tensor) -> torch.Tensor:
        return functional.linear(memory, self._weights["weight_key"])

    def _scores(self, queries: torch.Tensor, keys: torch.Tensor) -> torch.Tensor:
        projected = functional.linear(queries, self._weights["weight_query"], self._weights["bias"])
        hidden = torch.tanh(projected[:, None] + keys[None])  # (Tq, Tx, B, D)
        return (hidden @ self._weights["v"]).permute(2, 0, 1)


class DotPlan(AttentionPlan):
    """q . m"""


class GeneralPlan(AttentionPlan):
    """q . (W m)"""

    def _keys(self, memory: torch.Tensor) -> torch.Tensor:
        return functional.linear(memory, self._weights["weight"])


def _softmax(scores: torch.Tensor, outside: Any) -> torch.Tensor:
    """Over the last axis, inside the lengths; zero where a sentence has none.

    The lowest number, not minus infinity: a row of those alone would be NaN, backwards too.
    """
    if outside is None:
        return torch.softmax(scores, dim=-1)
    lowest = torch.finfo(scores.dtype).min
    return torch.softmax(scores.masked_fill(outside, lowest), dim=-1).masked_fill(outside, 0)
