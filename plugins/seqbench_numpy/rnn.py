"""A02 and A03, tuned: the tanh cell in three NumPy calls a step, forward and backward alike."""

from __future__ import annotations

import numpy as np

from seqbench.interfaces import Backend, Contract, Gradients
from seqbench.kernels._cell import CellInputs, CellOutputs
from seqbench.kernels.rnn import RNNParams

from ._cell_plan import CellPlan, NumpyCell


def rnn(contract: Contract, backend: Backend) -> NumpyCell:
    return NumpyCell(contract, backend, RNNPlan)


class RNNPlan(CellPlan):
    """h = tanh(W_ih x + W_hh h_prev + b)."""

    gates = 1

    def load(self, params: RNNParams) -> None:
        self._params = params
        self._pack(params.weight_ih, params.weight_hh, params.bias, (1,))

    def forward(self, inputs: CellInputs) -> CellOutputs:
        self._begin(inputs)
        hidden, recurrent, weight = self._hidden, self._recurrent[0], self._w_hh_by_gate[0]
        for t, gate in self._project(inputs.x):
            h = hidden[t + 1]
            np.matmul(hidden[t], weight, out=recurrent)
            np.add(gate[0], recurrent, out=h)
            np.tanh(h, out=h)
            if t >= self._full:
                self._freeze(t, hidden)
        return CellOutputs(output=self._outputs(), h=hidden[self._steps])

    def backward(self, d_outputs: CellOutputs) -> Gradients:
        d_output = self._begin_backward(d_outputs)
        hidden, upstream, d_h = self._hidden, self._upstream, self._d_h
        d_sums, weight = self._gates[0], self._params.weight_hh
        for first, last in self._factor_chunks():
            factors, h = d_sums[first:last], hidden[first + 1 : last + 1]
            np.multiply(h, h, out=factors)  # h = tanh(sum)
            np.subtract(1, factors, out=factors)
            for t in range(last - 1, first - 1, -1):
                d_sum = d_sums[t]
                np.add(d_output[t], d_h, out=upstream)
                np.multiply(d_sum, upstream, out=d_sum)
                if t < self._full:
                    np.matmul(d_sum, weight, out=d_h)  # sum = .. + W_hh h_prev
                else:
                    np.copyto(d_sum, 0, where=self._outside[t])
                    np.copyto(d_h, d_sum @ weight, where=self._inside[t])
        return self._gradients()

    def _gradients(self) -> Gradients:
        steps = self._steps
        d_sums = self._gates[:, :steps]
        self._finish(d_sums, self._params.weight_ih)
        self._finish_recurrent(d_sums, self._hidden[:steps], self._d_w_hh)
        return Gradients(
            RNNParams(*map(self._rows, (self._d_w_ih, self._d_w_hh, self._d_bias))),
            CellInputs(x=self._d_x[:steps], lengths=None, h0=self._d_h),
        )
