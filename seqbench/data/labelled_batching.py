"""Padded time-major batches of labelled sentences, ordered as a function of (seed, epoch)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from seqbench.interfaces import RangeError, ShapeError, UsageError

from .bits import Purpose, permutation, philox
from .labelled import LabelledSplit

POOL_BATCHES = 50
"""How many batches are sorted by length together, as in `batching`."""


@dataclass(frozen=True, slots=True)
class LabelledBatch:
    """B sentences, padded, host arrays.

    ids : (T, B) int32, padded with PAD; lengths : (B,) int32, each >= 1
    labels : (B,) int32, in [0, C); indices : (B,) int64, which items of the split these are
    """

    ids: np.ndarray
    lengths: np.ndarray
    labels: np.ndarray
    indices: np.ndarray

    @property
    def size(self) -> int:
        return int(self.ids.shape[1])


def training_batches(
    split: LabelledSplit, num_classes: int, *, batch_size: int, seed: int, epoch: int
) -> list[LabelledBatch]:
    """Every sentence once, shuffled, of nearly one length within a batch."""
    _check_batch_size(batch_size)
    generator = philox(seed, Purpose.BATCH_ORDER, epoch)
    order = permutation(len(split), generator)
    pools = _cut(order, POOL_BATCHES * batch_size)
    lengths = split.ids.lengths
    sorted_pools = (pool[np.argsort(lengths[pool], kind="stable")] for pool in pools)
    groups = [group for pool in sorted_pools for group in _cut(pool, batch_size)]
    return [make_batch(split, groups[i], num_classes) for i in permutation(len(groups), generator)]


def evaluation_batches(
    split: LabelledSplit, num_classes: int, batch_size: int
) -> list[LabelledBatch]:
    """Every sentence once, shortest first; `indices` tell the order of the split."""
    _check_batch_size(batch_size)
    order = np.argsort(split.ids.lengths, kind="stable")
    return [make_batch(split, group, num_classes) for group in _cut(order, batch_size)]


def make_batch(split: LabelledSplit, indices: np.ndarray, num_classes: int) -> LabelledBatch:
    """The sentences `indices` (B,) of a split, in that order, padded and checked."""
    indices = np.asarray(indices, np.int64)
    lengths = split.ids.lengths_of(indices)
    batch = LabelledBatch(
        split.ids.padded(indices, lengths), lengths, split.labels[indices], indices
    )
    validate_batch(batch, split.ids.vocab_size, num_classes)
    return batch


def shuffled_words(batch: LabelledBatch, seed: int) -> LabelledBatch:
    """The batch with the words of each sentence in an order of (seed, which item it is).

    A sentence of at least two different words is never left as it was: an order that changes
    nothing is drawn again.
    """
    ids = batch.ids.copy()
    for column, (index, length) in enumerate(
        zip(batch.indices.tolist(), batch.lengths.tolist(), strict=True)
    ):
        words = batch.ids[:length, column]
        generator = philox(seed, Purpose.WORD_ORDER, index)
        while (words != words[0]).any() and (ids[:length, column] == words).all():
            ids[:length, column] = words[permutation(length, generator)]
    return replace(batch, ids=ids)


def validate_batch(batch: LabelledBatch, vocab_size: int, num_classes: int) -> None:
    """Shapes agree, lengths fit, ids and labels are in range; the hot path relies on it.

    Raises ShapeError or RangeError. A batch of no sentence passes: it has loss 0.
    """
    T, B = batch.ids.shape
    for name in ("lengths", "labels"):
        if getattr(batch, name).shape != (B,):
            raise ShapeError(
                f"labelled batch: {name} are {getattr(batch, name).shape}, expected (B,) = ({B},); "
                "ids are time-major (T, B); make batches with make_batch"
            )
    _check_range("lengths", batch.lengths, 1, T)
    _check_range("ids", batch.ids, 0, vocab_size - 1)
    _check_range("labels", batch.labels, 0, num_classes - 1)


def _check_range(name: str, values: np.ndarray, low: int, high: int) -> None:
    wrong = values[(values < low) | (values > high)]
    if wrong.size:
        raise RangeError(
            f"labelled batch: one of the {name} is {int(wrong[0])}, expected {low} to {high}; "
            "make batches with make_batch from one corpus"
        )


def _check_batch_size(batch_size: int) -> None:
    if batch_size < 1:
        raise UsageError(f"batching: batch_size is {batch_size}, expected at least 1")


def _cut(order: np.ndarray, size: int) -> list[np.ndarray]:
    return [order[start : start + size] for start in range(0, order.size, size)]
