"""A33's decoder on the device: a step attends, then runs the cell's own step kernel.

What does not wait for a state is done once a sequence: keys and their exponentials, the embedded
tokens' part of the gates, and on the way back the gradients of keys, memory and all weights. Six
launches a step are left forward, seven backward; two of each are cuBLAS's, which no graph of CuPy
takes.
"""

from __future__ import annotations

from typing import Any, ClassVar

from seqbench.interfaces import Gradients, UnsupportedError
from seqbench.kernels._cell import CellOutputs
from seqbench.kernels.attention import AdditiveParams, AttentionDims, AttentionInputs
from seqbench.kernels.attention_decoder import (
    AttentionDecoderDims,
    AttentionDecoderInputs,
    AttentionDecoderOutputs,
    AttentionDecoderParams,
)

from .attention import tiles, tiles_of_columns
from .attention_additive import AdditivePlan
from .attention_decoder_cells import StepwiseCell, StepwiseGRU, StepwiseLSTM, StepwiseRNN
from .implementation import CudaImplementation, CudaPlan
from .launch import elementwise

THREADS = 512
"""Of a block of `attend` and `softmax_backward`: one query a sequence leaves few blocks."""


class StepwiseAttention(AdditivePlan):
    """Additive attention whose queries come one a sequence and step, by `attend`.

    The gradient of a step's context comes likewise, by `attend_backward`; those of keys and memory
    are taken over all steps at the end.
    """

    def _allocate(self) -> None:
        super()._allocate()
        T, B, Tx, _, A, _ = self.dims
        if self.grad:
            self._buffers["d_context"] = self.empty((T * B * A,))
            self._buffers["d_weights"] = self.empty((T * B * Tx,))

    def _sharing(self, Tq: int) -> int:
        return Tq  # each launch of one query leaves a share

    def _step(self, name: str, t: int, size: int) -> Any:
        """(1, B, size): step t of a buffer (T, B, size)."""
        count = self.dims.B * size
        return self._buffers[name][t * count : (t + 1) * count].reshape(1, self.dims.B, size)

    def begin(self, inputs: AttentionDecoderInputs) -> None:
        """Keys of the memory and their exponentials."""
        self._inputs = AttentionInputs(inputs.h0[None], inputs.memory, inputs.memory_lengths)
        self._lengths, self._steps = inputs.lengths, len(inputs.embedded)
        self._Tx = len(inputs.memory)
        keys = self._product("keys", inputs.memory, self._params.weight_key.T)
        self._exponentials("exp_keys", keys, None, 1)

    def attend(self, t: int, h: Any) -> Any:
        """(B, A), the context of step t before whose cell the state is h (B, H)."""
        B, D, A = self.dims.B, self.dims.D, self.dims.A
        queries = self._step("queries", t, D)
        self.runtime.gemm(h, self._params.weight_query.T, queries[0])
        exps, far = self._step("exp_queries", t, D), self._far[0][t * B : (t + 1) * B]
        self._exponentials_of(queries, self._params.bias, exps, far)
        context = self._step("context", t, A)
        self._scored("attend")(
            *tiles(1, B, THREADS),
            *self._pairs_from(t, 1),
            *(self._inputs.memory, self._inputs.lengths),
            *(context, self._step("weights", t, self._Tx), 1, B, self._Tx, D, A),
        )
        return context[0]

    def _pairs_from(self, t: int, steps: int) -> tuple[Any, ...]:
        """What the kernels read of queries and keys, for `steps` of the queries."""
        (_, B, _, _, _, D), buffers = self.dims, self._buffers
        rows = slice(t * B * D, (t + steps) * B * D)
        return (
            *(buffers["queries"][rows], buffers["keys"]),
            *(buffers["exp_queries"][rows], buffers["exp_keys"]),
            *(self._far[0][t * B : (t + steps) * B], self._far[1], self._params.v),
        )

    def end(self) -> tuple[Any, Any]:
        """(context, weights) of all steps, zero past the lengths."""
        found = []
        for name, size in (("context", self.dims.A), ("weights", self._Tx)):
            rows = self._view(name, self._steps, self.dims.B, size)
            self._mask_steps(rows, rows)
            found.append(rows)
        return found[0], found[1]

    def _mask_steps(self, rows: Any, out: Any) -> None:
        launch = elementwise(out.size, self.runtime.properties)
        sizes = out.size, self.dims.B, out.shape[2]
        self._kernel("mask_rows")(*launch, rows, self._lengths, out, *sizes)

    def begin_backward(self, d_context: Any, d_weights: Any) -> None:
        """From outside, each may be None; past the lengths it may be anything."""
        B, A = self.dims.B, self.dims.A
        self._d_context = self._view("d_context", self._steps, B, A)
        if d_context is None:
            self._d_context.fill(0)
        else:
            self._mask_steps(d_context, self._d_context)
        self._has_d_weights = d_weights is not None
        if d_weights is not None:
            self._mask_steps(d_weights, self._view("d_weights", self._steps, B, self._Tx))

    def attend_backward(self, t: int, d_context: Any) -> Any:
        """(B, H), the gradient of the state before step t; d_context (B, A) comes from the cell."""
        _, B, _, _, A, D = self.dims
        Tx, inputs = self._Tx, self._inputs
        self._d_context[t] += d_context
        d_scores, d_projected = self._step("d_scores", t, Tx), self._step("d_projected", t, D)
        self._kernel("softmax_backward")(
            *tiles(1, B, THREADS),
            self._d_context[t],
            self._step("d_weights", t, Tx) if self._has_d_weights else None,
            self._step("weights", t, Tx),
            *(inputs.memory, inputs.lengths, d_scores, 1, B, Tx, A),
        )
        self._scored("queries_backward")(
            *tiles_of_columns(1, B, D),
            *(d_scores, *self._pairs_from(t, 1), inputs.lengths, d_projected),
            *(self._shares_v[t * B * D : (t + 1) * B * D], 1, B, Tx, D),
        )
        return self._product("d_queries", d_projected, self._params.weight_query)[0]

    def end_backward(self, hidden: Any) -> tuple[AdditiveParams, Any]:
        """(gradient of the parameters, of the memory); hidden (T, B, H), before each step."""
        T, (_, B, _, _, A, D), Tx = self._steps, self.dims, self._Tx
        lengths, pairs = self._inputs.lengths, self._pairs_from(0, T)
        d_keys, d_memory = self._view("d_keys", Tx, B, D), self._view("d_memory", Tx, B, A)
        self._scored("keys_backward")(
            *tiles_of_columns(Tx, B, D),
            *(self._view("d_scores", T, B, Tx), *pairs, lengths, d_keys, T, B, Tx, D),
        )
        self._kernel("values_backward")(
            *tiles_of_columns(Tx, B, A),
            *(self._view("weights", T, B, Tx), self._d_context, d_memory, T, B, Tx, A),
        )
        return self._d_params(hidden, self._view("d_projected", T, B, D), d_keys, d_memory)


class DecoderPlan(CudaPlan):
    """Buffers of an attention and a cell for (T, B, Tx, E, A, D, H); T and Tx are capacities."""

    cell_type: ClassVar[type[StepwiseCell]]

    def __init__(self, impl: Any, dims: AttentionDecoderDims, dtype: str, *, grad: bool) -> None:
        super().__init__(impl, dims, dtype, grad=grad)
        of_attention = AttentionDims(dims.T, dims.B, dims.Tx, dims.H, dims.A, dims.D)
        self._attention = StepwiseAttention(impl, of_attention, dtype, grad=grad)
        self._cell = self.cell_type(impl, dims, dtype, grad=grad)
        self.nbytes = self._attention.nbytes + self._cell.nbytes

    def load(self, params: AttentionDecoderParams) -> None:
        self._cell.load(params.cell)
        self._attention.load(params.attention)

    def forward(self, inputs: AttentionDecoderInputs) -> AttentionDecoderOutputs:
        cell, attention = self._cell, self._attention
        self._steps = len(inputs.embedded)
        cell.begin(inputs)
        attention.begin(inputs)
        for t in range(self._steps):
            cell.step(t, attention.attend(t, cell.before(t)))
        self._context, weights = attention.end()
        stepped = cell.end()
        return AttentionDecoderOutputs(stepped.output, self._context, weights, stepped.h, stepped.c)

    def backward(self, d_outputs: AttentionDecoderOutputs) -> Gradients:
        if not self.grad:
            raise UnsupportedError(
                "backward: this plan was made with grad=False and kept no cache; "
                "ask for plan(dims, dtype, grad=True)"
            )
        cell, attention = self._cell, self._attention
        cell.begin_backward(CellOutputs(d_outputs.output, d_outputs.h, d_outputs.c))
        attention.begin_backward(d_outputs.context, d_outputs.weights)
        for t in range(self._steps - 1, -1, -1):
            cell.add_before(attention.attend_backward(t, cell.step_backward(t)))
        of_cell, hidden = cell.end_backward(self._context)
        d_attention, d_memory = attention.end_backward(hidden)
        d_in = of_cell.inputs
        d_inputs = AttentionDecoderInputs(d_in.x, None, d_memory, None, d_in.h0, d_in.c0)
        return Gradients(AttentionDecoderParams(of_cell.params, d_attention), d_inputs)


class RNNDecoderPlan(DecoderPlan):
    cell_type = StepwiseRNN


class GRUDecoderPlan(DecoderPlan):
    cell_type = StepwiseGRU


class LSTMDecoderPlan(DecoderPlan):
    cell_type = StepwiseLSTM


class DecoderRNN(CudaImplementation):
    """Serves every size in float32 and float64."""

    plan_type = RNNDecoderPlan


class DecoderGRU(CudaImplementation):
    """Serves every size in float32 and float64."""

    plan_type = GRUDecoderPlan


class DecoderLSTM(CudaImplementation):
    """Serves every size in float32 and float64."""

    plan_type = LSTMDecoderPlan
