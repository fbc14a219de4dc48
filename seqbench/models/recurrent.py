"""One recurrent layer in a model, forward or in both directions, over any cell."""

from __future__ import annotations

from typing import Any

from seqbench.interfaces import Array, Kernels
from seqbench.kernels._cell import CellDims, CellInputs, CellOutputs

from .parameters import Parameters, Shape
from .plans import Notes, PlanCache

State = tuple[Array, ...]
"""(h,) or (h, c), each (B, H), in the order of the cell contract's `state`."""


class RecurrentLayer:
    """A cell over time, its parameters under `prefix`; T of each plan is a capacity."""

    def __init__(
        self, kernels: Kernels, cell: str, params: Parameters, prefix: str, *, grad: bool
    ) -> None:
        self._params, self._prefix = params, prefix
        self._implementation = kernels.get("cell", cell)
        self.contract = self._implementation.contract
        self._plans = PlanCache(self._implementation, params.dtype, grad=grad)
        self._plan: Any = None

    @staticmethod
    def shapes(prefix: str, contract: Any, input_size: int, hidden_size: int) -> dict[str, Shape]:
        dims = CellDims(1, 1, input_size, hidden_size)
        return {f"{prefix}.{name}": shape for name, shape in contract.shapes(dims).items()}

    def load(self) -> None:
        """Take the current parameters."""
        self._plans.load(self._params.group(self._prefix, self.contract.Params))

    def forward(
        self, x: Array, lengths: Array, state: State, *, capacity: int
    ) -> tuple[Array, State]:
        """x (T, B, I) -> output (T, B, H) and the final state. `capacity` >= T sizes the plan."""
        batch, input_size = x.shape[1:]
        self._plan = self._plans.plan(CellDims(capacity, batch, input_size, state[0].shape[1]))
        out = self._plan.forward(CellInputs(x, lengths, *state))
        return out.output, tuple(getattr(out, name) for name in self.contract.state)

    def backward(self, d_output: Array | None, d_state: State | None) -> tuple[Array, State]:
        """Writes the parameter gradients; returns d_x (T, B, I) and that of the initial state."""
        final = d_state or (None,) * len(self.contract.state)
        gradients = self._plan.backward(CellOutputs(d_output, *final))
        self._params.set_gradients(self._prefix, gradients.params)
        d_inputs = gradients.inputs
        return d_inputs.x, tuple(getattr(d_inputs, name + "0") for name in self.contract.state)

    def flops(self, dims: CellDims, grad: bool) -> int:
        return self.contract.flops(dims, grad)

    @property
    def notes(self) -> Notes:
        """What its plans counted."""
        return self._plans.notes
