"""Cells of A33's decoder: they read [token, context], the contexts coming one a step."""

from __future__ import annotations

from typing import Any

from seqbench.interfaces import Gradients
from seqbench.kernels._cell import CellDims, CellInputs, CellOutputs
from seqbench.kernels.attention_decoder import AttentionDecoderDims, AttentionDecoderInputs

from .cells import GRUPlan, LSTMPlan, RNNPlan
from .recurrence_steps import StepPlan


class StepwiseCell(StepPlan):
    """A cell that reads [token, context], the contexts coming one a step, by `step`."""

    def __init__(self, impl: Any, dims: AttentionDecoderDims, dtype: str, *, grad: bool) -> None:
        self._E, self._A = dims.E, dims.A
        of_cell = CellDims(dims.T, dims.B, dims.E + dims.A, dims.H)
        super().__init__(impl, of_cell, dtype, grad=grad)

    def _allocate(self) -> None:
        super()._allocate()
        T, B, I, H = self.dims
        rows = self.cell.gates * H
        self._weight_token = self.empty((rows, self._E))
        self._weight_context = self.empty((rows, self._A))
        self._part = self.empty((B, rows))
        if self.grad:
            self._d_part, self._joined = self.empty((B, self._A)), self.empty((T, B, I))

    def load(self, params: Any) -> None:
        """weight_ih cut between token and context, each part dense for its products."""
        super().load(params)
        self._weight_token[...] = params.weight_ih[:, : self._E]
        self._weight_context[...] = params.weight_ih[:, self._E :]

    def begin(self, inputs: AttentionDecoderInputs) -> None:
        self._embedded = inputs.embedded
        self._begin_forward(CellInputs(inputs.embedded, inputs.lengths, inputs.h0, inputs.c0))

    def _input_product(self, x: Any) -> None:
        """The tokens' part; the contexts' is added step by step."""
        rows = x.reshape(-1, self._E)
        self.runtime.gemm(rows, self._weight_token.T, self._gates[: len(rows)])

    def before(self, t: int) -> Any:
        """(B, H), the state that step t begins with."""
        return self._hidden[t % self._slots]

    def step(self, t: int, context: Any) -> None:
        self.runtime.gemm(context, self._weight_context.T, self._part)
        gates = self._rows_at(self._gates, t)
        gates += self._part
        self._forward_step(t)

    def _rows_at(self, rows: Any, t: int) -> Any:
        """Step t of (TB, .)."""
        return rows[t * self.dims.B : (t + 1) * self.dims.B]

    def end(self) -> CellOutputs:
        return self._end_forward()

    def begin_backward(self, d_outputs: CellOutputs) -> None:
        self._begin_backward(d_outputs)

    def step_backward(self, t: int) -> Any:
        """(B, A), the gradient of step t's context."""
        self._backward_step(self._steps - 1 - t)
        self.runtime.gemm(self._rows_at(self._d_gates, t), self._weight_context, self._d_part)
        return self._d_part

    def add_before(self, d_h: Any) -> None:
        """What else reaches the state before the step just gone back."""
        self._d_h += d_h

    def end_backward(self, context: Any) -> tuple[Gradients, Any]:
        """(as a cell's, x being the tokens alone; the state before each step, (T, B, H))."""
        self._backward_step(self._steps)  # to the initial state
        x = self._joined[: self._steps]
        x[:, :, : self._E], x[:, :, self._E :] = self._embedded, context
        self._inputs = CellInputs(x, self._lengths, self._inputs.h0, self._inputs.c0)
        return self._end_backward(), self._hidden[: self._steps]

    def _through_input(self) -> Any:
        """Of the tokens: contexts have had theirs."""
        rows, shape = self._flat(self._d_gates), (self._steps, self.dims.B, self._E)
        d_tokens = self._d_x.reshape(-1)[: len(rows) * self._E]
        self.runtime.gemm(rows, self._weight_token, d_tokens.reshape(len(rows), self._E))
        return d_tokens.reshape(shape)


class StepwiseRNN(StepwiseCell, RNNPlan):
    pass


class StepwiseGRU(StepwiseCell, GRUPlan):
    pass


class StepwiseLSTM(StepwiseCell, LSTMPlan):
    pass
