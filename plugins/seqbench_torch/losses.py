"""A04 as torch has it: `nn.functional.cross_entropy` and `binary_cross_entropy_with_logits`.

A batch of full sequences goes to torch as it is. In a padded one the targets past the lengths are
torch's `ignore_index`, and the logits there are 0: torch ignores their loss, but a NaN among them
would reach the gradient.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch.nn import functional

from seqbench.interfaces import Backend, Contract
from seqbench.kernels.binary_cross_entropy import BinaryCrossEntropyInputs
from seqbench.kernels.losses import LossOutputs, SoftmaxCrossEntropyInputs

from .autograd import AutogradPeer, AutogradPlan, outside_lengths

IGNORED = -100  # torch's default ignore_index


def softmax_cross_entropy(contract: Contract, backend: Backend) -> AutogradPeer:
    return AutogradPeer(contract, backend, SoftmaxCrossEntropyPlan)


def binary_cross_entropy(contract: Contract, backend: Backend) -> AutogradPeer:
    return AutogradPeer(contract, backend, BinaryCrossEntropyPlan)


class LossPlan(AutogradPlan):
    """No d_outputs.loss stands for one: the gradient of the loss itself."""

    graded = ("logits",)

    def _upstream(self, d_outputs: LossOutputs, name: str) -> torch.Tensor:
        loss = self._results["loss"]
        return torch.ones_like(loss) if d_outputs.loss is None else d_outputs.loss


class SoftmaxCrossEntropyPlan(LossPlan):
    """Over (T B, V) rows, as a user flattens a batch."""

    def _run(self, inputs: SoftmaxCrossEntropyInputs) -> dict[str, torch.Tensor]:
        T, B, V = inputs.logits.shape
        logits, targets = inputs.logits, inputs.targets.long()
        outside = outside_lengths(inputs.lengths, T)
        if outside is not None:
            logits = logits.masked_fill(outside[..., None], 0)
            targets = targets.masked_fill(outside, IGNORED)
        loss = functional.cross_entropy(
            logits.reshape(-1, V),
            targets.reshape(-1),
            reduction=_reduction(inputs),
            label_smoothing=inputs.label_smoothing,
        )
        return {"loss": loss.reshape(T, B) if inputs.reduction == "none" else loss}


class BinaryCrossEntropyPlan(LossPlan):
    """Padded steps are left out by selection."""

    def _run(self, inputs: BinaryCrossEntropyInputs) -> dict[str, torch.Tensor]:
        outside = outside_lengths(inputs.lengths, len(inputs.logits))
        if outside is None:
            return {"loss": _binary(inputs)}
        inside = ~outside
        kept = replace(inputs, logits=inputs.logits[inside], targets=inputs.targets[inside])
        loss = _binary(kept)
        if inputs.reduction == "none":
            loss = torch.zeros_like(inputs.logits).masked_scatter(inside, loss)
        return {"loss": loss}


def _binary(inputs: BinaryCrossEntropyInputs) -> torch.Tensor:
    weighted = inputs.positive_weight != 1
    weight = inputs.logits.new_tensor(inputs.positive_weight) if weighted else None
    return functional.binary_cross_entropy_with_logits(
        inputs.logits, inputs.targets, reduction=_reduction(inputs), pos_weight=weight
    )


def _reduction(inputs: Any) -> str:
    """torch's word; its mean over no step at all is NaN, ours 0, which the sum is."""
    if inputs.reduction != "token_mean":
        return str(inputs.reduction)
    return "mean" if bool(inputs.lengths.any()) else "sum"
