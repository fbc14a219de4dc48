"""A35, connectionist temporal classification: -log of the summed probability of all alignments.

Graves et al. (2006), section 4.1 and equation 16, in log space instead of rescaled, float64 inside
whatever the logits are. An alignment gives every frame a label or the blank; collapsing it merges
equal neighbours that no blank separates, then drops the blanks. (The notes call the blank "black".)

What has no alignment: T < L + adjacent equal labels, T = 0 < L, or all alignments meet a logit of
-inf. Its loss is inf and its gradient NaN, as torch has it: a derivative does not exist, and
whoever trains hears of it. With `zero_infinity` both are 0. T = L = 0 costs 0, and L = 0 costs
-sum log p(blank).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

from seqbench.interfaces import (
    Array,
    Backend,
    Contract,
    Gradients,
    RangeError,
    ShapeError,
)

from ._cell import step_masks, validate_lengths, zeros
from ._ctc import (
    LabelStates,
    check_blank,
    check_frames,
    check_label_lengths,
    check_logits,
    frame_steps,
    frame_transcendentals,
    label_states,
    log_sum,
)
from ._ids import check_ids, inside_lengths
from ._math import log_softmax
from .losses import LossOutputs, NoParams, check_reduction


@dataclass(frozen=True, slots=True)
class CTCInputs:
    """A padded batch of scores and the labellings they should favour.

    logits : (T, B, V), softmax is applied here; lengths : (B,) int32, each in [0, T]
    targets : (B, L) int32 in [0, V), never blank_id; target_lengths : (B,) int32, each in [0, L]
    reduction : `sum`; `token_mean`, that divided by the number of labels (at least 1); `none`,
        (B,). torch's `mean` is another: it divides each loss by its own number of labels first.
    zero_infinity : whether what has no alignment costs 0 with gradient 0, instead of inf with NaN
    """

    logits: Array
    targets: Array
    lengths: Array
    target_lengths: Array
    blank_id: int = 0
    reduction: str = "sum"
    zero_infinity: bool = False


class CTCDims(NamedTuple):
    """Time, batch, vocabulary with the blank, label length."""

    T: int
    B: int
    V: int
    L: int


@dataclass(frozen=True, slots=True)
class CTCCache:
    """What forward keeps for backward, float64."""

    log_probs: Array  # (T, B, V), of zeros past the lengths
    alpha: Array  # (T + 1, B, S) log mass in each state after t frames; alpha[0] is before any
    log_likelihood: Array  # (B,), -inf without an alignment


def ctc_dims(params: NoParams, inputs: CTCInputs) -> CTCDims:
    T, B, V = inputs.logits.shape
    return CTCDims(T, B, V, inputs.targets.shape[1])


def ctc_cache(dims: CTCDims, dtype: str, *, backend: Backend) -> CTCCache:
    T, B, V, L = dims
    return CTCCache(
        log_probs=zeros((T, B, V), "float64", backend),
        alpha=zeros((T + 1, B, 2 * L + 1), "float64", backend),
        log_likelihood=zeros((B,), "float64", backend),
    )


def ctc_forward(
    params: NoParams, inputs: CTCInputs, cache: CTCCache, *, backend: Backend
) -> LossOutputs:
    """Before the first frame all mass is in the first blank; a frame moves it by 0, 1 or 2 states.

    That start reproduces Graves' first frame (states 0 and 1) and makes T = 0 no special case.
    """
    xp, steps = backend.xp, len(inputs.logits)
    inside = step_masks(inputs.lengths, steps, xp=xp)
    logits = xp.where(inside, inputs.logits, 0).astype(xp.float64)
    cache.log_probs[:steps] = log_softmax(logits, xp=xp)
    states = _states(inputs, xp=xp)
    emitted = _emitted(cache.log_probs[:steps], states, xp=xp)
    alpha = cache.alpha
    alpha[0] = -math.inf
    alpha[0, :, 0] = 0
    for t in range(steps):
        moved = _inflow(alpha[t], states, xp=xp) + emitted[t]
        alpha[t + 1] = xp.where(inside[t], moved, alpha[t])
    ends = xp.where(states.last, _inflow(alpha[steps], states, xp=xp), -math.inf)
    cache.log_likelihood[:] = ends.max(axis=1)  # one state is the last
    return LossOutputs(_reduced(cache.log_likelihood, inputs, xp=xp))


def _states(inputs: CTCInputs, *, xp: Any) -> LabelStates:
    return label_states(inputs.targets, inputs.target_lengths, inputs.blank_id, xp=xp)


def _emitted(log_probs: Array, states: LabelStates, *, xp: Any) -> Array:
    """(T, B, S): log p of each state's label, -inf on states that are not there."""
    batch = xp.arange(log_probs.shape[1])[:, None]
    return xp.where(states.valid, log_probs[:, batch, states.labels], -math.inf)


def _inflow(alpha: Array, states: LabelStates, *, xp: Any) -> Array:
    """(B, S): log mass that the next frame can bring into each state."""
    padded = xp.concatenate([xp.full((len(alpha), 2), -math.inf), alpha], axis=1)
    skipped = xp.where(states.skip, padded[:, :-2], -math.inf)
    return log_sum(alpha, padded[:, 1:-1], skipped, xp=xp)


def _outflow(ahead: Array, states: LabelStates, *, xp: Any) -> Array:
    """(B, S): the transpose of `_inflow`, log mass ahead of each state."""
    nothing = xp.full((len(ahead), 2), -math.inf)
    padded = xp.concatenate([ahead, nothing], axis=1)
    skipping = xp.concatenate([xp.where(states.skip, ahead, -math.inf), nothing], axis=1)
    return log_sum(ahead, padded[:, 1:-1], skipping[:, 2:], xp=xp)


def _reduced(log_likelihood: Array, inputs: CTCInputs, *, xp: Any) -> Array:
    losses = 0 - log_likelihood  # 0 stays +0
    if inputs.zero_infinity:
        losses = xp.where(losses == math.inf, 0, losses)
    if inputs.reduction != "none":
        losses = losses.sum()
    if inputs.reduction == "token_mean":
        losses = losses / num_labels(inputs.target_lengths, xp=xp)
    return losses.astype(inputs.logits.dtype)


def num_labels(target_lengths: Array, *, xp: Any) -> Array:
    """0-d: the labels of the batch, at least 1 so that an empty batch costs 0."""
    return xp.maximum(target_lengths.sum(), 1).astype(xp.float64)


def ctc_backward(
    d_out: LossOutputs, params: NoParams, inputs: CTCInputs, cache: CTCCache, *, backend: Backend
) -> Gradients:
    """Softmax minus the posterior of each label in each frame, times the sequence's scale."""
    xp, steps = backend.xp, len(inputs.logits)
    inside = step_masks(inputs.lengths, steps, xp=xp)
    log_probs = cache.log_probs[:steps]
    states = _states(inputs, xp=xp)
    posterior = _posterior(inputs, states, cache, inside, xp=xp)  # (T, B, S)
    labels = _by_label(posterior, states, log_probs.shape[2], backend)
    scale = loss_scale(d_out.loss, inputs, xp=xp)
    possible = cache.log_likelihood[:, None] > -math.inf
    impossible = 0.0 if inputs.zero_infinity else math.nan
    d_logits = xp.where(possible, (xp.exp(log_probs) - labels) * scale[:, None], impossible)
    d_logits = xp.where(inside, d_logits, 0).astype(inputs.logits.dtype)
    return Gradients(NoParams(), CTCInputs(d_logits, None, None, None))


def _posterior(
    inputs: CTCInputs, states: LabelStates, cache: CTCCache, inside: Array, *, xp: Any
) -> Array:
    """(T, B, S): the share of the alignments' mass that is in each state at each frame.

    Behind the last frame all mass must be in the last blank.
    """
    steps = len(inside)
    emitted = _emitted(cache.log_probs[:steps], states, xp=xp)
    log_likelihood = cache.log_likelihood[:, None]
    total = xp.where(log_likelihood > -math.inf, log_likelihood, 0)
    posterior = xp.zeros(emitted.shape)
    ahead = xp.where(states.last, 0.0, -math.inf)
    for t in range(steps - 1, -1, -1):
        beta = _outflow(ahead, states, xp=xp)
        through = xp.exp(cache.alpha[t + 1] + beta - total)
        posterior[t] = xp.where(inside[t], through, 0)
        ahead = xp.where(inside[t], beta + emitted[t], ahead)
    return posterior


def _by_label(posterior: Array, states: LabelStates, vocab_size: int, backend: Backend) -> Array:
    """(T, B, V): the states of equal labels added up."""
    xp = backend.xp
    T, B, S = posterior.shape
    ids = xp.arange(B, dtype=xp.int32)[:, None] * vocab_size + states.labels
    rows = xp.ascontiguousarray(posterior.transpose(1, 2, 0)).reshape(B * S, T)
    by_label = xp.zeros((B * vocab_size, T))
    backend.scatter_add(by_label, ids.reshape(-1), rows)
    return by_label.reshape(B, vocab_size, T).transpose(2, 0, 1)


def loss_scale(d_loss: Array | None, inputs: CTCInputs, *, xp: Any) -> Array:
    """(B,) float64: the gradient of the reduced loss by each sequence's."""
    scale = xp.ones(inputs.target_lengths.shape)
    if d_loss is not None:
        scale = scale * d_loss
    if inputs.reduction == "token_mean":
        scale = scale / num_labels(inputs.target_lengths, xp=xp)
    return scale


def ctc_validate(params: NoParams, inputs: CTCInputs) -> None:
    check_logits("ctc", inputs.logits)
    steps, batch, vocab_size = inputs.logits.shape
    if inputs.targets.ndim != 2 or len(inputs.targets) != batch:
        raise ShapeError(
            f"ctc: targets are {tuple(inputs.targets.shape)}, expected (B, L) with B = {batch}; "
            "labels are batch-major, logits are time-major"
        )
    validate_lengths("ctc", inputs.lengths, steps, batch)
    check_label_lengths("ctc", inputs.target_lengths, batch, inputs.targets.shape[1])
    check_reduction("ctc", inputs.reduction)
    check_blank("ctc", inputs.blank_id, vocab_size)
    check_ids("ctc", "targets", inputs.targets.T, vocab_size, inputs.target_lengths)
    is_blank = (inputs.targets == inputs.blank_id).T
    if bool((is_blank & inside_lengths(is_blank, inputs.target_lengths)).any()):
        raise RangeError(
            f"ctc: one of the targets is {inputs.blank_id}, the blank, expected labels alone; "
            "leave blanks out, the loss puts them in"
        )
    check_frames("ctc", inputs.logits, inputs.lengths)


def ctc_flops(dims: CTCDims, grad: bool) -> int:
    """A logit: softmax 5, its gradient 3. A state: the sum of three logarithms 10, its emission."""
    T, B, V, L = dims
    S = 2 * L + 1
    return T * B * (5 * V + 11 * S + (3 * V + 14 * S) * grad)


def ctc_bytes(dims: CTCDims, grad: bool, itemsize: int) -> int:
    """The logits once, labels and lengths; with backward the gradient is written once."""
    T, B, V, L = dims
    return itemsize * (T * B * V * (2 if grad else 1) + B) + 4 * B * (L + 2)


CTC = Contract(
    id="A35",
    kind="loss",
    name="ctc",
    summary="connectionist temporal classification, from logits",
    source="Graves et al. (2006), section 4.1",
    Params=NoParams,
    Inputs=CTCInputs,
    Outputs=LossOutputs,
    Dims=CTCDims,
    dims=ctc_dims,
    validate=ctc_validate,
    flops=ctc_flops,
    bytes=ctc_bytes,
    steps=frame_steps,
    transcendentals=frame_transcendentals,
    cache=ctc_cache,
    forward=ctc_forward,
    backward=ctc_backward,
)
