"""A19's step, tuned: a block of positions against the words of its band in one small product.

A block of B centres has its context among B + 2R positions, and M noise words of its own. The rows
of all of them are gathered once; scores, the centres' gradients and the rows' are three products of
B x (B + 2R + M) x D a block. Most of the band is no pair and counts nothing: what is multiplied in
vain costs less than a gather a pair. The band's scores are read and written through a diagonal
view, so nonlinearities see 2R + 1 numbers a position and not B + 2R.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from seqbench.interfaces import Backend, Contract
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


def skipgram_ns(contract: Contract, backend: Backend) -> VectorUpdateImplementation:
    return VectorUpdateImplementation(contract, backend, SkipGramNSPlan, _scatter.add_by_columns)


def skipgram_ns_unique(contract: Contract, backend: Backend) -> VectorUpdateImplementation:
    return VectorUpdateImplementation(contract, backend, SkipGramNSPlan, add_by_unique)


class SkipGramNSPlan(UpdatePlan):
    """Buffers for G blocks; positions past the chunk have empty windows and word 0."""

    def __init__(self, dims: VectorDims, dtype: np.dtype, add: Add, divide: bool) -> None:
        super().__init__(dims, dtype, add, divide)
        N, _, D, R, M, block = dims
        blocks, width = -(-N // block), block + 2 * R
        self._ids = self._new(blocks * block + 2 * R, dtype=np.int32)
        self._masks_of = self._new(blocks * block, 2 * R + 1)
        self._rows_of = self._new(blocks, width + M, dtype=np.int32)
        self._centres = self._new(blocks, block, D)
        self._rows = self._new(blocks, width + M, D)
        self._band = self._new(blocks, block, width)  # the windows as 0 and 1, zero elsewhere
        self._scores = self._new(blocks, block, width + M)
        self._factors = self._new(blocks, block, width + M)  # zero off the band
        self._positive = self._new(blocks, block, 2 * R + 1)
        self._shares = self._new(blocks, width, M)
        self._weights = self._new(blocks, block, M)
        self._noise = self._new(blocks, block, M)
        self._d_centres, self._d_rows = self._new(blocks, block, D), self._new(blocks, width + M, D)

    def _update(self, chunk: NegativeChunk, rate: float) -> None:
        params, block = self._params, chunk.block
        count, blocks = len(chunk.ids), -(-len(chunk.ids) // block)
        ids = self._gather(chunk, count, blocks)
        factors = self._factors[:blocks]
        self._score(chunk, blocks, rate)
        centres, rows = self._centres[:blocks], self._rows[:blocks]
        d_centres, d_rows = self._d_centres[:blocks], self._d_rows[:blocks]
        np.matmul(factors, rows, out=d_centres)
        np.matmul(factors.transpose(0, 2, 1), centres, out=d_rows)
        size = centres.shape[2]
        self._add(params.weight_in, ids, d_centres.reshape(-1, size))
        self._add(params.weight_out, self._rows_of[:blocks].reshape(-1), d_rows.reshape(-1, size))

    def _gather(self, chunk: NegativeChunk, count: int, blocks: int) -> np.ndarray:
        """Rows of every centre, band and noise word; returns the centres' ids (G B,)."""
        R, params = chunk.window, self._params
        filled = blocks * chunk.block
        padded = self._ids[: filled + 2 * R]
        padded[:R] = padded[R + count :] = 0
        padded[R : R + count] = chunk.ids
        ids: np.ndarray = padded[R : R + filled]
        rows_of, width = self._rows_of[:blocks], chunk.block + 2 * R
        rows_of[:, :width] = bands(padded, blocks, chunk.block, R)
        rows_of[:, width:] = chunk.negatives
        size = params.weight_in.shape[1]
        centres, rows = self._centres[:blocks], self._rows[:blocks]
        # mode="raise" would gather into a copy first
        np.take(params.weight_in, ids, axis=0, out=centres.reshape(-1, size), mode="clip")
        np.take(params.weight_out, rows_of, axis=0, out=rows, mode="clip")
        masks = self._masks_of[:filled]
        masks[count:] = 0
        masks[:count] = self._masks(chunk)
        return ids

    def _score(self, chunk: NegativeChunk, blocks: int, rate: float) -> None:
        """`rate` times minus the derivative of the loss by every score, into the factors."""
        R, block = chunk.window, chunk.block
        width, half = block + 2 * R, 0.5 * rate
        scores, factors = self._scores[:blocks], self._factors[:blocks]
        rows, masks = self._rows[:blocks], self._masks_of[: blocks * block]
        masks = masks.reshape(blocks, block, 2 * R + 1)
        np.matmul(self._centres[:blocks], rows.transpose(0, 2, 1), out=scores)
        positive = self._positive[:blocks]  # rate (1 - sigmoid(s)) = rate / 2 (1 - tanh(s / 2))
        np.multiply(diagonals(scores, 2 * R + 1), 0.5, out=positive)
        np.tanh(positive, out=positive)
        np.multiply(positive, -half, out=positive)
        np.add(positive, half, out=positive)
        np.multiply(positive, masks, out=diagonals(factors, 2 * R + 1))
        noise = self._noise[:blocks]  # -rate weight sigmoid(s)
        np.multiply(scores[:, :, width:], 0.5, out=noise)
        np.tanh(noise, out=noise)
        np.add(noise, 1, out=noise)
        weights = self._noise_weights(chunk, masks, blocks)
        np.multiply(noise, -half, out=noise)
        np.multiply(noise, weights, out=factors[:, :, width:])

    def _noise_weights(self, chunk: NegativeChunk, masks: np.ndarray, blocks: int) -> np.ndarray:
        """(G, B, M): what each noise word weighs for each centre, summed over its context."""
        width, M = chunk.block + 2 * chunk.window, chunk.negatives.shape[1]
        rows_of, shares = self._rows_of[:blocks], self._shares[:blocks]
        valid = rows_of[:, :width, None] != rows_of[:, None, width:]  # (G, B + 2R, M)
        left_over = np.maximum(valid.sum(axis=2, dtype=np.int32), 1)
        share = (chunk.num_negatives / left_over).astype(shares.dtype)
        np.multiply(valid, share[:, :, None], out=shares)
        band = self._band[:blocks]
        diagonals(band, masks.shape[2])[...] = masks
        return np.matmul(band, shares, out=self._weights[:blocks])
