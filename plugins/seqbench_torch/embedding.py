"""A15 as torch has it: `nn.functional.embedding` with a dense gradient, and one-hot products."""

from __future__ import annotations

import torch
from torch.nn import functional

from seqbench.interfaces import Backend, Contract
from seqbench.kernels.embedding import EmbeddingInputs

from .autograd import AutogradPeer, AutogradPlan


def gather(contract: Contract, backend: Backend) -> AutogradPeer:
    return AutogradPeer(contract, backend, GatherPlan)


def one_hot(contract: Contract, backend: Backend) -> AutogradPeer:
    return AutogradPeer(contract, backend, OneHotPlan)


class GatherPlan(AutogradPlan):
    """What nn.Embedding calls."""

    def _run(self, inputs: EmbeddingInputs) -> dict[str, torch.Tensor]:
        return {"rows": functional.embedding(inputs.ids, self._weights["weight"])}


class OneHotPlan(AutogradPlan):
    """`functional.one_hot(ids) @ weight`."""

    def _run(self, inputs: EmbeddingInputs) -> dict[str, torch.Tensor]:
        weight = self._weights["weight"]
        rows = functional.one_hot(inputs.ids.long(), len(weight)).to(weight.dtype)
        return {"rows": rows @ weight}
