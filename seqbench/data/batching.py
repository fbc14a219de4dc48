"""Padded time-major batches of a split, in an order that is a function of (seed, epoch)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from seqbench.interfaces import DataError, RangeError, ShapeError, UsageError

from .batch import TranslationBatch
from .bits import Purpose, permutation, philox
from .corpus import Split
from .vocabulary import BOS_ID, EOS_ID

POOL_BATCHES = 50
"""How many batches are sorted by length together: few enough to stay random, many enough that the
sentences of one batch are nearly of one length."""


def training_batches(
    split: Split, *, batch_size: int, seed: int, epoch: int
) -> list[TranslationBatch]:
    """Every pair of the split once, shuffled, with little padding.

    Pairs are shuffled, sorted by (target, source) length within pools of 50 batches, cut into
    batches, and the batches shuffled. Batch n of epoch e is the same whenever it is asked for, so a
    training can resume anywhere. Batches but the last of a pool have `batch_size` pairs.
    """
    _check_batch_size(batch_size)
    generator = philox(seed, Purpose.BATCH_ORDER, epoch)
    order = permutation(len(split), generator)
    pools = _cut(order, POOL_BATCHES * batch_size)
    groups = [g for pool in pools for g in _cut(_by_length(split, pool), batch_size)]
    return [make_batch(split, groups[i]) for i in permutation(len(groups), generator)]


def evaluation_batches(split: Split, batch_size: int) -> list[TranslationBatch]:
    """Every pair of the split once, shortest source first; `indices` tell the order of the split.

    Raises
    ------
    DataError
        If a sentence is longer than the split's `max_length`; the message names it.
    """
    _check_batch_size(batch_size)
    _check_lengths(split)
    sources, targets = split.source_ids.lengths, split.target_ids.lengths
    order = np.lexsort((targets, sources))  # stable, the last key counts first
    return [make_batch(split, group) for group in _cut(order, batch_size)]


def make_batch(split: Split, indices: np.ndarray) -> TranslationBatch:
    """The pairs `indices` (B,) of a split, in that order, padded and checked."""
    indices = np.asarray(indices, np.int64)
    source_lengths = split.source_ids.lengths_of(indices)
    lengths = split.target_ids.lengths_of(indices)
    target = split.target_ids.padded(indices, lengths)  # (Ty - 1, B)
    row = np.zeros((1, indices.size), np.int32)
    target_in = np.concatenate([row + np.int32(BOS_ID), target])
    target_out = np.concatenate([target, row])
    target_out[lengths, np.arange(indices.size)] = EOS_ID
    batch = TranslationBatch(
        source=split.source_ids.padded(indices, source_lengths),
        source_lengths=source_lengths,
        target_in=target_in,
        target_out=target_out,
        target_lengths=lengths + np.int32(1),
        indices=indices,
    )
    validate_batch(batch, split.source_ids.vocab_size, split.target_ids.vocab_size)
    return batch


def validate_batch(batch: TranslationBatch, source_vocab_size: int, target_vocab_size: int) -> None:
    """Shapes agree, lengths fit their axes and every id is in its vocabulary.

    The one place where values are looked at; the hot path relies on it.

    Raises
    ------
    ShapeError
        If arrays that belong together have different shapes.
    RangeError
        If a length is outside [1, T] or an id outside [0, V).
    """
    _check_shape("source", batch.source, batch.source_lengths)
    _check_shape("target_in", batch.target_in, batch.target_lengths)
    _check_shape("target_out", batch.target_out, batch.target_lengths)
    if batch.target_in.shape != batch.target_out.shape:
        raise ShapeError(
            f"batch: target_in is {batch.target_in.shape} and target_out "
            f"{batch.target_out.shape}, expected one shape (Ty, B); pad both alike"
        )
    _check_spans("source_lengths", batch.source_lengths, batch.source.shape[0])
    _check_spans("target_lengths", batch.target_lengths, batch.target_in.shape[0])
    _check_ids("source", batch.source, source_vocab_size)
    _check_ids("target_in", batch.target_in, target_vocab_size)
    _check_ids("target_out", batch.target_out, target_vocab_size)


def padding_waste(batches: Sequence[TranslationBatch]) -> float:
    """The fraction of source and target cells that are padding."""
    cells = sum(b.source.size + b.target_in.size for b in batches)
    used = sum(int(b.source_lengths.sum() + b.target_lengths.sum()) for b in batches)
    return 1.0 - used / cells


def _cut(order: np.ndarray, size: int) -> list[np.ndarray]:
    return [order[start : start + size] for start in range(0, order.size, size)]


def _by_length(split: Split, indices: np.ndarray) -> np.ndarray:
    sources, targets = split.source_ids.lengths_of(indices), split.target_ids.lengths_of(indices)
    return indices[np.lexsort((sources, targets))]


def _check_batch_size(batch_size: int) -> None:
    if batch_size < 1:
        raise UsageError(f"batching: batch_size is {batch_size}, expected at least 1")


def _check_lengths(split: Split) -> None:
    for side, ids in (("source", split.source_ids), ("target", split.target_ids)):
        lengths = ids.lengths
        too_long = np.flatnonzero(lengths > split.max_length)
        if too_long.size:
            first = int(too_long[0])
            raise DataError(
                f"evaluation_batches: the {side} of {split.name} sentence {first} has "
                f"{lengths[first]} tokens, expected at most max_length {split.max_length} "
                f"({too_long.size} are longer); raise max_length, or load with truncate=true"
            )


def _check_shape(name: str, ids: np.ndarray, lengths: np.ndarray) -> None:
    if ids.ndim != 2 or lengths.shape != ids.shape[1:]:
        raise ShapeError(
            f"batch: {name} is {ids.shape} with lengths {lengths.shape}, expected (T, B) and (B,); "
            "make batches with make_batch"
        )


def _check_spans(name: str, lengths: np.ndarray, axis: int) -> None:
    wrong = np.flatnonzero((lengths < 1) | (lengths > axis))
    if wrong.size:
        first = int(wrong[0])
        raise RangeError(
            f"batch: {name}[{first}] is {lengths[first]}, expected 1 to {axis}, the length of the "
            "time axis; make batches with make_batch"
        )


def _check_ids(name: str, ids: np.ndarray, vocab_size: int) -> None:
    wrong = np.argwhere((ids < 0) | (ids >= vocab_size))
    if wrong.size:
        step, column = (int(i) for i in wrong[0])
        raise RangeError(
            f"batch: {name}[{step}, {column}] is id {ids[step, column]}, expected 0 to "
            f"{vocab_size - 1}; encode with the vocabulary of this corpus"
        )
