"""A21 on the device: a warp a count, then sums by word in a fixed order.

A step touches the rows that its chunk met and no other: their gradients are gathered in matrices
that are zero between steps, and AdaGrad serves each met row once.
"""

from __future__ import annotations

from typing import Any

from seqbench.interfaces import Gradients
from seqbench.kernels.glove import (
    EPSILON,
    GloveChunk,
    GloveLoss,
    GloveParams,
    GloveStep,
    GloveStepped,
)

from .implementation import CudaImplementation, CudaPlan
from .launch import elementwise, warp_a_row
from .scatter import add_rows, order_of, parts
from .sources import C_TYPES, FLOATS, CudaSource

SOURCE = CudaSource(
    "glove.cu",
    dict.fromkeys(("residuals", "objective", "met_rows", "adagrad_rows"), FLOATS),
)
SIDES = (("weight", "context", "rows", "columns"), ("context", "weight", "columns", "rows"))
"""(matrix, the other one, its ids in a chunk, the other's): both sides of a count."""


class GloveBuffers(CudaPlan):
    """Errors and terms a count, and the gradients of both sides; N is a capacity."""

    def _allocate(self) -> None:
        N, V, D = self.dims
        self._errors, self._terms, self._total = (self.empty((n,)) for n in (N, N, 1))
        self._met = self.empty((N, D))
        self._parts, self._bias_parts = parts(self.empty, N, D), parts(self.empty, N, 1)
        self._d = GloveParams(*(self.empty(shape) for shape in ((V, D), (V, D), (V,), (V,))))
        self._clear()

    def _clear(self) -> None:
        for name in ("weight", "context", "bias", "context_bias"):
            getattr(self._d, name).fill(0)

    def _kernel(self, name: str) -> Any:
        return self.runtime.kernel(SOURCE, name, C_TYPES[self.dtype])

    def _objective(self, chunk: GloveChunk) -> Any:
        """() J; leaves the errors behind."""
        N, D = len(chunk.rows), self.dims.D
        p, properties = self._params, self.runtime.properties
        self._kernel("residuals")(
            *warp_a_row(N, properties),
            *(p.weight, p.context, p.bias, p.context_bias),
            *(chunk.rows, chunk.columns, chunk.counts),
            *(self._errors, self._terms, N, D, chunk.x_max, chunk.alpha, chunk.factor),
        )
        self._kernel("objective")((1,), (1024,), self._terms, self._total, N, chunk.factor)
        return self._total.reshape(())

    def _add_gradient(self, chunk: GloveChunk, side: Any, order: Any, upstream: Any = None) -> None:
        """One side's vectors and biases, into matrices that hold zeros."""
        name, other, mine, theirs = side
        ids, N, D = getattr(chunk, mine), len(chunk.rows), self.dims.D
        errors, met = self._errors[:N], self._met[:N]
        launch = elementwise(met.size, self.runtime.properties)
        matrix = getattr(self._params, other)
        self._kernel("met_rows")(*launch, errors, getattr(chunk, theirs), matrix, met, met.size, D)
        given = {"upstream": upstream}
        d_matrix, d_bias = self._of(self._d, name)
        add_rows(self.runtime, d_matrix, ids, order, met, self._parts, **given)
        column = errors.reshape(N, 1)
        add_rows(self.runtime, d_bias.reshape(-1, 1), ids, order, column, self._bias_parts, **given)

    @staticmethod
    def _of(params: Any, name: str) -> tuple[Any, Any]:
        """(matrix, bias) of a side; the bias of `context` is `context_bias`."""
        bias = "context_bias" if name == "context" else "bias"
        return getattr(params, name), getattr(params, bias)


class GlovePlan(GloveBuffers):
    """The objective and its dense gradient."""

    def forward(self, inputs: GloveChunk) -> GloveLoss:
        self._inputs = inputs
        return GloveLoss(self._objective(inputs))

    def backward(self, d_outputs: GloveLoss) -> Gradients:
        self._clear()
        chunk = self._inputs
        if d_outputs.loss is not None and len(chunk.rows):
            upstream = d_outputs.loss.reshape(1)
            for side in SIDES:
                order = order_of(self.runtime, getattr(chunk, side[2]))
                self._add_gradient(chunk, side, order, upstream)
        none = GloveChunk(None, None, None, None, None, None)  # type: ignore[arg-type]
        return Gradients(self._d, none)


class GloveStepPlan(GloveBuffers):
    """One step of AdaGrad, in place."""

    def forward(self, inputs: GloveStep) -> GloveStepped:
        chunk, params = inputs.chunk, self._params
        loss = self._objective(chunk)
        if len(chunk.rows):
            orders = [order_of(self.runtime, getattr(chunk, side[2])) for side in SIDES]
            for side, order in zip(SIDES, orders, strict=True):
                self._add_gradient(chunk, side, order)
            for side, order in zip(SIDES, orders, strict=True):
                self._step(inputs, side, order)
        return GloveStepped(params.weight, params.context, params.bias, params.context_bias, loss)

    def _step(self, inputs: GloveStep, side: Any, order: Any) -> None:
        """Both sides' gradients are there: the values may change now."""
        name, _, mine, _ = side
        bias = "context_bias" if name == "context" else "bias"
        ids = getattr(inputs.chunk, mine)
        launch = warp_a_row(len(ids), self.runtime.properties)
        for field, size in ((name, self.dims.D), (bias, 1)):
            theta, squares = (getattr(self._params, f) for f in (field, f"{field}_squares"))
            self._kernel("adagrad_rows")(
                *launch,
                *(theta, squares, getattr(self._d, field), ids, order),
                *(len(ids), size, inputs.learning_rate, EPSILON),
            )


class Glove(CudaImplementation):
    """Serves every size in float32 and float64."""

    plan_type = GlovePlan


class GloveUpdate(CudaImplementation):
    """Serves every size in float32 and float64."""

    plan_type = GloveStepPlan
