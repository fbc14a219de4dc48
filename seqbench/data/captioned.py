"""A captioned corpus: three splits of pictures with a caption each, and its batches."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from seqbench.interfaces import DataError, RangeError, ShapeError, UsageError

from .bits import Purpose, permutation, philox
from .corpus import SPLITS, Tokens
from .sequences import Sequences
from .vocabulary import BOS_ID, EOS_ID, Vocabulary

Scene = tuple[np.ndarray, Tokens]
"""A picture (C, Y, X) uint8, and its caption."""


@dataclass(frozen=True, slots=True)
class CaptionSplit:
    """N pictures (N, C, Y, X) uint8 and their captions, as strings and as ids."""

    name: str
    images: np.ndarray
    targets: Sequence[Tokens]
    target_ids: Sequences

    def __len__(self) -> int:
        return len(self.targets)

    def head(self, count: int | None) -> CaptionSplit:
        """The first `count` pictures, or all for None."""
        if count is None or count >= len(self):
            return self
        if count < 1:
            raise UsageError(f"split {self.name}: {count} pictures asked for, expected at least 1")
        return replace(
            self,
            images=self.images[:count],
            targets=self.targets[:count],
            target_ids=self.target_ids.head(count),
        )


@dataclass(frozen=True, slots=True)
class CaptionCorpus:
    """`data_hash` is the SHA-256 of pictures, captions and the vocabulary of the training ones."""

    name: str
    origin: str
    train: CaptionSplit
    valid: CaptionSplit
    test: CaptionSplit
    vocabulary: Vocabulary
    max_length: int
    data_hash: str

    @property
    def image_shape(self) -> tuple[int, int, int]:
        channels, rows, columns = self.train.images.shape[1:]
        return channels, rows, columns


@dataclass(frozen=True, slots=True)
class CaptionBatch:
    """B pictures with captions, host arrays.

    images : (B, C, Y, X) floating, in [-1, 1]
    target_in : (T, B) int32, BOS y1 .. yn; target_out : (T, B) int32, y1 .. yn EOS
    target_lengths : (B,) int32, n + 1 (EOS counts); indices : (B,) int64
    """

    images: np.ndarray
    target_in: np.ndarray
    target_out: np.ndarray
    target_lengths: np.ndarray
    indices: np.ndarray

    @property
    def size(self) -> int:
        return int(self.images.shape[0])

    def piece(self, start: int, stop: int) -> CaptionBatch:
        """Pictures [start, stop): what a search takes that must cut a batch."""
        return CaptionBatch(
            self.images[start:stop],
            self.target_in[:, start:stop],
            self.target_out[:, start:stop],
            self.target_lengths[start:stop],
            self.indices[start:stop],
        )


def build_captioned(
    name: str,
    origin: str,
    scenes: Mapping[str, Sequence[Scene]],
    *,
    min_count: int,
    max_length: int,
) -> CaptionCorpus:
    """Count the vocabulary on the training captions and encode every split.

    Raises
    ------
    DataError
        If a split is empty, a caption is empty or longer than `max_length`, or pictures are not
        uint8 of one shape.
    """
    for split in SPLITS:
        _check_scenes(name, split, scenes[split], scenes["train"][0][0].shape, max_length)
    vocabulary = Vocabulary.build((words for _, words in scenes["train"]), min_count=min_count)
    train, valid, test = (_encoded(split, scenes[split], vocabulary) for split in SPLITS)
    parts = [f"{split} {scenes_hash(scenes[split])}" for split in SPLITS] + [vocabulary.digest]
    data_hash = hashlib.sha256("\n".join(parts).encode()).hexdigest()
    return CaptionCorpus(name, origin, train, valid, test, vocabulary, max_length, data_hash)


def scenes_hash(scenes: Iterable[Scene]) -> str:
    """Hex SHA-256 of pictures and captions in order."""
    found = hashlib.sha256()
    for image, words in scenes:
        found.update(np.ascontiguousarray(image).tobytes())
        found.update(" ".join(words).encode() + b"\n")
    return found.hexdigest()


def _check_scenes(
    name: str, split: str, scenes: Sequence[Scene], shape: tuple[int, ...], max_length: int
) -> None:
    if not scenes:
        raise DataError(f"data set {name}: the {split} split is empty, expected pictures")
    for index, (image, words) in enumerate(scenes):
        if image.dtype != np.uint8 or image.shape != shape or image.ndim != 3:
            raise DataError(
                f"data set {name}: {split} picture {index} is {image.dtype} {image.shape}, "
                f"expected uint8 {shape}, channels first; convert it"
            )
        if not 1 <= len(words) <= max_length:
            raise DataError(
                f"data set {name}: the caption of {split} picture {index} has {len(words)} tokens, "
                f"expected 1 to max_length {max_length}; raise max_length or leave it out"
            )


def _encoded(name: str, scenes: Sequence[Scene], vocabulary: Vocabulary) -> CaptionSplit:
    images, captions = zip(*scenes, strict=True)
    return CaptionSplit(name, np.stack(images), captions, Sequences.encode(captions, vocabulary))


def training_batches(
    split: CaptionSplit, *, batch_size: int, seed: int, epoch: int, dtype: str
) -> list[CaptionBatch]:
    """Every picture once, shuffled as a function of (seed, epoch)."""
    order = permutation(len(split), philox(seed, Purpose.BATCH_ORDER, epoch))
    return [make_batch(split, group, dtype) for group in _cut(order, batch_size)]


def evaluation_batches(split: CaptionSplit, batch_size: int, dtype: str) -> list[CaptionBatch]:
    """Every picture once, in the order of the split."""
    return [make_batch(split, group, dtype) for group in _cut(np.arange(len(split)), batch_size)]


def make_batch(split: CaptionSplit, indices: np.ndarray, dtype: str) -> CaptionBatch:
    """The pictures `indices` (B,) of a split, in that order, padded and checked."""
    indices = np.asarray(indices, np.int64)
    lengths = split.target_ids.lengths_of(indices)
    target = split.target_ids.padded(indices, lengths)
    row = np.zeros((1, indices.size), np.int32)
    target_out = np.concatenate([target, row])
    target_out[lengths, np.arange(indices.size)] = EOS_ID
    batch = CaptionBatch(
        split.images[indices].astype(dtype) / np.asarray(127.5, dtype) - np.asarray(1, dtype),
        np.concatenate([row + np.int32(BOS_ID), target]),
        target_out,
        lengths + np.int32(1),
        indices,
    )
    validate_batch(batch, split.target_ids.vocab_size)
    return batch


def validate_batch(batch: CaptionBatch, vocab_size: int) -> None:
    """Shapes agree, pixels are numbers, ids are in the vocabulary; the hot path relies on it."""
    T, B = batch.target_in.shape
    if batch.images.ndim != 4 or len(batch.images) != B or batch.target_out.shape != (T, B):
        raise ShapeError(
            f"caption batch: images are {batch.images.shape} with targets {batch.target_in.shape} "
            f"and {batch.target_out.shape}, expected (B, C, Y, X) and (T, B); make batches with "
            "make_batch"
        )
    if not np.isfinite(batch.images).all():
        bad = int(np.argwhere(~np.isfinite(batch.images))[0][0])
        raise RangeError(
            f"caption batch: picture {bad} holds NaN or infinity, expected numbers in [-1, 1]; "
            "look at what made the picture"
        )
    for name in ("target_in", "target_out"):
        ids = getattr(batch, name)
        wrong = ids[(ids < 0) | (ids >= vocab_size)]
        if wrong.size:
            raise RangeError(
                f"caption batch: {name} holds id {int(wrong[0])}, expected 0 to {vocab_size - 1}; "
                "encode with the vocabulary of this corpus"
            )


def _cut(order: np.ndarray, size: int) -> list[np.ndarray]:
    if size < 1:
        raise UsageError(f"batching: batch_size is {size}, expected at least 1")
    return [order[start : start + size] for start in range(0, order.size, size)]
