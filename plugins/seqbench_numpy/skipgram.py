"""A19's step, tuned: a block of positions against the words of its band in one small product.

A block of B centres has its context among B + 2R positions, and M noise words of its own. The rows
of all of them are gathered once; scores, the centres' gradients and the rows' are three products of
B x (B + 2R + M) x D a block. Most of the band is no pair and counts nothing: what is multiplied in
vain costs less than a gather a pair. The band's scores are read and written through a diagonal
view, so nonlinearities see 2R + 1 numbers a position and not B + 2R.
"""

from __future__ import annotations

import functools

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
)


class SkipGramNSPlan(UpdatePlan):
    """Buffers for G blocks; positions past the chunk have empty windows and word 0."""

    def __init__(self, dims: VectorDims, dtype: np.dtype, add: Add) -> None:
        super().__init__(dims, dtype, add)
        N, _, D, R, M, block = dims
        blocks, width = -(-N // block), block + 2 * R
        self._row_ids = self._new(blocks, width + M, dtype=np.int32)
        self._centres = self._new(blocks, block, D)
        self._rows = self._new(blocks, width + M, D)
        self._band = self._new(blocks, block, width)  # the windows as 0 and 1, zero elsewhere
        self._scores = self._new(blocks, block, width + M)
        self._factors = self._new(blocks, block, width + M)  # zero off the band
        self._shares = self._new(blocks, width, M)
        self._weights = self._new(blocks, block, M)
        self._d_centres, self._d_rows = self._new(blocks, block, D), self._new(blocks, width + M, D)

    def _update(self, chunk: NegativeChunk, rate: float) -> None:
        params, block = self._params, chunk.block
        blocks = -(-len(chunk.ids) // block)
        if blocks not in self._views:
            self._views[blocks] = _Views(self, blocks)
        at = self._views[blocks]
        padded = self._place(chunk, blocks * block)
        ids = padded[chunk.window : chunk.window + blocks * block]
        at.band_ids[...] = at.padded_bands
        at.noise_ids[...] = chunk.negatives
        # mode="raise" would gather into a copy first
        np.take(params.weight_in, ids, axis=0, out=at.flat_centres, mode="clip")
        np.take(params.weight_out, at.row_ids, axis=0, out=at.flat_rows, mode="clip")
        np.matmul(at.centres, at.rows_t, out=at.scores)
        self._score(at, chunk.num_negatives, 0.5 * rate)
        np.matmul(at.factors, at.rows, out=at.d_centres)
        np.matmul(at.factors_t, at.centres, out=at.d_rows)
        self._add(params.weight_in, ids, at.flat_d_centres)
        self._add_out(
            at.row_ids, at.flat_d_rows, lambda: reach_of(at.factors, at.centres, at.scores)
        )

    def _score(self, at: _Views, num_negatives: int, half: float) -> None:
        """Minus the rate times the derivative of the loss by every score, into the factors."""
        scores = at.scores
        np.multiply(scores, 0.5, out=scores)
        np.tanh(scores, out=scores)
        np.multiply(scores, -half, out=scores)
        # rate (1 - sigmoid(s)) for a pair, -rate share sigmoid(s) for noise: +-1/2 - tanh(s/2) / 2
        np.add(at.positive, half, out=at.positive)
        np.multiply(at.positive, at.masks, out=at.pair_factors)
        np.subtract(at.noise, half, out=at.noise)
        np.multiply(at.noise, self._noise_weights(at, num_negatives), out=at.noise_factors)

    def _noise_weights(self, at: _Views, num_negatives: int) -> np.ndarray:
        """(G, B, M): what each noise word weighs for each centre, summed over its context."""
        valid = at.band_column != at.noise_row  # (G, B + 2R, M)
        left_over = np.maximum(np.count_nonzero(valid, axis=2), 1)
        share = (num_negatives / left_over).astype(self._dtype)
        np.multiply(valid, share[:, :, None], out=at.shares)
        at.band_diagonals[...] = at.masks
        return np.matmul(at.band, at.shares, out=at.weights)


def reach_of(factors: np.ndarray, hidden: np.ndarray, scratch: np.ndarray) -> np.ndarray:
    """(G, 1, J): the sum over hidden vectors (G, B, D) of |factor| |hidden|**2.

    scratch : (G, B, J), overwritten
    """
    squares = np.einsum("gbd,gbd->gb", hidden, hidden)
    return np.matmul(squares[:, None, :], np.abs(factors, out=scratch))


class _Views:
    """The buffers of a plan as they look with some number of blocks: made once, for they cost."""

    def __init__(self, plan: SkipGramNSPlan, blocks: int) -> None:
        _, _, D, R, _, block = plan._dims
        width, columns = block + 2 * R, 2 * R + 1
        rows = plan._row_ids[:blocks]
        self.row_ids = rows.reshape(-1)
        self.band_ids, self.noise_ids = rows[:, :width], rows[:, width:]
        self.band_column, self.noise_row = rows[:, :width, None], rows[:, None, width:]
        self.padded_bands = bands(plan._ids, blocks, block, R)
        self.masks = plan._masks[R : R + blocks * block].reshape(blocks, block, columns)
        self.centres, self.rows = plan._centres[:blocks], plan._rows[:blocks]
        self.flat_centres, self.flat_rows = self.centres.reshape(-1, D), self.rows.reshape(-1, D)
        self.rows_t = self.rows.transpose(0, 2, 1)
        self.scores, self.factors = plan._scores[:blocks], plan._factors[:blocks]
        self.factors_t = self.factors.transpose(0, 2, 1)
        self.positive = diagonals(self.scores, columns)
        self.pair_factors = diagonals(self.factors, columns)
        self.noise, self.noise_factors = self.scores[:, :, width:], self.factors[:, :, width:]
        self.band, self.shares = plan._band[:blocks], plan._shares[:blocks]
        self.band_diagonals = diagonals(self.band, columns)
        self.weights = plan._weights[:blocks]
        self.d_centres, self.d_rows = plan._d_centres[:blocks], plan._d_rows[:blocks]
        self.flat_d_centres = self.d_centres.reshape(-1, D)
        self.flat_d_rows = self.d_rows.reshape(-1, D)

    def reach(self) -> np.ndarray:
        return reach_of(self.factors, self.centres, self.scores)


skipgram_ns = functools.partial(
    VectorUpdateImplementation, plan=SkipGramNSPlan, add=_scatter.add_by_columns
)
skipgram_ns_unique = functools.partial(
    VectorUpdateImplementation, plan=SkipGramNSPlan, add=add_by_unique
)
