"""A36, best path decoding: the likeliest label of each frame, collapsed.

Graves et al. (2006), section 3.2. Collapsing merges equal neighbours that no blank separates and
then drops the blanks; it is a mask and a stable sort, so nothing is read back to the host.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from seqbench.interfaces import Array, Backend, Contract

from ._cell import step_masks
from ._ctc import check_search_input, frame_transcendentals
from ._math import log_softmax


@dataclass(frozen=True, slots=True)
class CTCGreedyParams:
    """Nothing is learnt."""


@dataclass(frozen=True, slots=True)
class CTCGreedyInputs:
    """logits : (T, B, V); lengths : (B,) int32, each in [0, T]; blank_id : in [0, V)"""

    logits: Array
    lengths: Array
    blank_id: int = 0


@dataclass(frozen=True, slots=True)
class CTCGreedyOutputs:
    """Labellings.

    labels : (B, T) int32, blank_id past the label lengths; label_lengths : (B,) int32
    scores : (B,), log P of the best path in nats; what it collapses to is at least as likely
    """

    labels: Array
    label_lengths: Array
    scores: Array | None  # None: the peer tells none


class CTCGreedyDims(NamedTuple):
    """Time, batch, vocabulary with the blank."""

    T: int
    B: int
    V: int


def collapse(path: Array, inside: Array, blank_id: int, *, xp: Any) -> tuple[Array, Array]:
    """Labels (B, T) int32, blank_id behind them, and their lengths (B,) int32, of a path (T, B).

    a a _ a b b -> a a b. `inside` (T, B) bool leaves frames out; ties of the sort keep their order.
    """
    changed = xp.concatenate([xp.ones_like(inside[:1]), path[1:] != path[:-1]])
    kept = inside & changed[: len(path)] & (path != blank_id)
    order = xp.argsort(xp.logical_not(kept), axis=0, kind="stable")
    lengths = kept.sum(axis=0).astype(xp.int32)
    labels = xp.take_along_axis(path, order, axis=0)
    steps = xp.arange(len(path), dtype=xp.int32)[:, None]
    labels = xp.where(steps < lengths[None, :], labels, blank_id)
    return xp.ascontiguousarray(labels.T.astype(xp.int32)), lengths


def ctc_greedy_forward(
    params: CTCGreedyParams, inputs: CTCGreedyInputs, cache: None, *, backend: Backend
) -> CTCGreedyOutputs:
    """Of equal logits the lowest id wins."""
    xp = backend.xp
    mask = step_masks(inputs.lengths, len(inputs.logits), xp=xp)  # (T, B, 1)
    log_probs = log_softmax(xp.where(mask, inputs.logits, 0), xp=xp)
    path = log_probs.argmax(axis=2)
    best = xp.where(mask[..., 0], log_probs.max(axis=2), 0)
    labels, lengths = collapse(path, mask[..., 0], inputs.blank_id, xp=xp)
    return CTCGreedyOutputs(labels, lengths, best.sum(axis=0))


def ctc_greedy_dims(params: CTCGreedyParams, inputs: CTCGreedyInputs) -> CTCGreedyDims:
    return CTCGreedyDims(*inputs.logits.shape)


def ctc_greedy_validate(params: CTCGreedyParams, inputs: CTCGreedyInputs) -> None:
    check_search_input("ctc_greedy", inputs.logits, inputs.lengths, inputs.blank_id)


def ctc_greedy_flops(dims: CTCGreedyDims, grad: bool) -> int:
    """A logit: maximum, difference, exponential, sum; a frame: collapsing."""
    return dims.T * dims.B * (4 * dims.V + 6)


def ctc_greedy_bytes(dims: CTCGreedyDims, grad: bool, itemsize: int) -> int:
    """The logits once, labels, lengths and scores."""
    T, B, V = dims
    return itemsize * (T * B * V + B) + 4 * B * (T + 2)


def ctc_greedy_cache(dims: CTCGreedyDims, dtype: str, *, backend: Backend) -> None:
    return None


CTC_GREEDY = Contract(
    id="A36",
    kind="decoder",
    name="ctc_greedy",
    summary="best path of a CTC model, collapsed",
    source="Graves et al. (2006), section 3.2",
    Params=CTCGreedyParams,
    Inputs=CTCGreedyInputs,
    Outputs=CTCGreedyOutputs,
    Dims=CTCGreedyDims,
    dims=ctc_greedy_dims,
    validate=ctc_greedy_validate,
    flops=ctc_greedy_flops,
    bytes=ctc_greedy_bytes,
    transcendentals=frame_transcendentals,
    cache=ctc_greedy_cache,
    forward=ctc_greedy_forward,
)
