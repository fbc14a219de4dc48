"""A04: cross-entropy of a yes or no at each step, from logits; reductions as in `losses`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from seqbench.interfaces import Array, Backend, Contract, Gradients, RangeError, ShapeError

from ._cell import check_shape, step_masks, validate_lengths, zeros
from ._ids import inside_lengths
from .losses import LossOutputs, NoParams, check_reduction, reduce_loss, step_scale


@dataclass(frozen=True, slots=True)
class BinaryCrossEntropyInputs:
    """A padded batch of scores for a yes or no at each step.

    logits, targets : (T, B); targets in [0, 1]; lengths : (B,) int32; reduction : one of REDUCTIONS
    positive_weight : factor on the loss of a positive target, against imbalance (A37)
    """

    logits: Array
    targets: Array
    lengths: Array
    reduction: str = "sum"
    positive_weight: float = 1.0


class BinaryDims(NamedTuple):
    """Time, batch."""

    T: int
    B: int


@dataclass(frozen=True, slots=True)
class BinaryCache:
    """What forward keeps for backward."""

    probs: Array  # (T, B)


def binary_dims(params: NoParams, inputs: BinaryCrossEntropyInputs) -> BinaryDims:
    return BinaryDims(*inputs.logits.shape)


def binary_cache(dims: BinaryDims, dtype: str, *, backend: Backend) -> BinaryCache:
    return BinaryCache(zeros(tuple(dims), dtype, backend))


def binary_forward(
    params: NoParams, inputs: BinaryCrossEntropyInputs, cache: BinaryCache, *, backend: Backend
) -> LossOutputs:
    """-w y log p - (1 - y) log(1 - p) with p = sigmoid(x), by log(1 + exp(-|x|)): never inf."""
    xp, weight = backend.xp, inputs.positive_weight
    inside, x, y = _binary_inside(inputs, xp=xp)
    small = xp.exp(-xp.abs(x))
    negative_log_p = xp.log1p(small) + xp.maximum(-x, 0)
    cache.probs[: len(x)] = xp.where(x >= 0, 1, small) / (1 + small)
    losses = (1 + (weight - 1) * y) * negative_log_p + (1 - y) * x  # -log(1 - p) = -log p + x
    losses = xp.where(inside, losses, 0)
    return LossOutputs(reduce_loss(losses, inputs.lengths, inputs.reduction, xp=xp))


def binary_backward(
    d_out: LossOutputs,
    params: NoParams,
    inputs: BinaryCrossEntropyInputs,
    cache: BinaryCache,
    *,
    backend: Backend,
) -> Gradients:
    """(1 - y) + (1 + (w - 1) y)(p - 1), which is p - y at w = 1; targets take none."""
    xp, weight = backend.xp, inputs.positive_weight
    inside, x, y = _binary_inside(inputs, xp=xp)
    scale = step_scale(d_out.loss, inside, inputs.lengths, inputs.reduction, x.dtype, xp=xp)
    p = cache.probs[: len(x)]
    d_logits = ((1 + (weight - 1) * y) * (p - 1) + (1 - y)) * scale  # d(-log p) = p - 1
    return Gradients(NoParams(), BinaryCrossEntropyInputs(d_logits, None, None))


def _binary_inside(inputs: BinaryCrossEntropyInputs, *, xp: Any) -> tuple[Array, Array, Array]:
    inside = step_masks(inputs.lengths, len(inputs.logits), xp=xp)[..., 0]
    return inside, xp.where(inside, inputs.logits, 0), xp.where(inside, inputs.targets, 0)


def binary_validate(params: NoParams, inputs: BinaryCrossEntropyInputs) -> None:
    name = "binary_cross_entropy"
    if inputs.logits.ndim != 2:
        raise ShapeError(
            f"{name}: logits have shape {tuple(inputs.logits.shape)}, expected (T, B); "
            "squeeze the last axis or transpose to time-major"
        )
    steps, batch = inputs.logits.shape
    check_shape(name, "targets", inputs.targets, (steps, batch))
    validate_lengths(name, inputs.lengths, steps, batch)
    check_reduction(name, inputs.reduction)
    if not inputs.positive_weight > 0:
        raise RangeError(
            f"{name}: positive_weight is {inputs.positive_weight}, expected above 0; "
            "1 weighs both classes alike"
        )
    outside = ~((inputs.targets >= 0) & (inputs.targets <= 1))  # NaN included
    outside = outside & inside_lengths(inputs.targets, inputs.lengths)
    if outside.any():
        bad = float(inputs.targets[outside][0])
        raise RangeError(f"{name}: a target is {bad}, expected 0 to 1; give labels, not logits")


def binary_flops(dims: BinaryDims, grad: bool) -> int:
    """Ten operations a step forward, eight more backward."""
    return dims.T * dims.B * (18 if grad else 10)


def binary_bytes(dims: BinaryDims, grad: bool, itemsize: int) -> int:
    """Logits and targets once; with backward the gradient once."""
    return itemsize * dims.T * dims.B * (3 if grad else 2) + 4 * dims.B


def binary_transcendentals(dims: BinaryDims, grad: bool) -> int:
    """An exponential and a logarithm a step."""
    return 2 * dims.T * dims.B


BINARY_CROSS_ENTROPY = Contract(
    id="A04",
    kind="loss",
    name="binary_cross_entropy",
    summary="cross-entropy of a yes or no a step, from logits",
    source="Cox (1958)",
    Params=NoParams,
    Inputs=BinaryCrossEntropyInputs,
    Outputs=LossOutputs,
    Dims=BinaryDims,
    dims=binary_dims,
    validate=binary_validate,
    flops=binary_flops,
    bytes=binary_bytes,
    transcendentals=binary_transcendentals,
    cache=binary_cache,
    forward=binary_forward,
    backward=binary_backward,
)
