"""A04: cross-entropy from logits, masked by lengths, with a named reduction; softmax here.

`sum` adds the loss of every step (the notes), `token_mean` divides that by the number of steps
inside the lengths, `none` keeps (T, B). The loss of a sequence is the sum over t of its steps'; the
notes equate it with one step's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from seqbench.interfaces import Array, Backend, Contract, Gradients, RangeError, ShapeError

from ._cell import check_shape, step_masks, validate_lengths, zeros
from ._ids import check_ids

REDUCTIONS = ("sum", "token_mean", "none")


@dataclass(frozen=True, slots=True)
class NoParams:
    """A kernel without parameters."""


@dataclass(frozen=True, slots=True)
class LossOutputs:
    """loss : 0-d, in nats; (T, B), zero past each length, where the reduction is `none`.

    As `d_outputs`, None stands for one: the gradient of the loss itself.
    """

    loss: Array


@dataclass(frozen=True, slots=True)
class SoftmaxCrossEntropyInputs:
    """A padded batch of scores and the ids they should favour.

    logits : (T, B, V); targets : (T, B) int32 in [0, V), ignored past the lengths
    lengths : (B,) int32, each in [0, T]; reduction : one of REDUCTIONS
    label_smoothing : share of the target distribution spread evenly over all V (Szegedy et al.
        2016, section 7), in [0, 1)
    """

    logits: Array
    targets: Array
    lengths: Array
    reduction: str = "sum"
    label_smoothing: float = 0.0


class SoftmaxDims(NamedTuple):
    """Time, batch, vocabulary size."""

    T: int
    B: int
    V: int


@dataclass(frozen=True, slots=True)
class SoftmaxCache:
    """What forward keeps for backward."""

    probs: Array  # (T, B, V)


def reduce_loss(losses: Array, lengths: Array, reduction: str, *, xp: Any) -> Array:
    """(T, B), zero past the lengths, to what `reduction` names."""
    if reduction == "none":
        return losses
    if reduction == "sum":
        return losses.sum()
    return losses.sum() / num_tokens(lengths, losses.dtype, xp=xp)


def num_tokens(lengths: Array, dtype: Any, *, xp: Any) -> Array:
    """0-d: steps inside the lengths, at least 1 so that an empty batch costs 0."""
    return xp.maximum(lengths.sum(), 1).astype(dtype)


def step_scale(
    d_loss: Array | None, inside: Array, lengths: Array, reduction: str, dtype: Any, *, xp: Any
) -> Array:
    """(T, B): the gradient of the reduced loss by each step's, zero past the lengths."""
    scale = xp.where(inside, xp.ones_like(inside, dtype=dtype), 0)
    if d_loss is not None:
        scale = xp.where(inside, scale * d_loss, 0)
    if reduction == "token_mean":
        scale = scale / num_tokens(lengths, dtype, xp=xp)
    return scale


def softmax_dims(params: NoParams, inputs: SoftmaxCrossEntropyInputs) -> SoftmaxDims:
    return SoftmaxDims(*inputs.logits.shape)


def softmax_cache(dims: SoftmaxDims, dtype: str, *, backend: Backend) -> SoftmaxCache:
    return SoftmaxCache(zeros(tuple(dims), dtype, backend))


def softmax_forward(
    params: NoParams, inputs: SoftmaxCrossEntropyInputs, cache: SoftmaxCache, *, backend: Backend
) -> LossOutputs:
    """-log softmax(logits)[target], the log-sum-exp shifted by the largest logit."""
    xp, smoothing = backend.xp, inputs.label_smoothing
    inside, logits, targets = _inside(inputs, xp=xp)
    shifted = logits - logits.max(axis=-1, keepdims=True)
    unnormalised = xp.exp(shifted)
    total = unnormalised.sum(axis=-1, keepdims=True)
    cache.probs[: len(logits)] = unnormalised / total
    at_target = xp.take_along_axis(shifted, targets[..., None], axis=-1)[..., 0]
    expected = at_target
    if smoothing:
        expected = (1 - smoothing) * at_target + smoothing * shifted.mean(axis=-1)
    losses = xp.where(inside, xp.log(total[..., 0]) - expected, 0)
    return LossOutputs(reduce_loss(losses, inputs.lengths, inputs.reduction, xp=xp))


def softmax_backward(
    d_out: LossOutputs,
    params: NoParams,
    inputs: SoftmaxCrossEntropyInputs,
    cache: SoftmaxCache,
    *,
    backend: Backend,
) -> Gradients:
    """(softmax - target distribution) times the step's scale."""
    xp, smoothing = backend.xp, inputs.label_smoothing
    inside, logits, targets = _inside(inputs, xp=xp)
    steps, _, V = logits.shape
    dtype = logits.dtype
    scale = step_scale(d_out.loss, inside, inputs.lengths, inputs.reduction, dtype, xp=xp)
    d_logits = cache.probs[:steps] - smoothing / V  # d log(total) = probs
    is_target = targets[..., None] == xp.arange(V, dtype=targets.dtype)
    d_logits = xp.where(is_target, d_logits - (1 - smoothing), d_logits) * scale[..., None]
    return Gradients(NoParams(), SoftmaxCrossEntropyInputs(d_logits, None, None))


def _inside(inputs: SoftmaxCrossEntropyInputs, *, xp: Any) -> tuple[Array, Array, Array]:
    """(T, B) bool, and the logits and targets with zeros past the lengths."""
    mask = step_masks(inputs.lengths, len(inputs.logits), xp=xp)  # (T, B, 1)
    inside = mask[..., 0]
    targets = xp.where(inside, inputs.targets, 0)
    return inside, xp.where(mask, inputs.logits, 0), targets


def softmax_validate(params: NoParams, inputs: SoftmaxCrossEntropyInputs) -> None:
    name = "softmax_cross_entropy"
    if inputs.logits.ndim != 3 or inputs.logits.shape[2] == 0:
        raise ShapeError(
            f"{name}: logits have shape {tuple(inputs.logits.shape)}, expected (T, B, V) with "
            "V >= 1; transpose to time-major or add the missing axis"
        )
    steps, batch, vocab_size = inputs.logits.shape
    check_shape(name, "targets", inputs.targets, (steps, batch))
    validate_lengths(name, inputs.lengths, steps, batch)
    check_reduction(name, inputs.reduction)
    if not 0 <= inputs.label_smoothing < 1:
        raise RangeError(
            f"{name}: label_smoothing is {inputs.label_smoothing}, expected at least 0 and below "
            "1; 0 turns it off"
        )
    check_ids(name, "targets", inputs.targets, vocab_size, inputs.lengths)


def check_reduction(operation: str, reduction: str) -> None:
    if reduction not in REDUCTIONS:
        raise RangeError(
            f"{operation}: reduction is {reduction!r}, expected one of {', '.join(REDUCTIONS)}; "
            "sum adds all steps, token_mean divides by the steps inside the lengths"
        )


def softmax_flops(dims: SoftmaxDims, grad: bool) -> int:
    """Maximum, difference, exp and sum a logit; backward a division, a difference, a product."""
    return dims.T * dims.B * dims.V * (7 if grad else 4)


def softmax_bytes(dims: SoftmaxDims, grad: bool, itemsize: int) -> int:
    """The logits once, ids and a loss a step; with backward the gradient is written once."""
    rows = dims.T * dims.B
    return itemsize * rows * (dims.V * (2 if grad else 1)) + 4 * rows + 4 * dims.B


def softmax_transcendentals(dims: SoftmaxDims, grad: bool) -> int:
    """An exponential a logit and a logarithm a step; backward works on what was kept."""
    return dims.T * dims.B * (dims.V + 1)


SOFTMAX_CROSS_ENTROPY = Contract(
    id="A04",
    kind="loss",
    name="softmax_cross_entropy",
    summary="softmax and cross-entropy in one, from logits",
    source="Bridle (1990); label smoothing: Szegedy et al. (2016), section 7",
    Params=NoParams,
    Inputs=SoftmaxCrossEntropyInputs,
    Outputs=LossOutputs,
    Dims=SoftmaxDims,
    dims=softmax_dims,
    validate=softmax_validate,
    flops=softmax_flops,
    bytes=softmax_bytes,
    transcendentals=softmax_transcendentals,
    cache=softmax_cache,
    forward=softmax_forward,
    backward=softmax_backward,
)
