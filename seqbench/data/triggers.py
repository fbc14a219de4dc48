"""Embedded recordings of noise with rare trigger sounds in them, from a seed (A37).

The trigger is three sounds of `tones` in order, 0.2 to 0.4 s long. Around it lie single sounds of
the same letters and two of the three in order, so that neither a sound nor a pair tells it. A
recording is about 2 to 5 s and holds 0 to 2 triggers: less than one step of 20 ms in a hundred is
the first after one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from seqbench.interfaces import UsageError

from .bits import Bits, Purpose, permutation, philox
from .speech import check_batch_size, grouped
from .tones import SAMPLE_RATE, noise, quantised, sound

TRIGGER = "kos"
DECOYS = ("ko", "os", "sok", "kso", "k", "o", "s", "a", "e")
MAX_TRIGGERS = 2


@dataclass(frozen=True, slots=True)
class TriggerSplit:
    """N recordings, float32 (n,) each, and the sample after each trigger's end, in order."""

    name: str
    signals: Sequence[np.ndarray]
    events: Sequence[tuple[int, ...]]

    def __len__(self) -> int:
        return len(self.signals)

    @property
    def lengths(self) -> np.ndarray:
        """(N,) int64, samples."""
        return np.array([signal.size for signal in self.signals], np.int64)

    def head(self, count: int | None) -> TriggerSplit:
        """The first `count` recordings, or all for None."""
        if count is None or count >= len(self):
            return self
        return replace(self, signals=self.signals[:count], events=self.events[:count])


@dataclass(frozen=True, slots=True)
class TriggerCorpus:
    """Three splits of recordings."""

    name: str
    origin: str
    sample_rate: int
    train: TriggerSplit
    valid: TriggerSplit
    test: TriggerSplit


@dataclass(frozen=True, slots=True)
class TriggerBatch:
    """signal : (N, B) float32; lengths : (B,) int32, samples; events : B tuples of samples;
    indices : (B,) int64, which recordings of the split these are."""

    signal: np.ndarray
    lengths: np.ndarray
    events: Sequence[tuple[int, ...]]
    indices: np.ndarray

    @property
    def size(self) -> int:
        return int(self.signal.shape[1])


def load_triggers(
    *,
    seed: int = 0,
    num_train: int | None = 300,
    num_valid: int | None = 60,
    num_test: int | None = 150,
    min_count: int = 1,
    max_length: int = 60,
    root: object = None,
) -> TriggerCorpus:
    """No file is read. Recordings of a smaller split are the first of a larger one. `min_count` and
    `max_length` speak of words and are not looked at.

    Raises
    ------
    UsageError
        If a size is missing or below 1.
    """
    counts = {"train": num_train, "valid": num_valid, "test": num_test}
    splits = {}
    for index, (split, count) in enumerate(counts.items()):
        if count is None or count < 1:
            raise UsageError(
                f"triggers: num_{split} is {count}, expected at least 1: generated data have no end"
            )
        made = [recording(seed, index << 24 | number) for number in range(count)]
        splits[split] = TriggerSplit(split, [s for s, _ in made], [e for _, e in made])
    return TriggerCorpus("triggers", f"generated from seed {seed}", SAMPLE_RATE, **splits)


def recording(seed: int, index: int) -> tuple[np.ndarray, tuple[int, ...]]:
    """Samples (n,) float32 and the sample after each trigger's end."""
    bits = Bits(seed, Purpose.TRIGGERS, 2 * index)
    words = [TRIGGER] * bits.below(MAX_TRIGGERS + 1)
    words += [DECOYS[bits.below(len(DECOYS))] for _ in range(4 + bits.below(4))]
    for last in range(len(words) - 1, 0, -1):  # Fisher and Yates
        other = bits.below(last + 1)
        words[last], words[other] = words[other], words[last]
    parts, events, length = [], [], 0
    for word in words:
        silence = np.zeros(1200 + bits.below(2400))
        parts += [silence, *(sound(letter, bits) for letter in word)]
        length = sum(part.size for part in parts)
        if word == TRIGGER:
            events.append(length)
    parts.append(np.zeros(2000 + bits.below(1200)))
    clean = np.concatenate(parts)
    generator = philox(seed, Purpose.TRIGGERS, 2 * index + 1)
    return quantised(clean + noise(generator, clean.size, 0.03)), tuple(events)


def make_batch(split: TriggerSplit, indices: np.ndarray) -> TriggerBatch:
    """The recordings `indices` (B,), in that order."""
    signals = [split.signals[i] for i in indices.tolist()]
    lengths = np.array([s.size for s in signals], np.int32)
    signal = np.zeros((int(lengths.max()), len(signals)), np.float32)
    for column, values in enumerate(signals):
        signal[: values.size, column] = values
    return TriggerBatch(signal, lengths, [split.events[i] for i in indices.tolist()], indices)


def training_batches(
    split: TriggerSplit, *, batch_size: int, seed: int, epoch: int
) -> list[TriggerBatch]:
    """Every recording once, in an order of (seed, epoch), alike lengths together."""
    check_batch_size(batch_size)
    generator = philox(seed, Purpose.BATCH_ORDER, epoch)
    order = permutation(len(split), generator)
    groups = grouped(order, split.lengths, batch_size)
    return [make_batch(split, groups[i]) for i in permutation(len(groups), generator)]


def evaluation_batches(split: TriggerSplit, batch_size: int) -> list[TriggerBatch]:
    """Every recording once, shortest first."""
    check_batch_size(batch_size)
    groups = grouped(np.arange(len(split)), split.lengths, batch_size)
    return [make_batch(split, group) for group in groups]
