"""Speech with transcripts: splits of recordings joined to utterances, and their batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from seqbench.interfaces import DataError, UsageError

from .bits import Purpose, permutation, philox

BLANK_ID = 0
"""Of CTC; the labels follow it."""


@dataclass(frozen=True, slots=True)
class SpeechSplit:
    """N utterances; utterance n is the recordings `utterances[n]` end to end.

    recordings : float32 (n,) each; texts : what is said in each utterance
    """

    name: str
    recordings: Sequence[np.ndarray]
    utterances: Sequence[tuple[int, ...]]
    texts: Sequence[str]

    def __len__(self) -> int:
        return len(self.utterances)

    def signal(self, index: int) -> np.ndarray:
        """(n,) float32."""
        return np.concatenate([self.recordings[r] for r in self.utterances[index]])

    @property
    def lengths(self) -> np.ndarray:
        """(N,) int64, samples."""
        sizes = [recording.size for recording in self.recordings]
        return np.array([sum(sizes[r] for r in u) for u in self.utterances], np.int64)

    def head(self, count: int | None) -> SpeechSplit:
        """The first `count` utterances, or all for None."""
        if count is None or count >= len(self):
            return self
        return replace(self, utterances=self.utterances[:count], texts=self.texts[:count])


@dataclass(frozen=True, slots=True)
class SpeechCorpus:
    """`labels` are characters; label i has id i + 1, since the blank is 0."""

    name: str
    origin: str
    sample_rate: int
    labels: tuple[str, ...]
    train: SpeechSplit
    valid: SpeechSplit
    test: SpeechSplit

    @property
    def splits(self) -> tuple[SpeechSplit, SpeechSplit, SpeechSplit]:
        return self.train, self.valid, self.test

    def encode(self, text: str) -> np.ndarray:
        """(L,) int32. DataError for a character that is no label."""
        ids = {label: index + 1 for index, label in enumerate(self.labels)}
        for character in text:
            if character not in ids:
                raise DataError(
                    f"{self.name}: {character!r} of {text!r} is none of the labels "
                    f"{''.join(self.labels)!r}; build the corpus with every label"
                )
        return np.array([ids[character] for character in text], np.int32)

    def decode(self, ids: np.ndarray) -> str:
        """The text of label ids, blanks left out."""
        return "".join(self.labels[i - 1] for i in ids.tolist() if i != BLANK_ID)


@dataclass(frozen=True, slots=True)
class SpeechBatch:
    """B utterances, padded, host arrays.

    signal : (N, B) float32; lengths : (B,) int32, samples
    targets : (B, L) int32, padded with 0; target_lengths : (B,) int32; indices : (B,) int64
    """

    signal: np.ndarray
    lengths: np.ndarray
    targets: np.ndarray
    target_lengths: np.ndarray
    indices: np.ndarray

    @property
    def size(self) -> int:
        return int(self.signal.shape[1])


def make_batch(corpus: SpeechCorpus, split: SpeechSplit, indices: np.ndarray) -> SpeechBatch:
    """The utterances `indices` (B,), in that order."""
    signals = [split.signal(i) for i in indices.tolist()]
    labels = [corpus.encode(split.texts[i]) for i in indices.tolist()]
    lengths = np.array([s.size for s in signals], np.int32)
    target_lengths = np.array([t.size for t in labels], np.int32)
    signal = np.zeros((int(lengths.max()), len(signals)), np.float32)
    targets = np.zeros((len(labels), int(target_lengths.max())), np.int32)
    for column, (values, ids) in enumerate(zip(signals, labels, strict=True)):
        signal[: values.size, column] = values
        targets[column, : ids.size] = ids
    return SpeechBatch(signal, lengths, targets, target_lengths, indices)


def training_batches(
    corpus: SpeechCorpus, *, batch_size: int, seed: int, epoch: int
) -> list[SpeechBatch]:
    """Every training utterance once, in an order of (seed, epoch), alike lengths together."""
    check_batch_size(batch_size)
    generator = philox(seed, Purpose.BATCH_ORDER, epoch)
    order = permutation(len(corpus.train), generator)
    groups = grouped(order, corpus.train.lengths, batch_size)
    return [
        make_batch(corpus, corpus.train, groups[i]) for i in permutation(len(groups), generator)
    ]


def evaluation_batches(
    corpus: SpeechCorpus, split: SpeechSplit, batch_size: int
) -> list[SpeechBatch]:
    """Every utterance once, shortest first; `indices` tell the order of the split."""
    check_batch_size(batch_size)
    groups = grouped(np.arange(len(split)), split.lengths, batch_size)
    return [make_batch(corpus, split, group) for group in groups]


def grouped(order: np.ndarray, lengths: np.ndarray, batch_size: int) -> list[np.ndarray]:
    """Batches of indices by length; equal lengths keep their order."""
    by_length = order[np.argsort(lengths[order], kind="stable")]
    return [by_length[i : i + batch_size] for i in range(0, len(by_length), batch_size)]


def check_batch_size(batch_size: int) -> None:
    if batch_size < 1:
        raise UsageError(f"batching: batch_size is {batch_size}, expected at least 1")
