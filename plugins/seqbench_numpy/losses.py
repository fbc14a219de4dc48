"""A04's softmax cross-entropy, tuned: one visit to each row, and the gradient in the same visit.

A block of rows small enough for the cache is shifted, exponentiated, summed and scaled in place in
the buffer of the gradient, so logits are read from memory once and the gradient written once.
Blocks hold rows inside the lengths only; padding costs nothing but its zeros. Backward returns that
buffer; it computes only where `d_outputs.loss` is given.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from seqbench.interfaces import Backend, Contract, Gradients, Implementation, Plan, UnsupportedError
from seqbench.kernels.losses import (
    LossOutputs,
    NoParams,
    SoftmaxCrossEntropyInputs,
    SoftmaxDims,
)

BLOCK_BYTES = 512 * 1024
"""Of logits in one go: about a second-level cache; half and twice as much were slower."""


class SoftmaxCrossEntropy(Implementation):
    """Serves every size in float32 and float64."""

    tier = "own"

    def __init__(self, contract: Contract, backend: Backend) -> None:
        self.contract, self.backend = contract, backend
        self.impl_id = f"numpy.{contract.name}"
        self.dtypes = contract.dtypes

    def _plan(self, dims: Any, dtype: str, *, grad: bool) -> Plan:
        return SoftmaxCrossEntropyPlan(dims, np.dtype(dtype), grad)


class SoftmaxCrossEntropyPlan(Plan):
    """A block, a loss a row, and with `grad` the gradient (T, B, V); T is a capacity."""

    def __init__(self, dims: SoftmaxDims, dtype: np.dtype, grad: bool) -> None:
        T, B, V = dims
        self._rows = max(1, min(BLOCK_BYTES // (V * dtype.itemsize), T * B))
        self._block = np.empty((self._rows, V), dtype)
        self._ones = np.ones(V, dtype)
        self._losses = np.empty(T * B, dtype)
        self._d_logits = np.empty((T * B, V), dtype) if grad else None
        self._scaled: np.ndarray | None = None  # made when d_outputs.loss is first given
        self._inputs: Any = None

    @property
    def nbytes(self) -> int:  # type: ignore[override]
        """Bytes held by every buffer."""
        held = (self._block, self._ones, self._losses, self._d_logits, self._scaled)
        return sum(a.nbytes for a in held if a is not None)

    def load(self, params: NoParams) -> None:
        """There is nothing to take."""

    def forward(self, inputs: SoftmaxCrossEntropyInputs) -> LossOutputs:
        self._inputs = inputs
        T, B, V = inputs.logits.shape
        inside = (np.arange(T)[:, None] < inputs.lengths).reshape(-1)  # (TB,)
        rows = np.flatnonzero(inside)
        losses = self._losses[: T * B]
        losses[:] = 0
        if self._d_logits is not None and len(rows) < T * B:
            self._d_logits[: T * B][~inside] = 0
        flat, targets = inputs.logits.reshape(-1, V), inputs.targets.reshape(-1)
        scale = 1 / max(1, len(rows)) if inputs.reduction == "token_mean" else 1.0
        for first in range(0, len(rows), self._rows):
            some = _as_slice(rows[first : first + self._rows])
            losses[some] = self._block_loss(flat, targets[some], some, inputs, scale)
        if inputs.reduction == "none":
            return LossOutputs(losses.reshape(T, B))
        return LossOutputs(losses.sum() * losses.dtype.type(scale))

    def _block_loss(self, flat, targets, rows, inputs, scale: float) -> np.ndarray:
        """(rows,) losses of some rows; leaves their gradient where `grad` asks for it."""
        smoothing, V = inputs.label_smoothing, flat.shape[1]
        d_logits = self._d_logits
        direct = d_logits is not None and isinstance(rows, slice)
        block = d_logits[rows] if direct else self._block[: len(targets)]  # type: ignore[index]
        logits = flat[rows]
        each = np.arange(len(targets))
        largest = logits.max(axis=1)
        np.subtract(logits, largest[:, None], out=block)
        expected = block[each, targets]
        if smoothing:
            expected = (1 - smoothing) * expected + smoothing * block.mean(axis=1)
        np.exp(block, out=block)
        total = block @ self._ones  # half the time of block.sum(axis=1)
        if d_logits is not None:
            self._block_gradient(block, total, each, targets, smoothing / V, scale, smoothing)
            if not direct:
                d_logits[rows] = block
        return np.log(total) - expected

    def _block_gradient(self, block, total, each, targets, share, scale, smoothing) -> None:
        """exp(shifted) to (softmax - target distribution) times `scale`, in place."""
        np.multiply(block, (scale / total)[:, None], out=block)
        if smoothing:
            np.subtract(block, share * scale, out=block)
        block[each, targets] -= (1 - smoothing) * scale

    def backward(self, d_outputs: LossOutputs) -> Gradients:
        if self._d_logits is None:
            raise UnsupportedError(
                "softmax_cross_entropy: this plan was made with grad=False and has no gradient; "
                "ask for plan(dims, dtype, grad=True)"
            )
        shape = self._inputs.logits.shape
        rows = shape[0] * shape[1]
        d_logits = self._d_logits[:rows].reshape(shape)
        if d_outputs.loss is not None:
            if self._scaled is None:
                self._scaled = np.empty_like(self._d_logits)
            scaled = self._scaled[:rows].reshape(shape)
            d_logits = np.multiply(d_logits, self._factor(d_outputs.loss), out=scaled)
        return Gradients(NoParams(), SoftmaxCrossEntropyInputs(d_logits, None, None))

    def _factor(self, d_loss: np.ndarray) -> np.ndarray:
        """d_loss to multiply (T, B, V) by, without what stands past the lengths."""
        if self._inputs.reduction != "none":
            return d_loss
        steps = np.arange(len(d_loss))[:, None]
        return np.where(steps < self._inputs.lengths, d_loss, 0)[..., None].astype(d_loss.dtype)


def _as_slice(rows: np.ndarray) -> np.ndarray | slice:
    """The same rows as a slice where they have no gaps: a view instead of a copy."""
    first, last = int(rows[0]), int(rows[-1])
    return slice(first, last + 1) if last - first + 1 == len(rows) else rows
