"""A36's best path, tuned: one look for the largest logit, one exponential, no full log-softmax.

What is kept is found by batch element with one `nonzero`, so labels land in order without sorting.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from seqbench.interfaces import Backend, Contract, Gradients, Implementation, Plan, UnsupportedError
from seqbench.kernels.ctc_greedy import CTCGreedyDims, CTCGreedyInputs, CTCGreedyOutputs

CHUNK_BYTES = 256 * 1024
"""Of logits in one go, so that three passes over them stay in the cache."""


class CTCGreedy(Implementation):
    """Serves every size in float32 and float64."""

    tier = "own"

    def __init__(self, contract: Contract, backend: Backend) -> None:
        self.contract, self.backend = contract, backend
        self.impl_id = "numpy.ctc_greedy"
        self.dtypes = contract.dtypes

    def _plan(self, dims: CTCGreedyDims, dtype: str, *, grad: bool) -> Plan:
        return CTCGreedyPlan(dims, np.dtype(dtype))


class CTCGreedyPlan(Plan):
    """A chunk of frames, the best label of each and its log probability."""

    def __init__(self, dims: CTCGreedyDims, dtype: np.dtype) -> None:
        T, B, V = dims
        self._rows = max(1, min(CHUNK_BYTES // (V * dtype.itemsize), T * B))
        self._chunk = np.empty((self._rows, V), dtype)
        self._ones = np.ones(V, dtype)
        self._firsts = np.arange(self._rows) * V
        self._path = np.empty(T * B, np.int64)
        self._best = np.empty(T * B, dtype)

    @property
    def nbytes(self) -> int:  # type: ignore[override]
        """Bytes held by every buffer."""
        return sum(a.nbytes for a in vars(self).values() if isinstance(a, np.ndarray))

    def load(self, params: Any) -> None:
        return None

    def forward(self, inputs: CTCGreedyInputs) -> CTCGreedyOutputs:
        T, B, V = inputs.logits.shape
        inside = np.arange(T)[:, None] < inputs.lengths
        logits = inputs.logits
        if not inside.all():
            logits = np.where(inside[..., None], logits, 0)
        flat = np.ascontiguousarray(logits).reshape(T * B, V)
        for first in range(0, T * B, self._rows):
            self._scan(flat[first : first + self._rows], first)
        path, best = self._path[: T * B].reshape(T, B), self._best[: T * B].reshape(T, B)
        scores = np.where(inside, best, 0).sum(axis=0, dtype=best.dtype)
        labels, lengths = _collapsed(path, inside, inputs.blank_id)
        return CTCGreedyOutputs(labels, lengths, scores)

    def _scan(self, rows: np.ndarray, first: int) -> None:
        """The label and log probability of some frames: -log of the sum of exp(logit - largest)."""
        count = len(rows)
        chosen = rows.argmax(axis=1)
        top = rows.reshape(-1).take(self._firsts[:count] + chosen)
        chunk = np.subtract(rows, top[:, None], out=self._chunk[:count])
        np.exp(chunk, out=chunk)
        best = self._best[first : first + count]
        np.log(chunk @ self._ones, out=best)
        np.negative(best, out=best)
        self._path[first : first + count] = chosen

    def backward(self, d_outputs: Any) -> Gradients:
        raise UnsupportedError("decoder/ctc_greedy has no gradient")


def _collapsed(
    path: np.ndarray, inside: np.ndarray, blank_id: int
) -> tuple[np.ndarray, np.ndarray]:
    """Labels (B, T) int32 with blank_id behind them, lengths (B,) int32."""
    kept = inside & (path != blank_id)
    kept[1:] &= path[1:] != path[:-1]
    sequence, step = np.nonzero(kept.T)
    lengths = kept.sum(axis=0)
    starts = np.cumsum(lengths) - lengths
    labels = np.full(path.T.shape, blank_id, np.int32)
    labels[sequence, np.arange(len(sequence)) - starts[sequence]] = path[step, sequence]
    return labels, lengths.astype(np.int32)
