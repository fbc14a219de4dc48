"""A09, tuned: the GRU without a reset gate; one stacked product a step each way."""

from __future__ import annotations

import numpy as np

from seqbench.interfaces import Backend, Contract, Gradients
from seqbench.kernels._cell import CellDims, CellInputs, CellOutputs
from seqbench.kernels.gru_simplified import GRUSimplifiedParams

from ._cell_plan import CellPlan, NumpyCell, sigmoid_of_half


def gru_simplified(contract: Contract, backend: Backend) -> NumpyCell:
    return NumpyCell(contract, backend, GRUSimplifiedPlan)


class GRUSimplifiedPlan(CellPlan):
    """n = tanh(W_n [x, h] + b_n), h = (1 - z) n + z h_prev; gates z, n."""

    gates = 2

    def __init__(self, dims: CellDims, dtype: np.dtype, grad: bool) -> None:
        super().__init__(dims, dtype, grad)
        if grad:
            self._d_gates = self._new_gates(2, dims.T)

    def load(self, params: GRUSimplifiedParams) -> None:
        self._params = params
        self._pack(params.weight_ih, params.weight_hh, params.bias, (0.5, 1))

    def forward(self, inputs: CellInputs) -> CellOutputs:
        self._begin(inputs)
        hidden = self._hidden
        for t, gate in self._project(inputs.x):
            self._multiply(hidden[t])
            self._in_blocks(_step, gate, hidden[t], hidden[t + 1])
            if t >= self._full:
                self._freeze(t, hidden)
        return CellOutputs(output=self._outputs(), h=hidden[self._steps])

    def backward(self, d_outputs: CellOutputs) -> Gradients:
        d_output = self._begin_backward(d_outputs)
        upstream, d_h = self._upstream, self._d_h
        weight = self._by_gate(self._params.weight_hh)
        for first, last in self._factor_chunks():
            self._factors(first, last)
            for t in range(last - 1, first - 1, -1):
                d_gate = self._d_gates[:, t]
                np.add(d_output[t], d_h, out=upstream)
                if t >= self._full:
                    np.copyto(upstream, 0, where=self._outside[t])
                np.multiply(d_gate, upstream, out=d_gate)
                self._previous(t, d_gate, weight)
                np.multiply(upstream, self._gates[0, t], out=upstream)
                np.add(d_h, upstream, out=d_h)  # upstream is 0 past a length
        return self._gradients()

    def _factors(self, first: int, last: int) -> None:
        """Derivatives of h by the sums of z and n, into d_gates[:, first:last]."""
        z, n = self._gates[:, first:last]
        d_z, d_n = self._d_gates[:, first:last]
        np.subtract(1, z, out=d_z)
        np.multiply(n, n, out=d_n)  # h = (1 - z) n + z h_prev
        np.subtract(1, d_n, out=d_n)
        np.multiply(d_n, d_z, out=d_n)
        np.multiply(d_z, z, out=d_z)
        np.multiply(d_z, self._hidden[first:last] - n, out=d_z)

    def _gradients(self) -> Gradients:
        steps = self._steps
        d_gates = self._d_gates[:, :steps]
        self._finish(d_gates, self._params.weight_ih)
        self._finish_recurrent(d_gates, self._hidden[:steps], self._d_w_hh)
        return Gradients(
            GRUSimplifiedParams(*map(self._rows, (self._d_w_ih, self._d_w_hh, self._d_bias))),
            CellInputs(x=self._d_x[:steps], lengths=None, h0=self._d_h),
        )


def _step(gate, recurrent, h_prev, h) -> None:
    """One step of some rows: gate (2, B, H) holds the projection, then z, n."""
    z, n = gate
    np.add(gate, recurrent, out=gate)
    sigmoid_of_half(z)
    np.tanh(n, out=n)
    np.subtract(h_prev, n, out=h)  # h = n + z (h_prev - n)
    np.multiply(h, z, out=h)
    np.add(h, n, out=h)
