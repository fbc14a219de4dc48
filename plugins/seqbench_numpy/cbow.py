"""A20's step with noise words, tuned: means, scores and both gradients as products a block.

The mean of a context is a row of a B x (B + 2R) matrix of shares times the rows of the band, which
are gathered once; its transpose carries the gradient back.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from seqbench.kernels._word_vectors import NegativeChunk, VectorDims

from . import _scatter
from ._word_vectors import (
    Add,
    UpdatePlan,
    VectorUpdateImplementation,
    add_by_unique,
    bands,
    diagonals,
    window_table,
)
from .skipgram import reach_of


class Contexts:
    """The means of every position's context, and the way back; a part of a plan."""

    def __init__(self, plan: UpdatePlan, dims: VectorDims, block: int, divide: bool) -> None:
        self._plan, self._dims, self._block, self._divide = plan, dims, block, divide
        blocks, width = -(-dims.N // block), block + 2 * dims.R
        self._shares = mean_table(dims.R, plan._dtype)
        self._band_ids = plan._new(blocks, width, dtype=np.int32)
        self._rows, self._d_rows = (plan._new(blocks, width, dims.D) for _ in range(2))
        self._means = plan._new(blocks, block, width)  # zero off the band
        self._back = self._means if divide else plan._new(blocks, block, width)
        self._hidden = plan._new(blocks, block, dims.D)
        self._mean_rows = plan._new(blocks * block, 2 * dims.R + 1)
        self._views: dict[int, _ContextViews] = {}

    def gather(self, chunk: Any, blocks: int) -> np.ndarray:
        """(G, B, D): the mean of each position's context words, zero where it has none."""
        if blocks not in self._views:
            self._views[blocks] = _ContextViews(self, blocks)
        at, count, R = self._views[blocks], len(chunk.ids), chunk.window
        at.band_ids[...] = at.padded_bands
        np.take(self._plan._params.weight_in, at.flat_ids, axis=0, out=at.flat_rows, mode="clip")
        kind = chunk.left * (R + 1) + chunk.right
        at.mean_rows[count:] = 0
        np.take(self._shares, kind, axis=0, out=at.mean_rows[:count], mode="clip")
        at.mean_diagonals[...] = at.mean_blocks
        if not self._divide:
            at.back_diagonals[...] = at.masks
        return np.matmul(at.means, at.rows, out=at.hidden)

    def scatter(self, d_hidden: np.ndarray) -> None:
        """Add what belongs to each context word; `d_hidden` (G, B, D) has the rate in it."""
        at = self._views[len(d_hidden)]
        np.matmul(at.back_t, d_hidden, out=at.d_rows)
        self._plan._add(self._plan._params.weight_in, at.flat_ids, at.flat_d_rows)


class _ContextViews:
    """The buffers of Contexts as they look with some number of blocks."""

    def __init__(self, part: Contexts, blocks: int) -> None:
        plan, block, R, D = part._plan, part._block, part._dims.R, part._dims.D
        columns, filled = 2 * R + 1, blocks * block
        self.band_ids = part._band_ids[:blocks]
        self.flat_ids = self.band_ids.reshape(-1)
        self.padded_bands = bands(plan._ids, blocks, block, R)
        self.rows, self.d_rows = part._rows[:blocks], part._d_rows[:blocks]
        self.flat_rows, self.flat_d_rows = self.rows.reshape(-1, D), self.d_rows.reshape(-1, D)
        self.means, self.hidden = part._means[:blocks], part._hidden[:blocks]
        self.mean_rows = part._mean_rows[:filled]
        self.mean_blocks = self.mean_rows.reshape(blocks, block, columns)
        self.mean_diagonals = diagonals(self.means, columns)
        self.back_diagonals = diagonals(part._back[:blocks], columns)
        self.back_t = part._back[:blocks].transpose(0, 2, 1)
        self.masks = plan._masks[R : R + filled].reshape(blocks, block, columns)


def mean_table(window: int, dtype: np.dtype) -> np.ndarray:
    """As window_table, each row divided by its number of context words."""
    table = window_table(window, dtype)
    counts: np.ndarray = np.maximum(table.sum(axis=1, keepdims=True), 1)
    shares: np.ndarray = table / counts
    return shares


class CbowNSPlan(UpdatePlan):
    """Buffers for G blocks: their targets and their noise words beside one another."""

    def __init__(self, dims: VectorDims, dtype: np.dtype, add: Add, *, divide: bool) -> None:
        super().__init__(dims, dtype, add)
        N, _, D, _, M, block = dims
        blocks = -(-N // block)
        self._contexts = Contexts(self, dims, block, divide)
        self._row_ids = self._new(blocks, block + M, dtype=np.int32)
        self._rows, self._d_rows = (self._new(blocks, block + M, D) for _ in range(2))
        self._scores = self._new(blocks, block, block + M)
        self._factors = self._new(blocks, block, block + M)  # zero off the targets' diagonal
        self._d_hidden = self._new(blocks, block, D)

    def _update(self, chunk: NegativeChunk, rate: float) -> None:
        params, block = self._params, chunk.block
        blocks = -(-len(chunk.ids) // block)
        if blocks not in self._views:
            self._views[blocks] = _Views(self, blocks)
        at = self._views[blocks]
        self._place(chunk, blocks * block)
        hidden = self._contexts.gather(chunk, blocks)
        at.target_ids[...] = at.padded_targets
        at.noise_ids[...] = chunk.negatives
        np.take(params.weight_out, at.flat_ids, axis=0, out=at.flat_rows, mode="clip")
        np.matmul(hidden, at.rows_t, out=at.scores)
        self._score(at, chunk.num_negatives, 0.5 * rate)
        np.matmul(at.factors, at.rows, out=at.d_hidden)
        np.matmul(at.factors_t, hidden, out=at.d_rows)
        self._contexts.scatter(at.d_hidden)
        self._add_out(at.flat_ids, at.flat_d_rows, lambda: reach_of(at.factors, hidden, at.scores))

    def _score(self, at: _Views, num_negatives: int, half: float) -> None:
        """Minus the rate times the derivative of the loss by every score, into the factors."""
        scores = at.scores
        np.multiply(scores, 0.5, out=scores)
        np.tanh(scores, out=scores)
        np.multiply(scores, -half, out=scores)
        np.add(at.own, half, out=at.own)  # rate (1 - sigmoid(s)), as in skipgram.py
        # a position without context needs no mask: its mean is zero, and nothing goes back
        at.own_factors[...] = at.own
        valid = at.target_column != at.noise_row
        left_over = np.maximum(np.count_nonzero(valid, axis=2), 1)
        share = (num_negatives / left_over).astype(self._dtype)
        np.subtract(at.noise, half, out=at.noise)
        np.multiply(at.noise, valid, out=at.noise)
        np.multiply(at.noise, share[:, :, None], out=at.noise_factors)


class _Views:
    """The buffers of a plan as they look with some number of blocks: made once, for they cost."""

    def __init__(self, plan: CbowNSPlan, blocks: int) -> None:
        _, _, D, R, _, block = plan._dims
        ids = plan._row_ids[:blocks]
        self.flat_ids = ids.reshape(-1)
        self.target_ids, self.noise_ids = ids[:, :block], ids[:, block:]
        self.target_column, self.noise_row = ids[:, :block, None], ids[:, None, block:]
        self.padded_targets = plan._ids[R : R + blocks * block].reshape(blocks, block)
        self.rows, self.d_rows = plan._rows[:blocks], plan._d_rows[:blocks]
        self.flat_rows, self.flat_d_rows = self.rows.reshape(-1, D), self.d_rows.reshape(-1, D)
        self.rows_t = self.rows.transpose(0, 2, 1)
        self.scores, self.factors = plan._scores[:blocks], plan._factors[:blocks]
        self.factors_t = self.factors.transpose(0, 2, 1)
        self.own, self.own_factors = diagonals(self.scores, 1), diagonals(self.factors, 1)
        self.noise, self.noise_factors = self.scores[:, :, block:], self.factors[:, :, block:]
        self.d_hidden = plan._d_hidden[:blocks]


def _made(divide: bool, add: Add) -> functools.partial[VectorUpdateImplementation]:
    plan = functools.partial(CbowNSPlan, divide=divide)
    return functools.partial(VectorUpdateImplementation, plan=plan, add=add)


cbow_ns = _made(True, _scatter.add_by_columns)
cbow_ns_unique = _made(True, add_by_unique)
cbow_ns_word2vec = _made(False, _scatter.add_by_columns)
cbow_ns_word2vec_unique = _made(False, add_by_unique)
