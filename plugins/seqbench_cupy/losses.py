"""A04 on the device: losses and their gradients in one visit to each row of logits.

Forward of a plan with `grad` leaves the gradient of the loss itself; backward returns that buffer,
or scales it where an upstream gradient is given.
"""

from __future__ import annotations

from typing import Any

from seqbench.interfaces import Gradients, UnsupportedError
from seqbench.kernels.binary_cross_entropy import BinaryCrossEntropyInputs
from seqbench.kernels.losses import LossOutputs, NoParams, SoftmaxCrossEntropyInputs

from .implementation import CudaImplementation, CudaPlan
from .launch import block_a_row, elementwise
from .sources import C_TYPES, FLOATS, CudaSource

SOURCE = CudaSource(
    "losses.cu",
    dict.fromkeys(
        (
            "softmax_cross_entropy",
            "binary_cross_entropy",
            "reduce_losses",
            "count_tokens",
            "scale_gradient",
        ),
        FLOATS,
    ),
)
STATIC_BYTES = 1024
"""Shared memory of the reductions, beside the row that is kept."""


def fits_on_chip(row_bytes: int, shared_bytes: int) -> bool:
    """Whether a block can keep a row of logits."""
    return row_bytes + STATIC_BYTES <= shared_bytes


class LossPlan(CudaPlan):
    """A loss a row of `row` logits and, with `grad`, the gradient; T is a capacity."""

    row = 1

    def _allocate(self) -> None:
        rows = self.dims.T * self.dims.B
        self._losses = self.empty((rows,))
        self._total, self._num_tokens = self.empty((1,)), self.empty((1,))
        self._d_logits = self.empty((rows * self.row,)) if self.grad else None
        self._scaled: Any = None  # made when d_outputs.loss is first given

    def _kernel(self, name: str) -> Any:
        return self.runtime.kernel(SOURCE, name, C_TYPES[self.dtype])

    def _counted(self, inputs: Any) -> Any:
        """(1,) steps inside the lengths where the reduction divides by them, else None."""
        if inputs.reduction != "token_mean":
            return None
        B = len(inputs.lengths)
        self._kernel("count_tokens")((1,), (32,), inputs.lengths, self._num_tokens, B)
        return self._num_tokens

    def _reduced(self, inputs: Any, num_tokens: Any) -> LossOutputs:
        shape = inputs.logits.shape[:2]
        losses = self._losses[: shape[0] * shape[1]]
        if inputs.reduction == "none":
            return LossOutputs(losses.reshape(shape))
        self._kernel("reduce_losses")((1,), (1024,), losses, num_tokens, self._total, losses.size)
        return LossOutputs(self._total.reshape(()))

    def _gradient(self, d_loss: Any) -> Any:
        """The gradient at the logits, scaled where an upstream gradient is given."""
        if self._d_logits is None:
            raise UnsupportedError(
                "loss: this plan was made with grad=False and has no gradient; "
                "ask for plan(dims, dtype, grad=True)"
            )
        logits = self._inputs.logits
        d_logits = self._d_logits[: logits.size]
        if d_loss is not None:
            if self._scaled is None:
                self._scaled = self.empty(self._d_logits.shape)
            scaled, B = self._scaled[: logits.size], len(self._inputs.lengths)
            grid, block = elementwise(logits.size, self.runtime.properties)
            self._kernel("scale_gradient")(
                grid,
                block,
                d_logits,
                d_loss,
                self._inputs.lengths,
                scaled,
                logits.size,
                B,
                self.row,
                self._inputs.reduction == "none",
            )
            d_logits = scaled
        return d_logits.reshape(logits.shape)


class SoftmaxPlan(LossPlan):
    """A block a row of V logits."""

    def _allocate(self) -> None:
        self.row = self.dims.V
        super()._allocate()

    def forward(self, inputs: SoftmaxCrossEntropyInputs) -> LossOutputs:
        self._inputs = inputs
        T, B, V = inputs.logits.shape
        num_tokens = self._counted(inputs)
        properties = self.runtime.properties
        row_bytes = V * inputs.logits.dtype.itemsize
        on_chip = self.grad and fits_on_chip(row_bytes, properties.shared_bytes)
        grid, block = block_a_row(T * B, V, properties)
        self._kernel("softmax_cross_entropy")(
            grid,
            block,
            inputs.logits,
            inputs.targets,
            inputs.lengths,
            self._losses,
            self._d_logits,
            num_tokens,
            B,
            V,
            inputs.label_smoothing,
            on_chip,
            shared_bytes=row_bytes if on_chip else 0,
        )
        return self._reduced(inputs, num_tokens)

    def backward(self, d_outputs: LossOutputs) -> Gradients:
        d_logits = self._gradient(d_outputs.loss)
        return Gradients(NoParams(), SoftmaxCrossEntropyInputs(d_logits, None, None))


class BinaryPlan(LossPlan):
    """A thread a step."""

    def forward(self, inputs: BinaryCrossEntropyInputs) -> LossOutputs:
        self._inputs = inputs
        num_tokens = self._counted(inputs)
        count, B = inputs.logits.size, len(inputs.lengths)
        grid, block = elementwise(count, self.runtime.properties)
        self._kernel("binary_cross_entropy")(
            grid,
            block,
            inputs.logits,
            inputs.targets,
            inputs.lengths,
            self._losses,
            self._d_logits,
            num_tokens,
            count,
            B,
            inputs.positive_weight,
        )
        return self._reduced(inputs, num_tokens)

    def backward(self, d_outputs: LossOutputs) -> Gradients:
        d_logits = self._gradient(d_outputs.loss)
        return Gradients(NoParams(), BinaryCrossEntropyInputs(d_logits, None, None))


class SoftmaxCrossEntropy(CudaImplementation):
    """Serves every size in float32 and float64."""

    plan_type = SoftmaxPlan


class BinaryCrossEntropy(CudaImplementation):
    """Serves every size in float32 and float64."""

    plan_type = BinaryPlan
