"""A28's inner step, tuned: one pass over the logits in row chunks that stay in the cache.

The full log-softmax is never formed. Each row gives its log-sum-exp and the maxima of its blocks of
BLOCK logits. A sentence's K-th largest block maximum bounds its K-th best candidate from below, so
the best K lie in fewer than 2K blocks, and only those are gathered and sorted. Blocks are runs of
consecutive ids, which keeps the rule for ties: of equal candidates the lowest flat index wins.

Candidates are computed as in the shared text, score + (logit - log-sum-exp), which keeps the order
of the logits of a row, rounding included; a block's maximum is thus its best candidate's. A beam of
one needs no blocks: its best candidate is its largest logit.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from seqbench.interfaces import Backend, Contract, Gradients, Implementation, Plan, UnsupportedError
from seqbench.kernels.beam_select import (
    BeamDims,
    BeamSelectInputs,
    BeamSelectOutputs,
    place,
    pooled,
)

BLOCK = 64
CHUNK_BYTES = 256 * 1024


class BeamSelect(Implementation):
    """See the module; serves every size in float32 and float64."""

    tier = "own"

    def __init__(self, contract: Contract, backend: Backend) -> None:
        self.contract = contract
        self.backend = backend
        self.impl_id = "numpy.beamselect"
        self.dtypes = contract.dtypes

    def _plan(self, dims: BeamDims, dtype: str, *, grad: bool) -> Plan:
        return BeamSelectPlan(dims, dtype)


class BeamSelectPlan(Plan):
    """Buffers for one (K, B, V)."""

    def __init__(self, dims: BeamDims, dtype: str) -> None:
        K, B, V = self._dims = dims
        item = np.dtype(dtype).itemsize
        self._chunk = max(1, min(K * B, CHUNK_BYTES // max(1, V * item)))
        self._buffer = np.empty((self._chunk, V), dtype)
        self._starts = np.arange(0, V, BLOCK)
        self._lse = np.zeros((K * B, 1), dtype)
        self._maxima = np.empty((K * B, len(self._starts)), dtype)
        # Beside the buffers: what is made of the maxima, and the logits of the gathered blocks with
        # their sums, masks and, where they are kept, indices.
        gathered = min(2 * K * BLOCK, K * V) * B * (3 * item + 3 + 6 * 8)
        held = self._buffer.nbytes + self._lse.nbytes + 5 * self._maxima.nbytes
        self.nbytes = held + gathered + 16 * 8 * K * B

    @property
    def notes(self) -> dict[str, Any]:
        return {"rows_per_chunk": self._chunk}

    def load(self, params: Any) -> None:
        return None

    def forward(self, inputs: BeamSelectInputs) -> BeamSelectOutputs:
        K, B, V = self._dims
        logits = np.ascontiguousarray(inputs.logits).reshape(K * B, V)
        live = ~inputs.finished & (inputs.scores > -math.inf)
        bound = inputs.stop == "bound"
        if K == 1 and not bound:
            return self._single(inputs, logits)
        self._scan(logits, np.flatnonzero(live), inputs.eos_id if bound else None)
        scores = np.where(live, inputs.scores, -math.inf)
        best, flat = self._best(logits, scores, inputs.eos_id if bound else None)
        beam = _placed(inputs, best, flat)
        if not bound:
            return beam
        at_eos = np.where(live, inputs.logits[:, :, inputs.eos_id], 0)
        eos_scores = scores + (at_eos - self._lse.reshape(K, B))
        return pooled(inputs, beam, eos_scores, xp=np)

    def backward(self, d_outputs: Any) -> Gradients:
        raise UnsupportedError("decoder/beam_select has no gradient")

    def _single(self, inputs: BeamSelectInputs, logits: np.ndarray) -> BeamSelectOutputs:
        """Width one: the largest logit of each sentence, the first of equal ones."""
        best = np.full((1, len(logits)), -math.inf, logits.dtype)
        flat = np.zeros((1, len(logits)), np.int64)
        for first in range(0, len(logits), self._chunk):
            chunk = logits[first : first + self._chunk]
            tokens = chunk.argmax(axis=1)
            top = chunk[np.arange(len(chunk)), tokens]
            shifted = np.subtract(chunk, top[:, None], out=self._buffer[: len(chunk)])
            lse = top + np.log(np.exp(shifted, out=shifted).sum(axis=1))
            columns = slice(first, first + len(chunk))
            values = inputs.scores[0, columns] + (top - lse)
            kept = values > -math.inf  # an empty slot's is not, a finished one's is not asked for
            np.copyto(best[0, columns], values, where=kept)
            np.copyto(flat[0, columns], tokens, where=kept)
        return _placed(inputs, best, flat)

    def _scan(self, logits: np.ndarray, rows: np.ndarray, skip: int | None) -> None:
        """Log-sum-exp and block maxima of the live rows; the rest get -inf maxima."""
        if len(rows) < len(logits):
            self._maxima.fill(-math.inf)
            self._lse.fill(0)
        for first in range(0, len(rows), self._chunk):
            chosen: Any = rows[first : first + self._chunk]
            if chosen[-1] - chosen[0] + 1 == len(chosen):
                chosen = slice(chosen[0], chosen[-1] + 1)  # a view instead of a copy
            chunk = logits[chosen]
            maxima = np.maximum.reduceat(chunk, self._starts, axis=1)
            top = maxima.max(axis=1, keepdims=True)
            shifted = np.subtract(chunk, top, out=self._buffer[: len(chunk)])
            np.exp(shifted, out=shifted)
            self._lse[chosen] = top + np.log(shifted.sum(axis=1, keepdims=True))
            if skip is not None:
                maxima[:, skip // BLOCK] = _maximum_without(chunk, skip)
            self._maxima[chosen] = maxima

    def _best(
        self, logits: np.ndarray, scores: np.ndarray, skip: int | None
    ) -> tuple[np.ndarray, np.ndarray]:
        """The K best continuations a sentence, best first: values and flat indices, (K, B)."""
        K, B, V = self._dims
        best = np.full((K, B), -math.inf, logits.dtype)
        flat = np.zeros((K, B), np.int64)
        if logits.size == 0:
            return best, flat
        maxima = self._maxima - self._lse
        maxima += scores.reshape(K * B, 1)
        num_blocks = maxima.shape[1]
        maxima = maxima.reshape(K, B, num_blocks).transpose(1, 0, 2).reshape(B, K * num_blocks)
        threshold = _kth_largest(maxima, K)
        sentence, block = np.nonzero(_at_least(maxima, threshold, K))
        slot, block = np.divmod(block, num_blocks)
        rows = slot * B + sentence
        # The last block of a row is taken from its end backwards, so that all are equally wide.
        width = min(BLOCK, V)
        first = np.minimum(block * BLOCK, V - width)
        shape, item = (logits.size - width + 1, width), logits.itemsize
        windows = np.ndarray(shape, logits.dtype, logits, strides=(item, item))
        values = windows[rows * V + first]  # (blocks, width)
        values = scores.reshape(-1)[rows, None] + (values - self._lse[rows])
        keep = (values >= threshold[sentence]) & (values > -math.inf)
        picked, column = np.nonzero(keep)
        token = first[picked] + column
        inside = token >= block[picked] * BLOCK
        if skip is not None:
            inside &= token != skip
        picked, column, token = picked[inside], column[inside], token[inside]
        values = values[picked, column]
        indices = slot[picked] * V + token
        _ranked(sentence[picked], values, indices, best, flat)
        return best, flat


def _placed(inputs: BeamSelectInputs, best: np.ndarray, flat: np.ndarray) -> BeamSelectOutputs:
    """As the shared text places them; shorter while every slot is free and gets a candidate."""
    if inputs.finished.any() or best[-1].min(initial=0.0) == -math.inf:
        return place(inputs, best, flat, xp=np)
    parents, tokens = np.divmod(flat, inputs.logits.shape[2])
    tokens, parents = tokens.astype(np.int32), parents.astype(np.int32)
    finished = tokens == inputs.eos_id
    return BeamSelectOutputs(best, tokens, parents, finished, finished.all(axis=0))


def _maximum_without(chunk: np.ndarray, skip: int) -> np.ndarray:
    """Each row's maximum over the block of `skip`, that column left out."""
    low = skip // BLOCK * BLOCK
    before, after = chunk[:, low:skip], chunk[:, skip + 1 : low + BLOCK]
    without: np.ndarray = np.maximum(
        before.max(axis=1, initial=-math.inf), after.max(axis=1, initial=-math.inf)
    )
    return without


def _kth_largest(values: np.ndarray, k: int) -> np.ndarray:
    """(B, 1): the k-th largest of each row, -inf where a row has fewer."""
    n = values.shape[1]
    if n < k:
        return np.full((len(values), 1), -math.inf, values.dtype)
    return np.partition(values, n - k, axis=1)[:, n - k, None]


def _at_least(maxima: np.ndarray, threshold: np.ndarray, k: int) -> np.ndarray:
    """The blocks to gather: all above the threshold, and the first k that equal it.

    An equal block holds nothing above the threshold, so its ties beyond the first k blocks lose.
    """
    above = maxima > threshold
    equal = (maxima == threshold) & (threshold > -math.inf)
    if np.count_nonzero(equal) > len(maxima):
        equal &= np.cumsum(equal, axis=1) <= k
    chosen: np.ndarray = above | equal
    return chosen


def _ranked(
    sentence: np.ndarray,
    values: np.ndarray,
    indices: np.ndarray,
    best: np.ndarray,
    flat: np.ndarray,
) -> None:
    """Write each sentence's candidates, best first, into the columns of `best` and `flat`.

    Candidates arrive by sentence and flat index; lexsort is stable, so ties keep that order.
    """
    order = np.lexsort((-values, sentence))
    sentence, values, indices = sentence[order], values[order], indices[order]
    rank = np.arange(len(sentence)) - np.searchsorted(sentence, sentence, side="left")
    kept = rank < len(best)
    best[rank[kept], sentence[kept]] = values[kept]
    flat[rank[kept], sentence[kept]] = indices[kept]
