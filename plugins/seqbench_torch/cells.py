"""A02, A10 and A11 as torch has them: nn.RNN, nn.GRU, nn.LSTM, gradients by autograd.

Gate orders agree (GRU r, z, n; LSTM i, f, g, o). Where our cell has one bias it becomes bias_ih,
and bias_hh is zero.

A batch of full sequences runs as it is. One of unequal lengths runs packed
(pack_padded_sequence with enforce_sorted=False). torch packs no empty sequence, so rows of length
zero are left out and put back: their output is zero and their state the initial one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any

import torch
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from seqbench.interfaces import Backend, Contract, Implementation, Plan
from seqbench.kernels._cell import CellDims, CellInputs

from .autograd import AutogradPlan


def rnn(contract: Contract, backend: Backend) -> TorchCell:
    return TorchCell(contract, backend, torch.nn.RNN)


def gru(contract: Contract, backend: Backend) -> TorchCell:
    return TorchCell(contract, backend, torch.nn.GRU)


def lstm(contract: Contract, backend: Backend) -> TorchCell:
    return TorchCell(contract, backend, torch.nn.LSTM)


class TorchCell(Implementation):
    """One of torch's recurrent layers behind a cell's contract."""

    tier = "peer"

    def __init__(
        self, contract: Contract, backend: Backend, layer: Callable[..., torch.nn.RNNBase]
    ) -> None:
        self.contract = contract
        self.backend = backend
        self.impl_id = f"torch.{contract.name}"
        self.dtypes = contract.dtypes
        self._layer = layer

    def _plan(self, dims: CellDims, dtype: str, *, grad: bool) -> Plan:
        with torch.random.fork_rng(devices=[]):  # the weights come by load: no draw may be seen
            layer = self._layer(dims.I, dims.H, dtype=getattr(torch, dtype))
        return TorchCellPlan(self.contract, layer, grad)


class TorchCellPlan(AutogradPlan):
    """The layer, built once; its weights are copies. `nbytes` counts them."""

    def __init__(self, contract: Contract, layer: torch.nn.RNNBase, grad: bool) -> None:
        super().__init__(contract, grad)
        self._layer = layer
        self.graded = ("x", *(name + "0" for name in contract.state))
        self.nbytes = sum(p.nbytes for p in layer.parameters())
        self._weights = {
            f.name: layer.get_parameter(_torch_name(f.name)) for f in fields(contract.Params)
        }
        with torch.no_grad():
            torch.nn.init.zeros_(layer.get_parameter("bias_hh_l0"))

    def load(self, params: Any) -> None:
        with torch.no_grad():
            for name, weight in self._weights.items():
                weight.copy_(getattr(params, name))

    def _run(self, inputs: CellInputs) -> dict[str, torch.Tensor]:
        names = self._contract.state
        states = [getattr(inputs, name + "0") for name in names]
        output, states = self._over_time(inputs.x, states, inputs.lengths)
        return {"output": output, **dict(zip(names, states, strict=True))}

    def _over_time(
        self, x: torch.Tensor, states: list[torch.Tensor], lengths: torch.Tensor
    ) -> tuple[torch.Tensor, list[torch.Tensor]]:
        steps, batch, _ = x.shape
        shortest = int(lengths.min()) if batch else 0
        if shortest == steps and steps > 0:
            return self._call(x, states)
        if shortest > 0:
            return self._packed(x, states, lengths, steps)
        rows = torch.nonzero(lengths > 0).flatten()
        output = x.new_zeros(steps, batch, self._layer.hidden_size)
        if len(rows) == 0:
            return output, [s.clone() for s in states]
        some, ends = self._packed(x[:, rows], [s[rows] for s in states], lengths[rows], steps)
        ends = [s.index_copy(0, rows, e) for s, e in zip(states, ends, strict=True)]
        return output.index_copy(1, rows, some), ends

    def _packed(
        self, x: torch.Tensor, states: list[torch.Tensor], lengths: torch.Tensor, steps: int
    ) -> tuple[torch.Tensor, list[torch.Tensor]]:
        packed = pack_padded_sequence(x, lengths.long(), enforce_sorted=False)
        output, ends = self._call(packed, states)
        return pad_packed_sequence(output, total_length=steps)[0], ends

    def _call(self, x: Any, states: list[torch.Tensor]) -> tuple[Any, list[torch.Tensor]]:
        """The layer; torch's states are (1, B, H), a tuple of two for LSTM."""
        initial = tuple(s[None] for s in states)
        output, ends = self._layer(x, initial if len(initial) == 2 else initial[0])
        return output, [e[0] for e in (ends if isinstance(ends, tuple) else (ends,))]


def _torch_name(name: str) -> str:
    """`weight_ih` -> `weight_ih_l0`; a single bias is bias_ih."""
    return ("bias_ih" if name == "bias" else name) + "_l0"
