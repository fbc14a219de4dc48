"""A17 on the device: three products of whole matrices, and one visit to the logits between them."""

from __future__ import annotations

from typing import Any

from seqbench.interfaces import Gradients, UnsupportedError
from seqbench.kernels._word_vectors import (
    SoftmaxChunk,
    UpdatedVectors,
    VectorLoss,
    VectorParams,
    VectorUpdate,
)

from .embedding import gather
from .implementation import CudaImplementation, CudaPlan
from .launch import Launch, block_a_row, ceil_div, elementwise
from .scatter import add_rows, order_of, parts
from .sources import C_TYPES, FLOATS, CudaSource

SOURCE = CudaSource(
    "skipgram_softmax.cu",
    dict.fromkeys(("window_softmax", "column_reach", "add_matrix", "sum_losses"), FLOATS),
)
COLUMNS, REACH_ROWS = 32, 8
"""Of a block that sums columns; as in skipgram_softmax.cu."""


def column_blocks(columns: int) -> Launch:
    """A block for every COLUMNS columns."""
    return Launch((ceil_div(columns, COLUMNS),), (COLUMNS * REACH_ROWS,))


class SoftmaxBuffers(CudaPlan):
    """Logits of a chunk and the rows of both gradients; N is a capacity."""

    _with_rows = True

    def _allocate(self) -> None:
        N, V, D = self.dims.N, self.dims.V, self.dims.D
        self._hidden, self._logits = self.empty((N, D)), self.empty((N, V))
        self._squares, self._losses, self._total = (self.empty((n,)) for n in (N, N, 1))
        if self._with_rows:
            self._d_hidden, self._d_out = self.empty((N, D)), self.empty((V, D))
            self._reach, self._parts = self.empty((V,)), parts(self.empty, N, D)

    def _kernel(self, name: str) -> Any:
        return self.runtime.kernel(SOURCE, name, C_TYPES[self.dtype])

    def _score(self, chunk: SoftmaxChunk) -> None:
        """Losses; with rows, logits become their gradient."""
        N, V, D = len(chunk.ids), self.dims.V, self.dims.D
        if N == 0:
            return
        params, hidden, logits = self._params, self._hidden[:N], self._logits[:N]
        gather(self.runtime, params.weight_in, chunk.ids, hidden)
        self.runtime.gemm(hidden, params.weight_out.T, logits)
        self._kernel("window_softmax")(
            *block_a_row(N, V, self.runtime.properties),
            *(logits, hidden, chunk.ids, chunk.left, chunk.right),
            *(self._losses, self._squares, V, D, self._with_rows),
        )

    def _add(
        self,
        chunk: SoftmaxChunk,
        out: VectorParams,
        *,
        scale: float = 1.0,
        upstream: Any = None,
        damping: float = 0.0,
    ) -> None:
        """Both gradients are whole before either matrix of `out` changes."""
        N, V, D = len(chunk.ids), self.dims.V, self.dims.D
        if N == 0:
            return
        d_logits, d_hidden = self._logits[:N], self._d_hidden[:N]
        self.runtime.gemm(d_logits, self._params.weight_out, d_hidden)
        self.runtime.gemm(d_logits.T, self._hidden[:N], self._d_out)
        reach = None
        if damping:
            reach = self._reach
            self._kernel("column_reach")(*column_blocks(V), d_logits, self._squares, reach, N, V)
        self._kernel("add_matrix")(
            *elementwise(V * D, self.runtime.properties),
            *(out.weight_out, self._d_out, reach, V * D, D, scale, upstream, damping),
        )
        order = order_of(self.runtime, chunk.ids)
        given = {"scale": scale, "upstream": upstream}
        add_rows(self.runtime, out.weight_in, chunk.ids, order, d_hidden, self._parts, **given)


class SoftmaxPlan(SoftmaxBuffers):
    """The loss of a chunk and its dense gradient."""

    def _allocate(self) -> None:
        self._with_rows = self.grad
        super()._allocate()
        if self.grad:
            shape = self.dims.V, self.dims.D
            self._gradient = VectorParams(self.empty(shape), self.empty(shape))

    def forward(self, inputs: SoftmaxChunk) -> VectorLoss:
        self._inputs = inputs
        self._score(inputs)
        self._kernel("sum_losses")((1,), (1024,), self._losses, self._total, len(inputs.ids))
        return VectorLoss(self._total.reshape(()))

    def backward(self, d_outputs: VectorLoss) -> Gradients:
        made = self._gradient
        made.weight_in.fill(0)
        made.weight_out.fill(0)
        if d_outputs.loss is not None:
            self._add(self._inputs, made, upstream=d_outputs.loss)
        nothing: Any = (None, None, None, None)
        return Gradients(made, SoftmaxChunk(*nothing))


class SoftmaxStepPlan(SoftmaxBuffers):
    """A step of gradient descent on a chunk, both matrices updated in place."""

    def forward(self, inputs: VectorUpdate) -> UpdatedVectors:
        params, rate = self._params, inputs.learning_rate
        self._score(inputs.chunk)
        self._add(inputs.chunk, params, scale=-rate, damping=rate * inputs.damping)
        return UpdatedVectors(params.weight_in, params.weight_out)

    def backward(self, d_outputs: Any) -> Gradients:
        raise UnsupportedError("skipgram_softmax_update has no gradient; ask its loss for one")


class SkipGramSoftmax(CudaImplementation):
    """Serves every size in float32 and float64."""

    plan_type = SoftmaxPlan


class SkipGramSoftmaxUpdate(CudaImplementation):
    """Serves every size in float32 and float64."""

    plan_type = SoftmaxStepPlan
