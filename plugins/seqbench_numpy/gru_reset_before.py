"""A10, tuned, reset before the recurrent product: n's part of it is a second product a step."""

from __future__ import annotations

import numpy as np

from seqbench.interfaces import Backend, Contract, Gradients
from seqbench.kernels._cell import CellDims, CellInputs, CellOutputs
from seqbench.kernels.gru import GRUParams

from ._cell_plan import CellPlan, NumpyCell, sigmoid_of_half, sigmoid_slope


def gru_reset_before(contract: Contract, backend: Backend) -> NumpyCell:
    return NumpyCell(contract, backend, GRUResetBeforePlan)


class GRUResetBeforePlan(CellPlan):
    """n = tanh(W_in x + W_hn (r h) + b_in + b_hn), h = (1 - z) n + z h_prev; gates r, z, n."""

    gates = 3

    def __init__(self, dims: CellDims, dtype: np.dtype, grad: bool) -> None:
        super().__init__(dims, dtype, grad)
        T, B, _, H = dims
        self._bias = self._new(3 * H)
        self._reset_h = self._new(T if grad else 1, B, H)  # r h
        if grad:
            self._d_gates = self._new_gates(3, T)
            self._d_reset_h, self._product = self._new(B, H), self._new(B, H)

    def load(self, params: GRUParams) -> None:
        self._params = params
        np.add(params.bias_ih, params.bias_hh, out=self._bias)
        self._pack(params.weight_ih, params.weight_hh, self._bias, (0.5, 0.5, 1))

    def forward(self, inputs: CellInputs) -> CellOutputs:
        self._begin(inputs)
        hidden = self._hidden
        for t, gate in self._project(inputs.x):
            reset_h = self._reset_h[t if self._grad else 0]
            self._in_blocks(self._step, gate, reset_h, hidden[t], hidden[t + 1])
            if t >= self._full:
                self._freeze(t, hidden)
        return CellOutputs(output=self._outputs(), h=hidden[self._steps])

    def _step(self, gate, recurrent, reset_h, h_prev, h) -> None:
        """One step of some rows: gate (3, B, H) holds the projection, then r, z, n."""
        rz, n = gate[:2], gate[2]
        np.matmul(h_prev, self._w_hh_by_gate[:2], out=recurrent[:2])
        np.add(rz, recurrent[:2], out=rz)
        sigmoid_of_half(rz)
        r, z = rz
        np.multiply(r, h_prev, out=reset_h)
        np.matmul(reset_h, self._w_hh_by_gate[2], out=recurrent[2])
        np.add(n, recurrent[2], out=n)
        np.tanh(n, out=n)
        np.subtract(h_prev, n, out=h)  # h = n + z (h_prev - n)
        np.multiply(h, z, out=h)
        np.add(h, n, out=h)

    def backward(self, d_outputs: CellOutputs) -> Gradients:
        d_output = self._begin_backward(d_outputs)
        weight = self._by_gate(self._params.weight_hh)
        for first, last in self._factor_chunks():
            self._factors(first, last)
            for t in range(last - 1, first - 1, -1):
                np.add(d_output[t], self._d_h, out=self._upstream)
                if t >= self._full:
                    np.copyto(self._upstream, 0, where=self._outside[t])
                self._step_back(t, weight)
        return self._gradients()

    def _factors(self, first: int, last: int) -> None:
        """Into d_gates[:, first:last]: derivatives of h by the sums of z and n, of r h by r's."""
        r, z, n = self._gates[:, first:last]
        d_r, d_z, d_n = self._d_gates[:, first:last]
        h_prev = self._hidden[first:last]
        np.subtract(h_prev, n, out=d_z)  # h = (1 - z) n + z h_prev
        np.subtract(1, z, out=d_r)
        np.multiply(n, n, out=d_n)
        np.subtract(1, d_n, out=d_n)
        np.multiply(d_n, d_r, out=d_n)
        np.multiply(d_z, d_r, out=d_z)
        np.multiply(d_z, z, out=d_z)
        sigmoid_slope(r, out=d_r)
        np.multiply(d_r, h_prev, out=d_r)

    def _step_back(self, t: int, weight: np.ndarray) -> None:
        """The gates' gradients from upstream, in place, and d_h one step back."""
        upstream, d_h, product = self._upstream, self._d_h, self._product
        d_gate, (r, z, _) = self._d_gates[:, t], self._gates[:, t]
        np.multiply(d_gate[1:], upstream, out=d_gate[1:])
        np.matmul(d_gate[2], weight[2], out=self._d_reset_h)
        np.multiply(d_gate[0], self._d_reset_h, out=d_gate[0])
        self._previous(t, d_gate[:2], weight[:2])
        # What is added is 0 past a length, where upstream is.
        np.multiply(r, self._d_reset_h, out=product)
        np.add(d_h, product, out=d_h)
        np.multiply(z, upstream, out=product)
        np.add(d_h, product, out=d_h)

    def _gradients(self) -> Gradients:
        steps = self._steps
        d_gates = self._d_gates[:, :steps]
        self._finish(d_gates, self._params.weight_ih)
        self._finish_recurrent(d_gates[:2], self._hidden[:steps], self._d_w_hh[:2])
        self._finish_recurrent(d_gates[2:], self._reset_h[:steps], self._d_w_hh[2:])
        held = (self._d_w_ih, self._d_w_hh, self._d_bias, self._d_bias)
        return Gradients(
            GRUParams(*map(self._rows, held)),
            CellInputs(x=self._d_x[:steps], lengths=None, h0=self._d_h),
        )
