"""A12's neighbour, tuned: the LSTM's plan with three gates, its forget gate 1 - i."""

from __future__ import annotations

import numpy as np

from seqbench.interfaces import Backend, Contract, Gradients
from seqbench.kernels._cell import CellDims
from seqbench.kernels.lstm_coupled import LSTMCoupledParams

from ._cell_plan import NumpyCell, sigmoid_of_tanh, sigmoid_slope
from .lstm import LSTMPlan


def lstm_coupled(contract: Contract, backend: Backend) -> NumpyCell:
    return NumpyCell(contract, backend, LSTMCoupledPlan)


class LSTMCoupledPlan(LSTMPlan):
    """c = c_prev + i (g - c_prev), h = o tanh(c); gates i, g, o."""

    gates = 3

    def __init__(self, dims: CellDims, dtype: np.dtype, grad: bool) -> None:
        super().__init__(dims, dtype, grad)
        if grad:
            self._forget = self._new(self._factor_steps, dims.B, dims.H)  # 1 - i of a chunk

    def load(self, params: LSTMCoupledParams) -> None:
        self._params = params
        self._pack(params.weight_ih, params.weight_hh, params.bias, (0.5, 1, 0.5))

    def _step(self, gate, recurrent, c_prev, c, tanh_c, h) -> None:
        """One step of some rows: gate (3, B, H) holds the projection, then i, g, o."""
        np.add(gate, recurrent, out=gate)
        np.tanh(gate, out=gate)
        i, g, o = gate
        sigmoid_of_tanh(i)
        sigmoid_of_tanh(o)
        np.subtract(g, c_prev, out=c)
        np.multiply(c, i, out=c)
        np.add(c, c_prev, out=c)
        np.tanh(c, out=tanh_c)
        np.multiply(o, tanh_c, out=h)

    def _carry(self, t: int, first: int) -> np.ndarray:
        return self._forget[t - first]

    def _factors(self, first: int, last: int) -> None:
        """d_gates[:, first:last]: derivatives of c (i, g) and of h (o) by the gates' sums."""
        i, g, o = self._gates[:, first:last]
        d_i, d_g, d_o = self._d_gates[:, first:last]
        tanh_c, d_cell = self._tanh_cell[first:last], self._d_cell[: last - first]
        forget = self._forget[: last - first]
        np.subtract(1, i, out=forget)
        np.subtract(g, self._cell[first:last], out=d_i)  # c = (1 - i) c_prev + i g
        np.multiply(g, g, out=d_g)
        np.subtract(1, d_g, out=d_g)
        np.multiply(d_g, i, out=d_g)
        np.multiply(d_i, i, out=d_i)
        np.multiply(d_i, forget, out=d_i)
        sigmoid_slope(o, out=d_o)
        np.multiply(d_o, tanh_c, out=d_o)  # h = o tanh(c)
        np.multiply(tanh_c, tanh_c, out=d_cell)
        np.subtract(1, d_cell, out=d_cell)
        np.multiply(d_cell, o, out=d_cell)

    def _gradients(self) -> Gradients:
        weights = LSTMCoupledParams(*self._weight_gradients())
        return Gradients(weights, self._input_gradients())
