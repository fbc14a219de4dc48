"""A stack of recurrent layers in a model (A14): parameters by layer, plans by size, dropout."""

from __future__ import annotations

import zlib
from typing import Any

from seqbench.interfaces import Array, Contract, Kernels
from seqbench.kernels._cell import CellDims, CellInputs, CellOutputs

from .bidirectional import DIRECTIONS
from .dropout_stream import DropoutStream
from .parameters import Parameters, Shape
from .plans import PlanCache
from .recurrent import State
from .stacked import Stacked


class StackedLayer:
    """Parameters under `prefix.l0`, `prefix.l1`, ...; both ways `prefix.l0.forward`, `.backward`.

    Used as RecurrentLayer is, with states (parts, B, H): layer by layer, forward before backward.
    `shared_over_time` gives dropout one mask a sequence.
    """

    def __init__(
        self,
        kernels: Kernels,
        cell: str,
        params: Parameters,
        prefix: str,
        *,
        grad: bool,
        num_layers: int = 1,
        bidirectional: bool = False,
        dropout: float = 0.0,
        shared_over_time: bool = False,
    ) -> None:
        stack: Any = Stacked(
            kernels, cell, num_layers=num_layers, bidirectional=bidirectional, dropout=dropout
        )
        self.stack: Stacked = stack
        self.contract = stack.cell
        self._params, self._shared = params, shared_over_time
        self._prefixes = part_prefixes(prefix, num_layers, bidirectional)
        self._namespace = zlib.crc32(prefix.encode())
        self._xp = kernels.backend.xp
        self._plans = PlanCache(stack, params.dtype, grad=grad)
        self._plan: Any = None

    @staticmethod
    def shapes(
        prefix: str,
        contract: Contract,
        input_size: int,
        hidden_size: int,
        *,
        num_layers: int = 1,
        bidirectional: bool = False,
    ) -> dict[str, Shape]:
        assert contract.shapes is not None, contract.key
        ways = 2 if bidirectional else 1
        found: dict[str, Shape] = {}
        for part, under in enumerate(part_prefixes(prefix, num_layers, bidirectional)):
            width = input_size if part < ways else ways * hidden_size
            shapes = contract.shapes(CellDims(1, 1, width, hidden_size))
            found |= {f"{under}.{name}": shape for name, shape in shapes.items()}
        return found

    def load(self) -> None:
        """Take the current parameters."""
        cls = self.contract.Params
        self._plans.load(tuple(self._params.group(under, cls) for under in self._prefixes))

    def open_forget_gates(self) -> None:
        """Bias 1 for the forget gate of an LSTM, which then starts by remembering (Gers 2000)."""
        for under in self._prefixes:
            weight = self._params[f"{under}.weight_hh"]
            H = weight.shape[1]
            if "c" in self.contract.state and weight.shape[0] == 4 * H:  # i, f, g, o
                self._params[f"{under}.bias"][H : 2 * H] = 1.0

    def zero_state(self, batch: int, hidden_size: int) -> State:
        """Zeros (parts, B, H) for each name of the cell's state."""
        shape = (self.stack.num_parts, batch, hidden_size)
        zeros = self._xp.zeros(shape, dtype=self._params.dtype)
        return (zeros,) * len(self.contract.state)

    def forward(
        self,
        x: Array,
        lengths: Array,
        state: State,
        *,
        capacity: int,
        stream: DropoutStream | None = None,
    ) -> tuple[Array, State]:
        """x (T, B, I) -> output (T, B, F) and the final state; with `stream`, under dropout."""
        steps, batch, input_size = x.shape
        dims = CellDims(capacity, batch, input_size, state[0].shape[2])
        self._plan = self._plans.plan(dims)
        masks: list[Array] = []
        if stream is not None:
            masks = self.stack.masks(
                dims._replace(T=steps),
                self._params.dtype,
                stream,
                namespace=self._namespace,
                shared_over_time=self._shared,
            )
        out = self._plan.forward(CellInputs(x, lengths, *state), masks)
        return out.output, tuple(getattr(out, name) for name in self.contract.state)

    def backward(self, d_output: Array | None, d_state: State | None) -> tuple[Array, State]:
        """Writes the parameter gradients; returns d_x (T, B, I) and that of the initial state."""
        final = d_state or (None,) * len(self.contract.state)
        gradients = self._plan.backward(CellOutputs(d_output, *final))
        for under, part in zip(self._prefixes, gradients.params, strict=True):
            self._params.set_gradients(under, part)
        d_inputs = gradients.inputs
        return d_inputs.x, tuple(getattr(d_inputs, name + "0") for name in self.contract.state)

    def flops(self, dims: CellDims, grad: bool) -> int:
        return self.stack.flops(dims, grad)


def part_prefixes(prefix: str, num_layers: int, bidirectional: bool) -> list[str]:
    """Where each part's parameters are: `prefix.l0`, or `prefix.l0.forward`, in their order."""
    ways = [f".{way}" for way in DIRECTIONS] if bidirectional else [""]
    return [f"{prefix}.l{layer}{way}" for layer in range(num_layers) for way in ways]
