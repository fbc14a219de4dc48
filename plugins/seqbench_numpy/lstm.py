"""A11, tuned: one stacked product and one tanh over all four gates a step."""

from __future__ import annotations

from typing import Any

import numpy as np

from seqbench.interfaces import Backend, Contract, Gradients
from seqbench.kernels._cell import CellDims, CellInputs, CellOutputs
from seqbench.kernels.lstm import LSTMParams

from ._cell_plan import CellPlan, NumpyCell, sigmoid_of_tanh, sigmoid_slope


def lstm(contract: Contract, backend: Backend) -> NumpyCell:
    return NumpyCell(contract, backend, LSTMPlan)


class LSTMPlan(CellPlan):
    """c = f c_prev + i g, h = o tanh(c); gates i, f, g, o.

    What its kin change: `gates` with the output gate last and all others acting through c, `load`,
    `_step`, `_factors`, `_carry` and `_gradients`.
    """

    gates = 4

    def __init__(self, dims: CellDims, dtype: np.dtype, grad: bool) -> None:
        super().__init__(dims, dtype, grad)
        T, B, _, H = dims
        # Without backward two states take turns: t % 2.
        self._cell = self._new(T + 1 if grad else 2, B, H)
        self._tanh_cell = self._new(T if grad else 1, B, H)
        if grad:
            self._d_gates = self._new_gates(self.gates, T)
            self._d_cell = self._new(self._factor_steps, B, H)  # factors of d_h within d_c
            self._d_c, self._product = self._new(B, H), self._new(B, H)

    def load(self, params: Any) -> None:
        self._params: Any = params
        self._pack(params.weight_ih, params.weight_hh, params.bias, (0.5, 0.5, 1, 0.5))

    def forward(self, inputs: CellInputs) -> CellOutputs:
        self._begin(inputs)
        hidden, cell, ring = self._hidden, self._cell, len(self._cell)
        cell[0] = inputs.c0
        for t, gate in self._project(inputs.x):
            self._multiply(hidden[t])
            c_prev, c = cell[t % ring], cell[(t + 1) % ring]
            tanh_c = self._tanh_cell[t if self._grad else 0]
            self._in_blocks(self._step, gate, c_prev, c, tanh_c, hidden[t + 1])
            if t >= self._full:
                self._freeze(t, hidden)
                np.copyto(c, c_prev, where=self._outside[t])
        steps = self._steps
        return CellOutputs(output=self._outputs(), h=hidden[steps], c=cell[steps % ring])

    def _step(self, gate, recurrent, c_prev, c, tanh_c, h) -> None:
        """One step of some rows: gate (4, B, H) holds the projection, then i, f, g, o."""
        np.add(gate, recurrent, out=gate)
        np.tanh(gate, out=gate)
        sigmoid_of_tanh(gate[:2])
        sigmoid_of_tanh(gate[3])
        i, f, g, o = gate
        np.multiply(f, c_prev, out=c)
        np.multiply(i, g, out=h)
        np.add(c, h, out=c)
        np.tanh(c, out=tanh_c)
        np.multiply(o, tanh_c, out=h)

    def backward(self, d_outputs: CellOutputs) -> Gradients:
        d_output = self._begin_backward(d_outputs)
        self._d_c[:] = 0 if d_outputs.c is None else d_outputs.c
        weight = self._by_gate(self._params.weight_hh)
        for first, last in self._factor_chunks():
            self._factors(first, last)
            for t in range(last - 1, first - 1, -1):
                np.add(d_output[t], self._d_h, out=self._upstream)
                self._step_back(t, self._d_cell[t - first], self._carry(t, first))
                self._previous(t, self._d_gates[:, t], weight)
        return self._gradients()

    def _carry(self, t: int, first: int) -> np.ndarray:
        """The derivative of c by c_prev at step t of the chunk from `first`: the forget gate."""
        return self._gates[1, t]

    def _factors(self, first: int, last: int) -> None:
        """d_gates[:, first:last]: derivatives of c (i, f, g) and of h (o) by the gates' sums.

        d_cell: those of h by c.
        """
        i, _, g, o = self._gates[:, first:last]
        d_i, d_f, d_g, d_o = d_gates = self._d_gates[:, first:last]
        tanh_c, d_cell = self._tanh_cell[first:last], self._d_cell[: last - first]
        sigmoid_slope(self._gates[:2, first:last], out=d_gates[:2])
        sigmoid_slope(o, out=d_o)
        np.multiply(d_i, g, out=d_i)  # c = f c_prev + i g
        np.multiply(d_f, self._cell[first:last], out=d_f)
        np.multiply(g, g, out=d_g)
        np.subtract(1, d_g, out=d_g)
        np.multiply(d_g, i, out=d_g)
        np.multiply(d_o, tanh_c, out=d_o)  # h = o tanh(c)
        np.multiply(tanh_c, tanh_c, out=d_cell)
        np.subtract(1, d_cell, out=d_cell)
        np.multiply(d_cell, o, out=d_cell)

    def _step_back(self, t: int, d_cell: np.ndarray, carry: np.ndarray) -> None:
        """The gates' gradients from upstream and d_c, in place; d_c one step back."""
        upstream, d_c, d_gate = self._upstream, self._d_c, self._d_gates[:, t]
        if t >= self._full:
            np.copyto(upstream, 0, where=self._outside[t])
        np.multiply(upstream, d_cell, out=self._product)
        np.add(d_c, self._product, out=d_c)
        np.multiply(d_gate[:-1], d_c, out=d_gate[:-1])
        np.multiply(d_gate[-1], upstream, out=d_gate[-1])
        if t < self._full:
            np.multiply(d_c, carry, out=d_c)
        else:
            np.copyto(d_gate, 0, where=self._outside[t])
            np.multiply(d_c, carry, out=d_c, where=self._inside[t])

    def _gradients(self) -> Gradients:
        return Gradients(LSTMParams(*self._weight_gradients()), self._input_gradients())

    def _weight_gradients(self) -> list[np.ndarray]:
        """Of weight_ih, weight_hh and the bias; sets d_x."""
        d_gates = self._d_gates[:, : self._steps]
        self._finish(d_gates, self._params.weight_ih)
        self._finish_recurrent(d_gates, self._hidden[: self._steps], self._d_w_hh)
        return [self._rows(d) for d in (self._d_w_ih, self._d_w_hh, self._d_bias)]

    def _input_gradients(self) -> CellInputs:
        return CellInputs(x=self._d_x[: self._steps], lengths=None, h0=self._d_h, c0=self._d_c)
