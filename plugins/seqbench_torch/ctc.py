"""A35 as torch has it: `nn.functional.ctc_loss` behind a log-softmax.

torch's "mean" is another reduction than `token_mean`, so losses are reduced here. Its gradient of a
sequence that has no alignment is NaN, ours too.
"""

from __future__ import annotations

import torch
from torch.nn import functional

from seqbench.interfaces import Backend, Contract
from seqbench.kernels.ctc import CTCInputs

from .autograd import AutogradPeer, outside_lengths
from .losses import LossPlan


def ctc(contract: Contract, backend: Backend) -> AutogradPeer:
    return AutogradPeer(contract, backend, CTCPlan)


class CTCPlan(LossPlan):
    """Logits past the lengths are 0: torch ignores their loss, but NaN would reach the gradient."""

    def _run(self, inputs: CTCInputs) -> dict[str, torch.Tensor]:
        logits, targets = inputs.logits, inputs.targets
        outside = outside_lengths(inputs.lengths, len(logits))
        if outside is not None:
            logits = logits.masked_fill(outside[..., None], 0)
        if logits.shape[1] == 0:  # torch takes no empty batch
            return {"loss": logits.sum(dim=(0, 2) if inputs.reduction == "none" else None)}
        behind = torch.arange(targets.shape[1])[None, :] >= inputs.target_lengths[:, None]
        other = (inputs.blank_id + 1) % logits.shape[2]  # any label that torch takes
        losses = functional.ctc_loss(
            logits.log_softmax(2),
            targets.masked_fill(behind, other).long(),
            inputs.lengths.long(),
            inputs.target_lengths.long(),
            blank=inputs.blank_id,
            reduction="none",
            zero_infinity=inputs.zero_infinity,
        )
        if inputs.reduction == "none":
            return {"loss": losses}
        total = losses.sum()
        if inputs.reduction == "token_mean":
            total = total / inputs.target_lengths.sum().clamp(min=1)
        return {"loss": total}
