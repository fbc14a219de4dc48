"""Batches for language models: windows of a continuous text, or sentences padded by length."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from seqbench.interfaces import RangeError, ShapeError, UsageError

from .batching import POOL_BATCHES
from .bits import Purpose, permutation, philox
from .sequences import Sequences
from .vocabulary import EOS_ID


@dataclass(frozen=True, slots=True)
class LanguageBatch:
    """What is read and what comes next, padded, host arrays.

    inputs : (T, B) int32; targets : (T, B) int32; lengths : (B,) int32, each in [0, T]
    places : (T, B) int64, where each target stands: its place in the stream of a continuous text;
        of sentences the sentence's number. Padding holds -1.
    continues : the state before the first step is the final one of the batch before; else zero
    """

    inputs: np.ndarray
    targets: np.ndarray
    lengths: np.ndarray
    places: np.ndarray
    continues: bool = False

    @property
    def size(self) -> int:
        return int(self.inputs.shape[1])

    @property
    def num_targets(self) -> int:
        return int(self.lengths.sum())


def continuous_batches(
    stream: np.ndarray, *, batch_size: int, window: int, start_id: int, vocab_size: int
) -> list[LanguageBatch]:
    """A text (N,) read in `batch_size` columns of nearly equal length, `window` steps at a time.

    Every token is a target once. A column begins with the token before its own, at a zero state;
    the first reads `start_id` there. Columns differ in length by one at most, so the last window
    may be shorter and have unequal lengths.
    """
    _check_counts(batch_size=batch_size, window=window)
    count = min(batch_size, stream.size)
    edges = np.arange(count + 1) * stream.size // max(1, count)
    lengths, previous = np.diff(edges), np.concatenate([[start_id], stream[:-1]])
    batches = []
    for first in range(0, int(lengths.max(initial=0)), window):
        inside_lengths = np.clip(lengths - first, 0, window).astype(np.int32)
        steps = np.arange(int(inside_lengths.max()))[:, None]  # (T, 1)
        inside = steps < inside_lengths
        places = np.where(inside, edges[:-1] + first + steps, 0)
        batches.append(
            _checked(
                LanguageBatch(
                    inputs=np.where(inside, previous[places], EOS_ID).astype(np.int32),
                    targets=np.where(inside, stream[places], EOS_ID).astype(np.int32),
                    lengths=inside_lengths,
                    places=np.where(inside, places, -1),
                    continues=first > 0,
                ),
                vocab_size,
            )
        )
    return batches


def sentence_batches(
    lines: Sequences, *, batch_size: int, start_id: int, seed: int, epoch: int
) -> list[LanguageBatch]:
    """Every sentence once, shuffled, with little padding: a function of (seed, epoch).

    Sentences are shuffled, sorted by length within pools of batches, cut, and the batches shuffled.
    """
    _check_counts(batch_size=batch_size)
    generator = philox(seed, Purpose.BATCH_ORDER, epoch)
    order = permutation(len(lines), generator)
    pools = _cut(order, POOL_BATCHES * batch_size)
    groups = [
        group
        for pool in pools
        for group in _cut(pool[np.argsort(lines.lengths_of(pool), kind="stable")], batch_size)
    ]
    return [_sentences(lines, groups[i], start_id) for i in permutation(len(groups), generator)]


def ordered_batches(lines: Sequences, *, batch_size: int, start_id: int) -> list[LanguageBatch]:
    """Every sentence once, shortest first: for evaluation."""
    _check_counts(batch_size=batch_size)
    order = np.argsort(lines.lengths, kind="stable")
    return [_sentences(lines, group, start_id) for group in _cut(order, batch_size)]


def _sentences(lines: Sequences, indices: np.ndarray, start_id: int) -> LanguageBatch:
    """The sentences `indices`: start w1 .. wn to read, w1 .. wn EOS to predict."""
    lengths = lines.lengths_of(indices)
    words = lines.padded(indices, lengths)  # (T - 1, B)
    row = np.zeros((1, indices.size), np.int32)
    targets = np.concatenate([words, row])
    targets[lengths, np.arange(indices.size)] = EOS_ID
    lengths = lengths + np.int32(1)
    inside = np.arange(len(targets))[:, None] < lengths
    batch = LanguageBatch(
        inputs=np.concatenate([row + np.int32(start_id), words]),
        targets=targets,
        lengths=lengths,
        places=np.where(inside, indices, -1),
    )
    return _checked(batch, lines.vocab_size)


def _cut(order: np.ndarray, size: int) -> Iterator[np.ndarray]:
    return (order[start : start + size] for start in range(0, order.size, size))


def _checked(batch: LanguageBatch, vocab_size: int) -> LanguageBatch:
    validate_language_batch(batch, vocab_size)
    return batch


def validate_language_batch(batch: LanguageBatch, vocab_size: int) -> None:
    """Shapes agree, lengths fit and every id is in the vocabulary; the hot path relies on it.

    Raises ShapeError or RangeError with the value that is off.
    """
    shape = batch.inputs.shape
    for name in ("targets", "places"):
        if getattr(batch, name).shape != shape or batch.lengths.shape != shape[1:]:
            raise ShapeError(
                f"language batch: inputs are {shape}, {name} {getattr(batch, name).shape} and "
                f"lengths {batch.lengths.shape}, expected (T, B), (T, B) and (B,)"
            )
    low, high = batch.lengths.min(initial=0), batch.lengths.max(initial=0)
    if low < 0 or high > shape[0]:
        raise RangeError(
            f"language batch: lengths span {low} to {high}, expected 0 to T = {shape[0]}; pad the "
            "batch further"
        )
    for name in ("inputs", "targets"):
        ids = getattr(batch, name)
        wrong = ids[(ids < 0) | (ids >= vocab_size)]
        if wrong.size:
            raise RangeError(
                f"language batch: one of the {name} is id {wrong[0]}, expected 0 to "
                f"{vocab_size - 1}; encode with the model's vocabulary"
            )


def _check_counts(**counts: int) -> None:
    for name, value in counts.items():
        if value < 1:
            raise UsageError(f"language batches: {name} is {value}, expected at least 1")
