"""Time-major batches: what every model takes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class TranslationBatch:
    """B sentence pairs, padded, host arrays.

    source : (Tx, B) int32, padded with PAD; source_lengths : (B,) int32, each >= 1
    target_in : (Ty, B) int32, BOS y1 .. yn; target_out : (Ty, B) int32, y1 .. yn EOS
    target_lengths : (B,) int32, n + 1 (EOS counts)
    indices : (B,) int64, which items of the split these are
    """

    source: np.ndarray
    source_lengths: np.ndarray
    target_in: np.ndarray
    target_out: np.ndarray
    target_lengths: np.ndarray
    indices: np.ndarray

    @property
    def size(self) -> int:
        return int(self.source.shape[1])
