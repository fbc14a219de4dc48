"""A02 and A03, tuned: the tanh cell in three NumPy calls a step, forward and backward alike."""

from __future__ import annotations

import numpy as np

from seqbench.interfaces import Backend, Contract, Gradients
from seqbench.kernels._cell import CellDims, CellInputs, CellOutputs
from seqbench.kernels.rnn import RNNParams

from ._cell_plan import CellPlan, NumpyCell


def rnn(contract: Contract, backend: Backend) -> NumpyCell:
    return NumpyCell(contract, backend, RNNPlan)


class RNNPlan(CellPlan):
    """h = tanh(W_ih x + W_hh h_prev + b)."""

    gates = 1

    def __init__(self, dims: CellDims, dtype: np.dtype, grad: bool) -> None:
        super().__init__(dims, dtype, grad)
        self._scale = np.ones((dims.H, 1), dtype)

    def load(self, params: RNNParams) -> None:
        self._params = params
        self._pack(params.weight_ih, params.weight_hh, params.bias, self._scale)

    def forward(self, inputs: CellInputs) -> CellOutputs:
        self._begin(inputs)
        steps, hidden = self._steps, self._hidden
        recurrent, weight = self._recurrent, self._w_hh
        for first in range(0, steps, self._chunk):
            last = min(first + self._chunk, steps)
            for t, gate in enumerate(self._project(inputs.x, first, last), first):
                np.matmul(hidden[t], weight, out=recurrent)
                np.add(gate, recurrent, out=recurrent)
                np.tanh(recurrent, out=hidden[t + 1])
                if t >= self._full:
                    self._freeze(t, hidden)
        return CellOutputs(output=self._outputs(), h=hidden[steps])

    def backward(self, d_outputs: CellOutputs) -> Gradients:
        d_output = self._begin_backward(d_outputs)
        steps, hidden, upstream, d_h = self._steps, self._hidden, self._upstream, self._d_h
        d_pre, weight = self._gates, self._params.weight_hh
        for first, last in self._factor_chunks():
            factors = d_pre[first:last]
            np.multiply(hidden[first + 1 : last + 1], hidden[first + 1 : last + 1], out=factors)
            np.subtract(1, factors, out=factors)
            for t in range(last - 1, first - 1, -1):
                np.add(d_output[t], d_h, out=upstream)
                np.multiply(d_pre[t], upstream, out=d_pre[t])
                if t >= self._full:
                    np.copyto(d_pre[t], 0, where=self._outside[t])
                self._previous(t, d_pre[t], weight)
        return self._gradients(d_pre[:steps])

    def _gradients(self, d_pre: np.ndarray) -> Gradients:
        params = self._params
        self._finish(d_pre, params.weight_ih)
        flat = d_pre.reshape(-1, d_pre.shape[2])
        np.matmul(
            flat.T, self._hidden[: self._steps].reshape(-1, self._hidden.shape[2]), out=self._d_w_hh
        )
        return Gradients(
            RNNParams(weight_ih=self._d_w_ih, weight_hh=self._d_w_hh, bias=self._d_bias),
            CellInputs(x=self._d_x[: self._steps], lengths=None, h0=self._d_h),
        )
