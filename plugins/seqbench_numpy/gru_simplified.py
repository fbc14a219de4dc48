"""A09, tuned: the GRU without a reset gate; one GEMM a step each way."""

from __future__ import annotations

import numpy as np

from seqbench.interfaces import Backend, Contract, Gradients
from seqbench.kernels._cell import CellDims, CellInputs, CellOutputs
from seqbench.kernels.gru_simplified import GRUSimplifiedParams

from ._cell_plan import CellPlan, NumpyCell, sigmoid_of_half


def gru_simplified(contract: Contract, backend: Backend) -> NumpyCell:
    return NumpyCell(contract, backend, GRUSimplifiedPlan)


class GRUSimplifiedPlan(CellPlan):
    """n = tanh(W_n [x, h] + b_n), h = (1 - z) n + z h_prev; gate rows z, n."""

    gates = 2

    def __init__(self, dims: CellDims, dtype: np.dtype, grad: bool) -> None:
        super().__init__(dims, dtype, grad)
        T, B, _, H = dims
        self._scale = np.repeat(np.array([0.5, 1], dtype), H)[:, None]
        if grad:
            self._d_gates = self._new(T, B, 2 * H)

    def load(self, params: GRUSimplifiedParams) -> None:
        self._params = params
        self._pack(params.weight_ih, params.weight_hh, params.bias, self._scale)

    def forward(self, inputs: CellInputs) -> CellOutputs:
        self._begin(inputs)
        steps, hidden, weight = self._steps, self._hidden, self._w_hh
        for first in range(0, steps, self._chunk):
            last = min(first + self._chunk, steps)
            for t, gate in enumerate(self._project(inputs.x, first, last), first):
                np.matmul(hidden[t], weight, out=self._recurrent)
                self._in_blocks(_step, gate, self._recurrent, hidden[t], hidden[t + 1])
                if t >= self._full:
                    self._freeze(t, hidden)
        return CellOutputs(output=self._outputs(), h=hidden[steps])

    def backward(self, d_outputs: CellOutputs) -> Gradients:
        d_output = self._begin_backward(d_outputs)
        B, H = self._d_h.shape
        upstream, d_h = self._upstream, self._d_h
        for first, last in self._factor_chunks():
            self._factors(first, last)
            for t in range(last - 1, first - 1, -1):
                d_gate, z = self._d_gates[t], self._gates[t, :, :H]
                np.add(d_output[t], d_h, out=upstream)
                if t >= self._full:
                    np.copyto(upstream, 0, where=self._outside[t])
                both = d_gate.reshape(B, 2, H)
                np.multiply(both, upstream[:, None], out=both)
                self._previous(t, d_gate, self._params.weight_hh)
                np.multiply(upstream, z, out=upstream)
                np.add(d_h, upstream, out=d_h)  # upstream is 0 past a length
        return self._gradients()

    def _factors(self, first: int, last: int) -> None:
        """Derivatives of h by the sums of z and n, into d_gates[first:last]."""
        H = self._d_h.shape[1]
        gates, d_gates = self._gates[first:last], self._d_gates[first:last]
        z, n, d_z, d_n = gates[..., :H], gates[..., H:], d_gates[..., :H], d_gates[..., H:]
        np.subtract(1, z, out=d_z)
        np.multiply(n, n, out=d_n)  # h = (1 - z) n + z h_prev
        np.subtract(1, d_n, out=d_n)
        np.multiply(d_n, d_z, out=d_n)
        np.multiply(d_z, z, out=d_z)
        np.multiply(d_z, self._hidden[first:last] - n, out=d_z)

    def _gradients(self) -> Gradients:
        steps, params = self._steps, self._params
        d_gates = self._d_gates[:steps]
        self._finish(d_gates, params.weight_ih)
        flat = d_gates.reshape(-1, d_gates.shape[2])
        np.matmul(flat.T, self._hidden[:steps].reshape(-1, self._hidden.shape[2]), out=self._d_w_hh)
        return Gradients(
            GRUSimplifiedParams(self._d_w_ih, self._d_w_hh, self._d_bias),
            CellInputs(x=self._d_x[:steps], lengths=None, h0=self._d_h),
        )


def _step(gate, recurrent, h_prev, h) -> None:
    """One step of some rows: gate (B, 2H) holds the projection, then z, n."""
    H = h.shape[1]
    z, n = gate[:, :H], gate[:, H:]
    np.add(gate, recurrent, out=gate)
    sigmoid_of_half(z)
    np.tanh(n, out=n)
    np.subtract(h_prev, n, out=h)  # h = n + z (h_prev - n)
    np.multiply(h, z, out=h)
    np.add(h, n, out=h)
