"""A12, tuned, diagonal: the LSTM's plan; backward folds the peepholes into a chunk's factors.

c_prev reaches c by the forget gate and by what i and f see of it, c reaches h by the tanh and by
what o sees of it. Both are factors known before the steps, so a step back costs what the LSTM's
does.
"""

from __future__ import annotations

import numpy as np

from seqbench.interfaces import Backend, Contract, Gradients
from seqbench.kernels._cell import CellDims
from seqbench.kernels.lstm_peephole import LSTMPeepholeParams

from ._cell_plan import NumpyCell, sigmoid_of_half, sigmoid_of_tanh
from .lstm import LSTMPlan


def lstm_peephole(contract: Contract, backend: Backend) -> NumpyCell:
    return NumpyCell(contract, backend, LSTMPeepholePlan)


class LSTMPeepholePlan(LSTMPlan):
    """i, f see c_prev, o sees c, a weight a unit; gates i, f, g, o."""

    def __init__(self, dims: CellDims, dtype: np.dtype, grad: bool) -> None:
        super().__init__(dims, dtype, grad)
        _, B, _, H = dims
        self._peephole = self._new(3, 1, H)  # of i, f, o, halved as their sums are
        if grad:
            self._d_c_prev = self._new(self._factor_steps, B, H)  # factors of d_c one step back
            self._products = self._new(self._factor_steps, B, H)
            self._d_peephole, self._part = self._new(3, H), self._new(H)

    def load(self, params: LSTMPeepholeParams) -> None:
        super().load(params)
        np.multiply(params.peephole.reshape(self._peephole.shape), 0.5, out=self._peephole)

    def _step(self, gate, recurrent, c_prev, c, tanh_c, h) -> None:
        """One step of some rows: gate (4, B, H) holds the projection, then i, f, g, o."""
        np.add(gate, recurrent, out=gate)
        seen = recurrent[:2]
        np.multiply(self._peephole[:2], c_prev, out=seen)
        np.add(gate[:2], seen, out=gate[:2])
        np.tanh(gate[:3], out=gate[:3])
        sigmoid_of_tanh(gate[:2])
        i, f, g, o = gate
        np.multiply(f, c_prev, out=c)
        np.multiply(i, g, out=h)
        np.add(c, h, out=c)
        np.multiply(self._peephole[2], c, out=h)
        np.add(o, h, out=o)
        sigmoid_of_half(o)
        np.tanh(c, out=tanh_c)
        np.multiply(o, tanh_c, out=h)

    def _carry(self, t: int, first: int) -> np.ndarray:
        return self._d_c_prev[t - first]

    def _factors(self, first: int, last: int) -> None:
        """The LSTM's, and what passes through the peepholes: of h by c, of c by c_prev."""
        super()._factors(first, last)
        d_i, d_f, _, d_o = self._d_gates[:, first:last]
        p_i, p_f, p_o = self._params.peephole.reshape(3, -1)
        products, carry = self._products[: last - first], self._d_c_prev[: last - first]
        d_cell = self._d_cell[: last - first]
        np.multiply(d_o, p_o, out=products)  # o saw c
        np.add(d_cell, products, out=d_cell)
        np.multiply(d_i, p_i, out=carry)  # i and f saw c_prev
        np.multiply(d_f, p_f, out=products)
        np.add(carry, products, out=carry)
        np.add(carry, self._gates[1, first:last], out=carry)  # c = f c_prev + i g

    def _gradients(self) -> Gradients:
        self._finish_peepholes()
        weights = (*self._weight_gradients(), self._d_peephole.reshape(-1))
        return Gradients(LSTMPeepholeParams(*weights), self._input_gradients())

    def _finish_peepholes(self) -> None:
        """Sums over steps and batch of each gate's gradient times the memory that it saw."""
        d_peephole, part = self._d_peephole, self._part
        d_peephole[:] = 0
        for first, last in self._factor_chunks():
            products = self._products[: last - first]
            for row, (gate, ahead) in enumerate(((0, 0), (1, 0), (3, 1))):
                seen = self._cell[first + ahead : last + ahead]
                np.multiply(self._d_gates[gate, first:last], seen, out=products)
                np.add.reduce(products.reshape(-1, len(part)), axis=0, out=part)
                np.add(d_peephole[row], part, out=d_peephole[row])
