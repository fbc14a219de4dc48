"""A36, prefix beam search: the likeliest labellings, alignments of equal prefixes added up.

Graves (2012), section 7.5, and Hannun et al. (2014), algorithm 1. A prefix carries the mass of its
alignments that end in a blank and of those that end in its last label; a frame keeps it (a blank,
or the last label again) or extends it; an extension that is itself in the beam adds its mass there.
Prefixes are told apart by a 64-bit hash. A beam that holds every prefix gives exact posteriors.
A language model enters as an automaton over labels: rank = log P + the sum of its bonuses, which
the driver makes of alpha log p_lm + beta a label. Of equal ranks the lowest candidate wins: kept
prefixes by slot, then extensions by slot and label.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from seqbench.interfaces import Array, Backend, Contract, RangeError

from ._cell import step_masks
from ._ctc import check_automaton, check_search_input, frame_steps, frame_transcendentals, log_sum
from ._math import log_softmax

MULTIPLIER = 0x9E3779B97F4A7C15


@dataclass(frozen=True, slots=True)
class CTCBeamParams:
    """Nothing is learnt."""


@dataclass(frozen=True, slots=True)
class CTCBeamInputs:
    """logits : (T, B, V); lengths : (B,) int32, each in [0, T]; width : K, prefixes kept
    n_best : labellings told, at most K; blank_id : in [0, V)

    The language model over G states, all three or none; state 0 is the start:
    bonus : (G, V) same dtype, what a label adds to the rank, in nats, -inf to forbid it
    next_state : (G, V) int32; final : (G,) same dtype, what ending there adds
    """

    logits: Array
    lengths: Array
    width: int = 10
    n_best: int = 1
    blank_id: int = 0
    bonus: Array | None = None
    next_state: Array | None = None
    final: Array | None = None


@dataclass(frozen=True, slots=True)
class CTCBeamOutputs:
    """Labellings, best first.

    labels : (B, n_best, T) int32, blank_id past the label lengths; label_lengths : (B, n_best)
    scores : (B, n_best), log P in nats of the alignments that stayed in the beam; -inf is empty
    ranks : (B, n_best), scores and what the language model added
    """

    labels: Array
    label_lengths: Array
    scores: Array | None
    ranks: Array | None


class CTCBeamDims(NamedTuple):
    """Time, batch, vocabulary with the blank, beam width."""

    T: int
    B: int
    V: int
    K: int


@dataclass(frozen=True, slots=True)
class Prefixes:
    """The beam: (B, K) each.

    ending_blank, ending_label : log mass; last : int64, -1 for none; key, parent_key : uint64
    prior : what the language model added; state : int64, where its automaton is
    """

    ending_blank: Array
    ending_label: Array
    last: Array
    key: Array
    parent_key: Array
    prior: Array
    state: Array

    def fields(self) -> tuple[Array, ...]:
        return tuple(getattr(self, name) for name in self.__slots__)


def first_prefixes(B: int, K: int, *, xp: Any) -> Prefixes:
    """The empty prefix in slot 0, nothing else."""
    nothing = xp.full((B, K), -math.inf)
    root = xp.where(xp.arange(K)[None, :] == 0, 0.0, nothing)
    ids = xp.zeros((B, K), dtype=xp.int64)
    keys = xp.ones((B, K), dtype=xp.uint64)
    return Prefixes(root, nothing, ids - 1, keys, xp.zeros_like(keys), xp.zeros((B, K)), ids)


def extended_key(key: Array, label: Array, *, xp: Any) -> Array:
    """The hash of a prefix and one label more."""
    mixed = (key ^ (label + 1).astype(xp.uint64)) * xp.uint64(MULTIPLIER)
    return mixed ^ (mixed >> xp.uint64(29))


def ctc_beam_forward(
    params: CTCBeamParams, inputs: CTCBeamInputs, cache: None, *, backend: Backend
) -> CTCBeamOutputs:
    xp, K = backend.xp, inputs.width
    T, B, _ = inputs.logits.shape
    inside = step_masks(inputs.lengths, T, xp=xp)  # (T, B, 1)
    logits = xp.where(inside, inputs.logits, 0).astype(xp.float64)
    log_probs = log_softmax(logits, xp=xp)
    beam = first_prefixes(B, K, xp=xp)
    own = xp.broadcast_to(xp.arange(K), (B, K))
    labels, parents = xp.full((T, B, K), -1), xp.zeros((T, B, K), dtype=xp.int64)
    for t in range(T):
        found, parent, label = _advance(beam, log_probs[t], inputs, xp=xp)
        pairs = zip(found.fields(), beam.fields(), strict=True)
        beam = Prefixes(*(xp.where(inside[t], new, old) for new, old in pairs))
        labels[t] = xp.where(inside[t], label, -1)
        parents[t] = xp.where(inside[t], parent, own)
    scores = log_add(beam.ending_blank, beam.ending_label, xp=xp)
    return best_labellings(inputs, scores, beam.prior, beam.state, labels, parents, xp=xp)


def log_add(a: Array, b: Array, *, xp: Any) -> Array:
    return log_sum(a, b, xp.full(a.shape, -math.inf), xp=xp)


def _advance(
    beam: Prefixes, log_probs: Array, inputs: CTCBeamInputs, *, xp: Any
) -> tuple[Prefixes, Array, Array]:
    """(the next beam, (B, K) the slot each continues, (B, K) its new label or -1) after a frame."""
    B, V = log_probs.shape
    K, blank_id = inputs.width, inputs.blank_id
    batch = xp.arange(B)[:, None]
    total = log_add(beam.ending_blank, beam.ending_label, xp=xp)
    at_last = log_probs[batch, xp.where(beam.last < 0, blank_id, beam.last)]
    repeats = beam.last[:, :, None] == xp.arange(V)[None, None, :]
    mass = xp.where(repeats, beam.ending_blank[:, :, None], total[:, :, None])
    extended = mass + log_probs[:, None, :]  # (B, K, V)
    extended[:, :, blank_id] = -math.inf
    # An extension that is in the beam gives it its mass and is no candidate of its own.
    matched, origin = parents_in_beam(beam, xp=xp)
    column = xp.where(matched, beam.last, blank_id)
    slot = xp.where(matched, origin, xp.arange(K)[None, :])
    arriving = extended[batch, slot, column]
    extended[batch, slot, column] = -math.inf
    kept_blank = total + log_probs[:, blank_id][:, None]
    kept_label = log_add(beam.ending_label + at_last, arriving, xp=xp)
    ranks = extended + beam.prior[:, :, None]
    if inputs.bonus is not None:
        ranks = ranks + inputs.bonus[beam.state]
    kept = log_add(kept_blank, kept_label, xp=xp) + beam.prior
    candidates = xp.concatenate([kept, ranks.reshape(B, K * V)], axis=1)
    order = xp.argsort(-candidates, axis=1, kind="stable")[:, :K]
    value = xp.take_along_axis(candidates, order, axis=1)
    parent, label = origins(order, K, V, xp=xp)
    is_new = label >= 0
    after = successors(beam, inputs, parent, label, value > -math.inf, xp=xp)
    gained = extended[batch, parent, xp.where(is_new, label, 0)]
    kept_blank = xp.take_along_axis(kept_blank, parent, axis=1)
    kept_label = xp.take_along_axis(kept_label, parent, axis=1)
    there = value != -math.inf
    after = replace(
        after,
        ending_blank=xp.where(is_new | (value == -math.inf), -math.inf, kept_blank),
        ending_label=xp.where(there, xp.where(is_new, gained, kept_label), -math.inf),
    )
    return after, parent, xp.where(there, label, -1)


def parents_in_beam(beam: Prefixes, *, xp: Any) -> tuple[Array, Array]:
    """(B, K) bool, whether the prefix without its last label is in the beam too, and its slot."""
    is_parent = beam.key[:, :, None] == beam.parent_key[:, None, :]  # (B, parent, child)
    is_parent = is_parent & (beam.last >= 0)[:, None, :]
    return is_parent.any(axis=1), is_parent.argmax(axis=1)


def origins(order: Array, K: int, V: int, *, xp: Any) -> tuple[Array, Array]:
    """Flat candidates to the slot they continue and their label, -1 for a kept prefix."""
    is_new, flat = order >= K, xp.where(order >= K, order - K, 0)
    return xp.where(is_new, flat // V, order), xp.where(is_new, flat % V, -1)


def successors(
    beam: Prefixes, inputs: CTCBeamInputs, parent: Array, label: Array, there: Array, *, xp: Any
) -> Prefixes:
    """The chosen prefixes, their masses still those of their parents; empty slots have no last."""

    def of_parent(values: Array) -> Array:
        return xp.take_along_axis(values, parent, axis=1)

    is_new = label >= 0
    key, state, prior = of_parent(beam.key), of_parent(beam.state), of_parent(beam.prior)
    column = xp.where(is_new, label, 0)
    if inputs.bonus is not None and inputs.next_state is not None:
        gained = inputs.bonus[state, column]
        prior = xp.where(is_new & there, prior + xp.where(there, gained, 0), prior)
        state = xp.where(is_new, inputs.next_state[state, column], state)
    last = xp.where(is_new, label, of_parent(beam.last))
    return Prefixes(
        ending_blank=beam.ending_blank,
        ending_label=beam.ending_label,
        last=xp.where(there, last, -1),
        key=xp.where(is_new, extended_key(key, column, xp=xp), key),
        parent_key=xp.where(is_new, key, of_parent(beam.parent_key)),
        prior=prior,
        state=state,
    )


def best_labellings(
    inputs: CTCBeamInputs,
    scores: Array,
    prior: Array,
    state: Array,
    labels: Array,
    parents: Array,
    *,
    xp: Any,
) -> CTCBeamOutputs:
    """Follow the n best slots of the last beam back through labels and parents, (T, B, K) each."""
    ranks = scores + prior
    if inputs.final is not None:
        ranks = ranks + inputs.final[state]
    slot = xp.argsort(-ranks, axis=1, kind="stable")[:, : inputs.n_best]
    dtype = inputs.logits.dtype
    told = [xp.take_along_axis(a, slot, axis=1).astype(dtype) for a in (scores, ranks)]
    emitted = xp.full((len(labels), *slot.shape), -1)
    for t in range(len(labels) - 1, -1, -1):
        emitted[t] = xp.take_along_axis(labels[t], slot, axis=1)
        slot = xp.take_along_axis(parents[t], slot, axis=1)
    order = xp.argsort(emitted < 0, axis=0, kind="stable")  # labels first, in their order
    emitted = xp.take_along_axis(emitted, order, axis=0).transpose(1, 2, 0)  # (B, n_best, T)
    lengths = (emitted >= 0).sum(axis=2).astype(xp.int32)
    padded = xp.where(emitted < 0, inputs.blank_id, emitted).astype(xp.int32)
    return CTCBeamOutputs(xp.ascontiguousarray(padded), lengths, *told)


def ctc_beam_dims(params: CTCBeamParams, inputs: CTCBeamInputs) -> CTCBeamDims:
    T, B, V = inputs.logits.shape
    return CTCBeamDims(T, B, V, inputs.width)


def ctc_beam_validate(params: CTCBeamParams, inputs: CTCBeamInputs) -> None:
    check_search_input("ctc_beam", inputs.logits, inputs.lengths, inputs.blank_id)
    if inputs.width < 1:
        raise RangeError(f"ctc_beam: width is {inputs.width}, expected at least 1; widen the beam")
    if not 1 <= inputs.n_best <= inputs.width:
        raise RangeError(
            f"ctc_beam: n_best is {inputs.n_best}, expected 1 to the width {inputs.width}; widen "
            "the beam"
        )
    tables = (inputs.bonus, inputs.next_state, inputs.final)
    check_automaton("ctc_beam", *tables, inputs.logits.shape[2])


def ctc_beam_flops(dims: CTCBeamDims, grad: bool) -> int:
    """A frame: softmax 5 a logit; 4 a candidate; 30 a prefix, and its match with every other."""
    T, B, V, K = dims
    return T * B * (5 * V + 4 * K * V + K * (30 + K))


def ctc_beam_bytes(dims: CTCBeamDims, grad: bool, itemsize: int) -> int:
    """The logits once, lengths; one labelling, its length and scores."""
    T, B, V, _ = dims
    return itemsize * (T * B * V + 2 * B) + 4 * B * (T + 2)


def ctc_beam_cache(dims: CTCBeamDims, dtype: str, *, backend: Backend) -> None:
    return None


CTC_BEAM = Contract(
    id="A36",
    kind="decoder",
    name="ctc_beam",
    summary="prefix beam search of a CTC model, with or without a language model",
    source="Graves (2012), section 7.5; Hannun et al. (2014), algorithm 1",
    Params=CTCBeamParams,
    Inputs=CTCBeamInputs,
    Outputs=CTCBeamOutputs,
    Dims=CTCBeamDims,
    dims=ctc_beam_dims,
    validate=ctc_beam_validate,
    flops=ctc_beam_flops,
    bytes=ctc_beam_bytes,
    steps=frame_steps,
    transcendentals=frame_transcendentals,
    cache=ctc_beam_cache,
    forward=ctc_beam_forward,
)
