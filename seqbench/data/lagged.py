"""Sequences with a lag between what has to be kept and where it is asked for, drawn as needed.

Every lag has a stream of its own for each split, and the training split one for each epoch: no
training sequence is met twice but by chance, so what a model learns is the rule and not the items.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from seqbench.interfaces import UsageError

from .bits import Purpose, permutation, philox
from .corpus import SPLITS
from .labelled_batching import LabelledBatch

MAX_LAG = (1 << 12) - 1
EPOCHS = 1 << 18

Drawn = tuple[np.ndarray, np.ndarray, np.ndarray]
"""ids (T, N) int32, lengths (N,) int32, labels (N,) int32."""

Draw = Callable[[np.ndarray, int], Drawn]
"""From raw words (N, W) uint64 and a lag; a row a sequence."""


@dataclass(frozen=True, slots=True)
class LaggedCorpus:
    """What an experiment by lag needs to know about its data.

    tokens, classes : names of ids and labels
    lags : in steps, ascending
    num_train : sequences a lag and epoch; num_valid, num_test : a lag
    draw, words : how a sequence comes of raw words, and of how many, given the lag
    """

    name: str
    tokens: tuple[str, ...]
    classes: tuple[str, ...]
    lags: tuple[int, ...]
    seed: int
    num_train: int
    num_valid: int
    num_test: int
    purpose: Purpose
    draw: Draw
    words: Callable[[int], int]

    def batch(self, split: str, lag: int, count: int, epoch: int = 0) -> LabelledBatch:
        """The first `count` sequences of one lag; those of fewer are the first of more."""
        index = SPLITS.index(split) << 30 | lag << 18 | epoch % EPOCHS
        width = self.words(lag)
        raw = philox(self.seed, self.purpose, index).random_raw(count * width)
        ids, lengths, labels = self.draw(raw.reshape(count, width), lag)
        return LabelledBatch(ids, lengths, labels, np.arange(count))

    def training_batches(
        self, lags: Sequence[int], *, batch_size: int, seed: int, epoch: int
    ) -> list[LabelledBatch]:
        """`num_train` sequences of each lag, one lag a batch, the batches in random order."""
        batches = [
            part
            for lag in lags
            for part in cut(self.batch("train", lag, self.num_train, epoch), batch_size)
        ]
        order = permutation(len(batches), philox(seed, Purpose.BATCH_ORDER, epoch))
        return [batches[i] for i in order]

    def held_out(self, split: str, lag: int, batch_size: int) -> list[LabelledBatch]:
        """The whole of a lag's `valid` or `test` split, in order."""
        count = {"valid": self.num_valid, "test": self.num_test}[split]
        return cut(self.batch(split, lag, count), batch_size)


def cut(batch: LabelledBatch, size: int) -> list[LabelledBatch]:
    """The batch in parts of at most `size` sequences, in order."""
    if size < 1:
        raise UsageError(f"batching: batch_size is {size}, expected at least 1")
    starts = range(0, batch.size, size)
    return [
        LabelledBatch(
            batch.ids[:, s : s + size],
            batch.lengths[s : s + size],
            batch.labels[s : s + size],
            batch.indices[s : s + size],
        )
        for s in starts
    ]


def below(raw: np.ndarray, count: int) -> np.ndarray:
    """Numbers in [0, count), int32, of the upper halves of raw 64-bit words (Lemire 2019).

    Not corrected for the remainder: the bias is below count / 2^32.
    """
    product = (raw >> np.uint64(32)) * np.uint64(count)
    return (product >> np.uint64(32)).astype(np.int32)


def checked_lags(name: str, lags: Sequence[int]) -> tuple[int, ...]:
    """`dataset.options.lags` as a tuple. UsageError unless whole, ascending and in range."""
    found = tuple(lags) if isinstance(lags, (list, tuple)) else (lags,)
    whole = all(type(lag) is int and 1 <= lag <= MAX_LAG for lag in found)
    if not found or not whole or list(found) != sorted(set(found)):
        raise UsageError(
            f"{name}: lags are {list(found)}, expected whole numbers from 1 to {MAX_LAG}, "
            "ascending; set dataset.options.lags=[1,10,100]"
        )
    return found


def checked_size(name: str, setting: str, size: int | None, at_least: int = 1) -> int:
    """UsageError if a size is missing or too small."""
    if size is None or size < at_least:
        raise UsageError(
            f"{name}: {setting} is {size}, expected at least {at_least}: generated data have no end"
        )
    return size


def lagged_hash(corpus: LaggedCorpus, count: int) -> str:
    """Hex SHA-256 of the first `count` sequences of every split and lag: a line each."""
    lines = []
    for split in SPLITS:
        for lag in corpus.lags:
            batch = corpus.batch(split, lag, count)
            for ids, n, label in zip(batch.ids.T, batch.lengths, batch.labels, strict=True):
                words = " ".join(corpus.tokens[i] for i in ids[:n])
                lines.append(f"{split} {lag} {corpus.classes[label]}\t{words}\n")
    return hashlib.sha256("".join(lines).encode()).hexdigest()
