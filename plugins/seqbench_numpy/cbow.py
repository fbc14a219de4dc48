"""A20's step with noise words, tuned: means, scores and both gradients as products a block.

The mean of a context is a row of a B x (B + 2R) matrix of shares times the rows of the band, which
are gathered once; its transpose carries the gradient back.
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


class Contexts:
    """The means of every position's context, and the way back; a part of a plan."""

    def __init__(self, plan: UpdatePlan, dims: VectorDims, block: int, divide: bool) -> None:
        self._plan, self._dims, self._block, self._divide = plan, dims, block, divide
        blocks, width = -(-dims.N // block), block + 2 * dims.R
        self._band_ids = plan._new(blocks, width, dtype=np.int32)
        self._rows, self._d_rows = (
            plan._new(blocks, width, dims.D),
            plan._new(blocks, width, dims.D),
        )
        self._means = plan._new(blocks, block, width)  # zero off the band
        self._back = plan._new(blocks, block, width) if not divide else self._means
        self.hidden = plan._new(blocks, block, dims.D)
        self.has_context = plan._new(blocks, block)

    def gather(self, padded: np.ndarray, blocks: int) -> np.ndarray:
        """(G, B, D): the mean of each position's context words, zero where it has none."""
        R, block = self._dims.R, self._block
        ids = self._band_ids[:blocks]
        ids[...] = bands(padded, blocks, block, R)
        rows = self._rows[:blocks]
        np.take(self._plan._params.weight_in, ids, axis=0, out=rows, mode="clip")
        masks = self._plan._masks[R : R + blocks * block].reshape(blocks, block, 2 * R + 1)
        counts = masks @ np.ones(2 * R + 1, masks.dtype)
        np.minimum(counts, 1, out=self.has_context[:blocks])
        np.maximum(counts, 1, out=counts)
        np.divide(masks, counts[:, :, None], out=diagonals(self._means[:blocks], 2 * R + 1))
        if not self._divide:
            diagonals(self._back[:blocks], 2 * R + 1)[...] = masks
        return np.matmul(self._means[:blocks], rows, out=self.hidden[:blocks])

    def scatter(self, d_hidden: np.ndarray) -> None:
        """Add what belongs to each context word; `d_hidden` (G, B, D) has the rate in it."""
        blocks, D = len(d_hidden), self._dims.D
        d_rows = self._d_rows[:blocks]
        np.matmul(self._back[:blocks].transpose(0, 2, 1), d_hidden, out=d_rows)
        ids = self._band_ids[:blocks].reshape(-1)
        self._plan._add(self._plan._params.weight_in, ids, d_rows.reshape(-1, D))


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
        padded = self._place(chunk, blocks * block)
        hidden = self._contexts.gather(padded, blocks)
        row_ids, rows = self._row_ids[:blocks], self._rows[:blocks]
        targets = padded[chunk.window : chunk.window + blocks * block]
        row_ids[:, :block] = targets.reshape(blocks, block)
        row_ids[:, block:] = chunk.negatives
        np.take(params.weight_out, row_ids, axis=0, out=rows, mode="clip")
        np.matmul(hidden, rows.transpose(0, 2, 1), out=self._scores[:blocks])
        factors = self._score(chunk, blocks, 0.5 * rate)
        d_hidden, d_rows = self._d_hidden[:blocks], self._d_rows[:blocks]
        np.matmul(factors, rows, out=d_hidden)
        np.matmul(factors.transpose(0, 2, 1), hidden, out=d_rows)
        self._contexts.scatter(d_hidden)
        self._add(params.weight_out, row_ids.reshape(-1), d_rows.reshape(-1, rows.shape[2]))

    def _score(self, chunk: NegativeChunk, blocks: int, half: float) -> np.ndarray:
        """(G, B, B + M): minus the rate times the derivative of the loss by every score."""
        block, ids = chunk.block, self._row_ids[:blocks]
        scores, factors = self._scores[:blocks], self._factors[:blocks]
        has_context = self._contexts.has_context[:blocks]
        np.multiply(scores, 0.5, out=scores)
        np.tanh(scores, out=scores)
        np.multiply(scores, -half, out=scores)
        own = diagonals(scores, 1)  # rate (1 - sigmoid(s)), as in skipgram.py
        np.add(own, half, out=own)
        np.multiply(own, has_context[:, :, None], out=diagonals(factors, 1))
        valid = ids[:, :block, None] != ids[:, None, block:]
        left_over = np.maximum(np.count_nonzero(valid, axis=2), 1)
        share = (chunk.num_negatives / left_over).astype(self._dtype) * has_context
        noise = scores[:, :, block:]
        np.subtract(noise, half, out=noise)
        np.multiply(noise, valid, out=noise)
        np.multiply(noise, share[:, :, None], out=factors[:, :, block:])
        return factors


def _made(divide: bool, add: Add) -> functools.partial[VectorUpdateImplementation]:
    plan = functools.partial(CbowNSPlan, divide=divide)
    return functools.partial(VectorUpdateImplementation, plan=plan, add=add)


cbow_ns = _made(True, _scatter.add_by_columns)
cbow_ns_unique = _made(True, add_by_unique)
cbow_ns_word2vec = _made(False, _scatter.add_by_columns)
cbow_ns_word2vec_unique = _made(False, add_by_unique)
