"""A10, tuned, reset before the recurrent product: n's part of it is a second GEMM a step."""

from __future__ import annotations

import numpy as np

from seqbench.interfaces import Backend, Contract, Gradients
from seqbench.kernels._cell import CellDims, CellInputs, CellOutputs
from seqbench.kernels.gru import GRUParams

from ._cell_plan import CellPlan, NumpyCell, sigmoid_of_half, sigmoid_slope


def gru_reset_before(contract: Contract, backend: Backend) -> NumpyCell:
    return NumpyCell(contract, backend, GRUResetBeforePlan)


class GRUResetBeforePlan(CellPlan):
    """n = tanh(W_in x + W_hn (r h) + b_in + b_hn), h = (1 - z) n + z h_prev; gate rows r, z, n."""

    gates = 3

    def __init__(self, dims: CellDims, dtype: np.dtype, grad: bool) -> None:
        super().__init__(dims, dtype, grad)
        T, B, _, H = dims
        self._scale = np.repeat(np.array([0.5, 0.5, 1], dtype), H)[:, None]
        self._bias = self._new(3 * H)
        self._reset_h = self._new(T if grad else 1, B, H)  # r h
        self._recurrent_rz, self._recurrent_n = self._new(B, 2 * H), self._new(B, H)
        if grad:
            self._d_gates = self._new(T, B, 3 * H)
            self._d_reset_h, self._product = self._new(B, H), self._new(B, H)

    def load(self, params: GRUParams) -> None:
        self._params = params
        np.add(params.bias_ih, params.bias_hh, out=self._bias)
        self._pack(params.weight_ih, params.weight_hh, self._bias, self._scale)

    def forward(self, inputs: CellInputs) -> CellOutputs:
        self._begin(inputs)
        steps, hidden = self._steps, self._hidden
        for first in range(0, steps, self._chunk):
            last = min(first + self._chunk, steps)
            for t, gate in enumerate(self._project(inputs.x, first, last), first):
                reset_h = self._reset_h[t if self._grad else 0]
                self._step(gate, reset_h, hidden[t], hidden[t + 1])
                if t >= self._full:
                    self._freeze(t, hidden)
        return CellOutputs(output=self._outputs(), h=hidden[steps])

    def _step(self, gate, reset_h, h_prev, h) -> None:
        H = h.shape[1]
        rz, n = gate[:, : 2 * H], gate[:, 2 * H :]
        np.matmul(h_prev, self._w_hh[:, : 2 * H], out=self._recurrent_rz)
        np.add(rz, self._recurrent_rz, out=rz)
        sigmoid_of_half(rz)
        np.multiply(rz[:, :H], h_prev, out=reset_h)
        np.matmul(reset_h, self._w_hh[:, 2 * H :], out=self._recurrent_n)
        np.add(n, self._recurrent_n, out=n)
        np.tanh(n, out=n)
        np.subtract(h_prev, n, out=h)  # h = n + z (h_prev - n)
        np.multiply(h, rz[:, H:], out=h)
        np.add(h, n, out=h)

    def backward(self, d_outputs: CellOutputs) -> Gradients:
        d_output = self._begin_backward(d_outputs)
        for first, last in self._factor_chunks():
            self._factors(first, last)
            for t in range(last - 1, first - 1, -1):
                np.add(d_output[t], self._d_h, out=self._upstream)
                if t >= self._full:
                    np.copyto(self._upstream, 0, where=self._outside[t])
                self._step_back(t)
        return self._gradients()

    def _factors(self, first: int, last: int) -> None:
        """Into d_gates[first:last]: derivatives of h by the sums of z and n, of r h by r's."""
        H = self._d_h.shape[1]
        gates, d_gates = self._gates[first:last], self._d_gates[first:last]
        z, n, h_prev = gates[..., H : 2 * H], gates[..., 2 * H :], self._hidden[first:last]
        d_r, d_z, d_n = (d_gates[..., k * H : (k + 1) * H] for k in range(3))
        np.subtract(h_prev, n, out=d_z)  # h = (1 - z) n + z h_prev
        np.subtract(1, z, out=d_r)
        np.multiply(n, n, out=d_n)
        np.subtract(1, d_n, out=d_n)
        np.multiply(d_n, d_r, out=d_n)
        np.multiply(d_z, d_r, out=d_z)
        np.multiply(d_z, z, out=d_z)
        sigmoid_slope(gates[..., :H], out=d_r)
        np.multiply(d_r, h_prev, out=d_r)

    def _step_back(self, t: int) -> None:
        """The gates' gradients from upstream, in place, and d_h one step back."""
        B, H = self._d_h.shape
        upstream, d_h, product = self._upstream, self._d_h, self._product
        weight = self._params.weight_hh
        d_gate, gate = self._d_gates[t], self._gates[t]
        d_zn = d_gate.reshape(B, 3, H)[:, 1:]
        np.multiply(d_zn, upstream[:, None], out=d_zn)
        np.matmul(d_gate[:, 2 * H :], weight[2 * H :], out=self._d_reset_h)
        np.multiply(d_gate[:, :H], self._d_reset_h, out=d_gate[:, :H])
        self._previous(t, d_gate[:, : 2 * H], weight[: 2 * H])
        # What is added is 0 past a length, where upstream is.
        np.multiply(gate[:, :H], self._d_reset_h, out=product)
        np.add(d_h, product, out=d_h)
        np.multiply(gate[:, H : 2 * H], upstream, out=product)
        np.add(d_h, product, out=d_h)

    def _gradients(self) -> Gradients:
        steps, H, params = self._steps, self._d_h.shape[1], self._params
        flat = self._d_gates[:steps].reshape(-1, 3 * H)
        hidden = self._hidden[:steps].reshape(-1, H)
        reset_h = self._reset_h[:steps].reshape(-1, H)
        self._finish(self._d_gates[:steps], params.weight_ih)
        np.matmul(flat[:, : 2 * H].T, hidden, out=self._d_w_hh[: 2 * H])
        np.matmul(flat[:, 2 * H :].T, reset_h, out=self._d_w_hh[2 * H :])
        d_params = GRUParams(self._d_w_ih, self._d_w_hh, self._d_bias, self._d_bias)
        return Gradients(d_params, CellInputs(x=self._d_x[:steps], lengths=None, h0=self._d_h))
