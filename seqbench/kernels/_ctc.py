"""What CTC's loss and decoders share: the states of a labelling, shifts along them, checks.

The S = 2L + 1 states of a labelling are its labels with a blank before, between and behind them
(Graves et al. 2006, section 4.1).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from seqbench.interfaces import Array, DtypeError, RangeError, ShapeError

from ._cell import check_shape, validate_lengths
from ._ids import inside_lengths


@dataclass(frozen=True, slots=True)
class LabelStates:
    """labels : (B, S) int32, blank_id on even states and past the length
    valid : (B, S) bool, the first 2 length + 1; skip : (B, S) bool, reachable from two before:
    a label that differs from the one before it; last : (B, S) bool, the state 2 length
    """

    labels: Array
    valid: Array
    skip: Array
    last: Array


def label_states(targets: Array, target_lengths: Array, blank_id: int, *, xp: Any) -> LabelStates:
    """targets : (B, L) int32, anything past the lengths."""
    B, L = targets.shape
    inside = xp.arange(L, dtype=xp.int32)[None, :] < target_lengths[:, None]
    labels = xp.full((B, 2 * L + 1), blank_id, dtype=xp.int32)
    labels[:, 1::2] = xp.where(inside, targets, blank_id)
    skip = xp.zeros((B, 2 * L + 1), dtype=bool)
    skip[:, 3::2] = labels[:, 3::2] != labels[:, 1:-2:2]
    state = xp.arange(2 * L + 1, dtype=xp.int32)[None, :]
    end = 2 * target_lengths[:, None]
    return LabelStates(labels, state <= end, skip & (state <= end), state == end)


def repeats(targets: Array, target_lengths: Array, *, xp: Any) -> Array:
    """(B,) int32: adjacent equal labels, each of which needs a blank between."""
    inside = xp.arange(1, targets.shape[1], dtype=xp.int32)[None, :] < target_lengths[:, None]
    equal = (targets[:, 1:] == targets[:, :-1]) & inside[:, : max(targets.shape[1] - 1, 0)]
    return equal.sum(axis=1).astype(xp.int32)


def log_sum(a: Array, b: Array, c: Array, *, xp: Any) -> Array:
    """log(exp a + exp b + exp c); -inf where all three are."""
    top = xp.maximum(xp.maximum(a, b), c)
    none = top == -math.inf
    shift = xp.where(none, 0, top)
    total = xp.exp(a - shift) + xp.exp(b - shift) + xp.exp(c - shift)
    return xp.where(none, -math.inf, shift + xp.log(xp.where(none, 1, total)))


def check_logits(operation: str, logits: Array) -> None:
    """Raise unless logits are floating (T, B, V) with V >= 1."""
    if logits.ndim != 3 or logits.shape[2] == 0:
        raise ShapeError(
            f"{operation}: logits have shape {tuple(logits.shape)}, expected (T, B, V) with "
            "V >= 1; transpose to time-major or add the missing axis"
        )
    if "float" not in str(logits.dtype):
        raise DtypeError(
            f"{operation}: logits are {logits.dtype}, expected a floating dtype; cast them with "
            "astype"
        )


def check_frames(operation: str, logits: Array, lengths: Array) -> None:
    """Raise where a frame inside the lengths holds NaN, +inf or nothing but -inf."""
    if 0 in logits.shape:
        return
    odd = (logits == math.inf) | (logits != logits)
    dead = (logits == -math.inf).all(axis=2)
    bad = (odd.any(axis=2) | dead) & inside_lengths(dead, lengths)
    if bool(bad.any()):
        found = "nothing but -inf" if bool((dead & bad).any()) else "NaN or +inf"
        raise RangeError(
            f"{operation}: a frame of the logits holds {found}, expected numbers (single logits "
            "may be -inf); look at the model's weights"
        )


def check_blank(operation: str, blank_id: int, vocab_size: int) -> None:
    if not 0 <= blank_id < vocab_size:
        raise RangeError(
            f"{operation}: blank_id is {blank_id}, expected 0 to V - 1 = {vocab_size - 1}; give "
            "the id that the logits have for the blank"
        )


def check_search_input(operation: str, logits: Array, lengths: Array, blank_id: int) -> None:
    """What both decoders ask of their batch."""
    check_logits(operation, logits)
    steps, batch, vocab_size = logits.shape
    validate_lengths(operation, lengths, steps, batch)
    check_blank(operation, blank_id, vocab_size)
    check_frames(operation, logits, lengths)


def check_label_lengths(operation: str, lengths: Array, batch: int, limit: int) -> None:
    """Raise unless target_lengths is (B,) int32 in [0, L]."""
    check_shape(operation, "target_lengths", lengths, (batch,))
    if str(lengths.dtype).removeprefix("torch.") != "int32":
        raise DtypeError(
            f"{operation}: target_lengths are {lengths.dtype}, expected int32; cast them with "
            "astype"
        )
    outside = (lengths < 0) | (lengths > limit)
    if bool(outside.any()):
        raise RangeError(
            f"{operation}: a target length is {int(lengths[outside][0])}, expected 0 to L = "
            f"{limit}; pad the targets further"
        )


def check_automaton(
    operation: str,
    bonus: Array | None,
    next_state: Array | None,
    final: Array | None,
    vocab_size: int,
) -> None:
    """Raise unless a language model is whole: (G, V), (G, V) int32 in [0, G), (G,); or absent."""
    if bonus is None and next_state is None and final is None:
        return
    if bonus is None or next_state is None or final is None:
        raise ShapeError(
            f"{operation}: bonus, next_state and final are given in part, expected all three or "
            "none; make them together from one language model"
        )
    check_shape(operation, "bonus", bonus, (len(bonus), vocab_size))
    check_shape(operation, "next_state", next_state, (len(bonus), vocab_size))
    check_shape(operation, "final", final, (len(bonus),))
    if str(next_state.dtype) != "int32":
        raise DtypeError(
            f"{operation}: next_state is {next_state.dtype}, expected int32; cast it with astype"
        )
    outside = (next_state < 0) | (next_state >= len(bonus))
    if bool(outside.any()):
        raise RangeError(
            f"{operation}: a next_state is {int(next_state[outside][0])}, expected 0 to G - 1 = "
            f"{len(bonus) - 1}; number the states from 0"
        )


def frame_transcendentals(dims: Any, grad: bool) -> int:
    """The softmax of each frame; sums over paths need none in the linear domain."""
    return int(dims.T * dims.B * (dims.V + 1))


def frame_steps(dims: Any) -> int:
    """Each frame starts from the last one's scores."""
    return int(dims.T)
