"""A10, tuned, reset after the recurrent product: one stacked product a step each way.

Backward keeps four gradients a unit: of the recurrent part of n, of r, z and n. The first three are
what weight_hh sees, the last three what weight_ih sees, and one multiplication of the factors by
the upstream gradient makes all four.
"""

from __future__ import annotations

import numpy as np

from seqbench.interfaces import Backend, Contract, Gradients
from seqbench.kernels._cell import CellDims, CellInputs, CellOutputs
from seqbench.kernels.gru import GRUParams

from ._cell_plan import CellPlan, NumpyCell, sigmoid_of_half, sigmoid_slope


def gru(contract: Contract, backend: Backend) -> NumpyCell:
    return NumpyCell(contract, backend, GRUPlan)


class GRUPlan(CellPlan):
    """n = tanh(W_in x + b_in + r (W_hn h + b_hn)), h = (1 - z) n + z h_prev; gates r, z, n."""

    gates = 3

    def __init__(self, dims: CellDims, dtype: np.dtype, grad: bool) -> None:
        super().__init__(dims, dtype, grad)
        T, B, _, H = dims
        self._bias, self._bias_hn = self._new(3 * H), self._new(H)
        self._recurrent_n = self._new(T if grad else 1, B, H)  # W_hn h + b_hn
        if grad:
            self._w_nrz = self._new(3, H, H)  # weight_hh, gates n, r, z
            self._d_gates = self._new_gates(4, T)  # recurrent part of n; r, z, n
            self._d_bias_hh = self._new(3, H)

    def load(self, params: GRUParams) -> None:
        self._params = params
        H = params.weight_hh.shape[1]
        # bias_hh of r and z joins the projection of x; that of n stays inside r (...).
        np.copyto(self._bias, params.bias_ih)
        self._bias[: 2 * H] += params.bias_hh[: 2 * H]
        self._bias_hn[:] = params.bias_hh[2 * H :]
        self._pack(params.weight_ih, params.weight_hh, self._bias, (0.5, 0.5, 1))
        if self._grad:
            weight = self._by_gate(params.weight_hh)
            self._w_nrz[0], self._w_nrz[1:] = weight[2], weight[:2]

    def forward(self, inputs: CellInputs) -> CellOutputs:
        self._begin(inputs)
        hidden = self._hidden
        for t, gate in self._project(inputs.x):
            self._multiply(hidden[t])
            recurrent_n = self._recurrent_n[t if self._grad else 0]
            self._in_blocks(self._step, gate, recurrent_n, hidden[t], hidden[t + 1])
            if t >= self._full:
                self._freeze(t, hidden)
        return CellOutputs(output=self._outputs(), h=hidden[self._steps])

    def _step(self, gate, recurrent, recurrent_n, h_prev, h) -> None:
        """One step of some rows: gate (3, B, H) holds the projection, then r, z, n."""
        rz, n = gate[:2], gate[2]
        np.add(rz, recurrent[:2], out=rz)
        sigmoid_of_half(rz)
        r, z = rz
        np.add(recurrent[2], self._bias_hn, out=recurrent_n)
        np.multiply(r, recurrent_n, out=h)
        np.add(n, h, out=n)
        np.tanh(n, out=n)
        np.subtract(h_prev, n, out=h)  # h = n + z (h_prev - n)
        np.multiply(h, z, out=h)
        np.add(h, n, out=h)

    def backward(self, d_outputs: CellOutputs) -> Gradients:
        d_output = self._begin_backward(d_outputs)
        upstream, d_h = self._upstream, self._d_h
        for first, last in self._factor_chunks():
            self._factors(first, last)
            for t in range(last - 1, first - 1, -1):
                four = self._d_gates[:, t]
                np.add(d_output[t], d_h, out=upstream)
                if t >= self._full:
                    np.copyto(upstream, 0, where=self._outside[t])
                np.multiply(four, upstream, out=four)
                self._previous(t, four[:3], self._w_nrz)
                np.multiply(upstream, self._gates[1, t], out=upstream)
                np.add(d_h, upstream, out=d_h)  # upstream is 0 past a length
        return self._gradients()

    def _factors(self, first: int, last: int) -> None:
        """Derivatives of h by the sums of the four, into d_gates[:, first:last]."""
        r, z, n = self._gates[:, first:last]
        d_recurrent, d_r, d_z, d_n = d_gates = self._d_gates[:, first:last]
        np.subtract(1, z, out=d_recurrent)
        np.multiply(n, n, out=d_n)  # h = (1 - z) n + z h_prev
        np.subtract(1, d_n, out=d_n)
        np.multiply(d_n, d_recurrent, out=d_n)
        np.subtract(self._hidden[first:last], n, out=d_recurrent)
        sigmoid_slope(self._gates[:2, first:last], out=d_gates[1:3])
        np.multiply(d_z, d_recurrent, out=d_z)
        np.multiply(d_r, self._recurrent_n[first:last], out=d_r)  # n = tanh(.. + r recurrent_n)
        np.multiply(d_r, d_n, out=d_r)
        np.multiply(d_n, r, out=d_recurrent)

    def _gradients(self) -> Gradients:
        steps, H = self._steps, self._d_h.shape[1]
        d_gates, hidden = self._d_gates[:, :steps], self._hidden[:steps]
        self._finish(d_gates[1:], self._params.weight_ih)
        self._finish_recurrent(d_gates[1:3], hidden, self._d_w_hh[:2])
        self._finish_recurrent(d_gates[:1], hidden, self._d_w_hh[2:])
        self._d_bias_hh[:2] = self._d_bias[:2]
        np.add.reduce(d_gates[0].reshape(-1, H), axis=0, out=self._d_bias_hh[2])
        held = (self._d_w_ih, self._d_w_hh, self._d_bias, self._d_bias_hh)
        return Gradients(
            GRUParams(*map(self._rows, held)),
            CellInputs(x=self._d_x[:steps], lengths=None, h0=self._d_h),
        )
