"""Many id sequences in one array: what a split holds and batches are cut from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from .vocabulary import PAD_ID, Sentence, Vocabulary


@dataclass(frozen=True, slots=True)
class Sequences:
    """N sequences of ids below `vocab_size`, end to end.

    ids : (total,) int32; starts : (N + 1,) int64, sequence n is ids[starts[n] : starts[n + 1]]
    """

    ids: np.ndarray
    starts: np.ndarray
    vocab_size: int

    @classmethod
    def encode(cls, sentences: Iterable[Sentence], vocabulary: Vocabulary) -> Sequences:
        """Every sentence as ids, without BOS and EOS."""
        rows = [vocabulary.encode(s) for s in sentences]
        starts = np.cumsum([0, *(row.size for row in rows)], dtype=np.int64)
        ids = np.concatenate(rows) if rows else np.zeros(0, np.int32)
        return cls(ids, starts, len(vocabulary))

    def __len__(self) -> int:
        return self.starts.size - 1

    def __getitem__(self, index: int) -> np.ndarray:
        return self.ids[self.starts[index] : self.starts[index + 1]]

    @property
    def lengths(self) -> np.ndarray:
        """(N,) int32."""
        return np.diff(self.starts).astype(np.int32)

    def lengths_of(self, indices: np.ndarray) -> np.ndarray:
        """(B,) int32: the lengths of some sequences."""
        lengths: np.ndarray = self.starts[indices + 1] - self.starts[indices]
        return lengths.astype(np.int32)

    def head(self, count: int) -> Sequences:
        """The first `count` sequences."""
        starts = self.starts[: count + 1]
        return Sequences(self.ids[: starts[-1]], starts, self.vocab_size)

    def take(self, indices: np.ndarray) -> Sequences:
        """The sequences `indices`, in that order."""
        lengths = self.lengths_of(indices)
        ids = self.padded(indices, lengths).T
        starts = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
        return Sequences(ids[np.arange(ids.shape[1]) < lengths[:, None]], starts, self.vocab_size)

    def cut(self, max_length: int) -> Sequences:
        """Every sequence cut to its first `max_length` ids."""
        lengths = np.minimum(self.lengths, max_length)
        ids = self.padded(np.arange(len(self)), lengths).T
        inside = np.arange(ids.shape[1]) < lengths[:, None]
        starts = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
        return Sequences(ids[inside], starts, self.vocab_size)

    def padded(self, indices: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        """(T, B) int32: the first `lengths` ids of the sequences `indices`, PAD after them."""
        steps = np.arange(int(lengths.max(initial=0)))[:, None]  # (T, 1)
        inside = steps < lengths
        places = np.where(inside, self.starts[:-1][indices] + steps, 0)
        return np.where(inside, self.ids[places], np.int32(PAD_ID))
