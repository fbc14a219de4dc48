"""A12, tuned, as the notes have it: the LSTM's plan and a second stacked product a step."""

from __future__ import annotations

import numpy as np

from seqbench.interfaces import Backend, Contract, Gradients
from seqbench.kernels._cell import CellDims
from seqbench.kernels.lstm_peephole_full import LSTMPeepholeFullParams

from ._cell_plan import NumpyCell, sigmoid_of_tanh
from .lstm import LSTMPlan


def lstm_peephole_full(contract: Contract, backend: Backend) -> NumpyCell:
    return NumpyCell(contract, backend, LSTMPeepholeFullPlan)


class LSTMPeepholeFullPlan(LSTMPlan):
    """i, f, o see c_prev through matrices; gates i, f, g, o."""

    def __init__(self, dims: CellDims, dtype: np.dtype, grad: bool) -> None:
        super().__init__(dims, dtype, grad)
        _, B, _, H = dims
        self._w_ch = self._new(3, H, H)  # of i, f, o, halved and transposed
        self._seen = self._new(3, B, H)  # W_ch c_prev
        if grad:
            self._d_w_ch = self._new(3, H, H)

    def load(self, params: LSTMPeepholeFullParams) -> None:
        super().load(params)
        weight = params.weight_ch.reshape(self._w_ch.shape)
        np.multiply(weight.transpose(0, 2, 1), 0.5, out=self._w_ch)

    def _step(self, gate, recurrent, c_prev, c, tanh_c, h) -> None:
        """One step of some rows: gate (4, B, H) holds the projection, then i, f, g, o."""
        seen = self._seen[:, : len(c_prev)]
        np.matmul(c_prev, self._w_ch, out=seen)
        np.add(gate, recurrent, out=gate)
        np.add(gate[:2], seen[:2], out=gate[:2])
        np.add(gate[3], seen[2], out=gate[3])
        np.tanh(gate, out=gate)
        sigmoid_of_tanh(gate[:2])
        sigmoid_of_tanh(gate[3])
        i, f, g, o = gate
        np.multiply(f, c_prev, out=c)
        np.multiply(i, g, out=h)
        np.add(c, h, out=c)
        np.tanh(c, out=tanh_c)
        np.multiply(o, tanh_c, out=h)

    def _step_back(self, t: int, d_cell: np.ndarray, carry: np.ndarray) -> None:
        """The LSTM's, and to d_c what i, f and o saw of c_prev; that is 0 past a length."""
        super()._step_back(t, d_cell, carry)
        d_gate, weight = self._d_gates[:, t], self._params.weight_ch.reshape(self._w_ch.shape)
        np.matmul(d_gate[:2], weight[:2], out=self._seen[:2])  # seen = W_ch c_prev
        np.matmul(d_gate[3], weight[2], out=self._seen[2])
        np.add.reduce(self._seen, axis=0, out=self._product)
        np.add(self._d_c, self._product, out=self._d_c)

    def _gradients(self) -> Gradients:
        steps, d_w_ch = self._steps, self._d_w_ch
        d_gates, cell = self._d_gates[:, :steps], self._cell[:steps]
        self._finish_recurrent(d_gates[:2], cell, d_w_ch[:2])
        self._finish_recurrent(d_gates[3:], cell, d_w_ch[2:])
        weights = (*self._weight_gradients(), self._rows(d_w_ch))
        return Gradients(LSTMPeepholeFullParams(*weights), self._input_gradients())
