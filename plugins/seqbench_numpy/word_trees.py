"""A18's and A20's steps down a Huffman tree, tuned: the paths of a block against its centres.

The turns to BLOCK targets are laid end to end, a row of weight_out each, and scored against every
hidden vector of the block in one product: for skip-gram the B + 2R centres around, for CBOW the B
means. Pairs that are none count nothing, as in skipgram.py; short blocks, since here a block's rows
are ten times its targets.
"""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import numpy as np

from seqbench.kernels._word_vectors import TreeChunk, VectorDims

from . import _scatter
from ._word_vectors import (
    Add,
    UpdatePlan,
    VectorUpdateImplementation,
    add_by_unique,
    bands,
    diagonals,
    view,
)
from .cbow import Contexts

BLOCK = 8


class Paths(NamedTuple):
    """All paths of a tree end to end; those of word w start at starts[w]."""

    nodes: np.ndarray  # (total,) int32
    signs: np.ndarray  # (total,) in the plan's dtype
    starts: np.ndarray  # (V,)
    lengths: np.ndarray  # (V,)


class TreePlan(UpdatePlan):
    """Lays the turns of each block out; a subclass says what is scored against them."""

    def __init__(self, dims: VectorDims, dtype: np.dtype, add: Add, width: int) -> None:
        super().__init__(dims, dtype, add)
        self._blocks = -(-dims.N // BLOCK)
        self._width = width
        self._tree: tuple[np.ndarray, np.ndarray] | None = None
        self._columns = 0  # J, turns of a block: grown when a chunk needs more

    def block_of(self, dims: VectorDims) -> int:
        return BLOCK

    def _grow(self, columns: int) -> None:
        blocks, width, D = self._blocks, self._width, self._dims.D
        self._columns = columns
        dtype = self._dtype
        self._nodes = np.zeros((blocks, columns), np.int32)
        self._signs = np.zeros((blocks, columns), dtype)
        self._turn_of = np.zeros((blocks, columns), np.int64)
        self._rows, self._d_rows = (np.zeros((blocks, columns, D), dtype) for _ in range(2))
        self._scores, self._masked = (np.zeros((blocks, columns, width), dtype) for _ in range(2))

    @property
    def nbytes(self) -> int:  # type: ignore[override]
        held = super().nbytes
        if self._columns:
            grown = (self._nodes, self._signs, self._turn_of, self._rows, self._d_rows)
            held += sum(a.nbytes for a in (*grown, self._scores, self._masked))
        return held

    def _paths_of(self, chunk: TreeChunk) -> Paths:
        """The tree end to end: made anew where the chunk brings another one."""
        if self._tree is None or self._tree[0] is not chunk.path_nodes:
            inside = chunk.path_signs != 0
            lengths = inside.sum(axis=1)
            signs = chunk.path_signs[inside].astype(self._dtype)
            starts = np.cumsum(lengths) - lengths
            self._paths = Paths(chunk.path_nodes[inside], signs, starts, lengths)
            self._tree = chunk.path_nodes, chunk.path_signs
        return self._paths

    def _lay_out(self, chunk: TreeChunk, targets: np.ndarray, count: int) -> int:
        """Nodes, signs and targets of every turn, block by block; returns J of this chunk."""
        paths = self._paths_of(chunk)
        lengths = paths.lengths[targets]
        lengths[count:] = 0
        totals = lengths.reshape(-1, BLOCK).sum(axis=1)
        columns = max(1, int(totals.max()))
        if columns > self._columns:
            self._grow(columns + columns // 4)
        blocks = len(totals)
        ends = np.cumsum(lengths)
        turn = np.arange(ends[-1])
        # where a turn of a target lies: in the tree, and in the chunk from its block's start
        source = turn + np.repeat(paths.starts[targets] - (ends - lengths), lengths)
        place = turn + np.repeat(np.arange(blocks) * columns - (np.cumsum(totals) - totals), totals)
        laid = (self._nodes, self._signs, self._turn_of)
        nodes, signs, turn_of = (a.reshape(-1)[: blocks * columns] for a in laid)
        signs[:] = 0  # where there is no turn; nodes and targets of before do no harm there
        nodes[place], signs[place] = paths.nodes[source], paths.signs[source]
        turn_of[place] = np.repeat(np.arange(len(targets)), lengths)
        return columns

    def _descend(
        self, hidden: np.ndarray, masks: np.ndarray, columns: int, rate: float
    ) -> np.ndarray:
        """Update weight_out; (G, J, W) minus the rate times the derivative by every score.

        hidden : (G, W, D); masks : (targets, W), how often each counts for each target
        """
        blocks, width, D = hidden.shape
        size, self._hidden = blocks * columns, hidden
        nodes, signs, turn_of = (
            a.reshape(-1)[:size] for a in (self._nodes, self._signs, self._turn_of)
        )
        rows, d_rows = (a.reshape(-1, D)[:size] for a in (self._rows, self._d_rows))
        np.take(self._params.weight_out, nodes, axis=0, out=rows, mode="clip")
        scores, masked = (
            a.reshape(-1)[: size * width].reshape(blocks, columns, width)
            for a in (self._scores, self._masked)
        )
        shape = (blocks, columns, D)
        np.matmul(rows.reshape(shape), hidden.transpose(0, 2, 1), out=scores)
        np.multiply(scores, 0.5, out=scores)
        np.tanh(scores, out=scores)
        flat = scores.reshape(size, width)
        np.subtract(signs[:, None], flat, out=flat)  # 2 sign sigmoid(-sign s)
        np.multiply(flat, (0.5 * rate * signs * signs)[:, None], out=flat)
        np.take(masks, turn_of, axis=0, out=masked.reshape(size, width), mode="clip")
        np.multiply(scores, masked, out=scores)
        np.matmul(scores, hidden, out=d_rows.reshape(shape))
        self._pending = nodes, d_rows  # added when every score has been used
        return scores

    def _finish(self, factors: np.ndarray, out: np.ndarray) -> None:
        """d_hidden into `out` (G, W, D), then the nodes' own rows."""
        blocks, columns, _ = factors.shape
        rows = self._rows.reshape(-1, out.shape[2])[: blocks * columns]
        np.matmul(factors.transpose(0, 2, 1), rows.reshape(blocks, columns, -1), out=out)
        self._add_out(*self._pending, lambda: self._reach(factors))

    def _reach(self, factors: np.ndarray) -> np.ndarray:
        """(G, J, 1): the sum over the block's hidden vectors of |factor| |hidden|**2."""
        squares = np.einsum("gwd,gwd->gw", self._hidden, self._hidden)
        return np.matmul(np.abs(factors, out=factors), squares[:, :, None])


class SkipGramHSPlan(TreePlan):
    """Hidden vectors of a block: its B + 2R centres."""

    def __init__(self, dims: VectorDims, dtype: np.dtype, add: Add) -> None:
        super().__init__(dims, dtype, add, BLOCK + 2 * dims.R)
        blocks, width = self._blocks, self._width
        self._band_ids = self._new(blocks, width, dtype=np.int32)
        self._centres, self._d_centres = (self._new(blocks, width, dims.D) for _ in range(2))
        self._pairs = self._new(blocks, BLOCK, width)  # zero off the band

    def _update(self, chunk: TreeChunk, rate: float) -> None:
        R, count = chunk.window, len(chunk.ids)
        blocks = -(-count // BLOCK)
        padded = self._place(chunk, blocks * BLOCK)
        ids, centres = self._band_ids[:blocks], self._centres[:blocks]
        ids[...] = bands(padded, blocks, BLOCK, R)
        np.take(self._params.weight_in, ids, axis=0, out=centres, mode="clip")
        columns = self._lay_out(chunk, padded[R : R + blocks * BLOCK], count)
        masks = self._masks_of_targets(blocks, count)
        factors = self._descend(centres, masks, columns, rate)
        d_centres = self._d_centres[:blocks]
        self._finish(factors, d_centres)
        size = centres.shape[2]
        self._add(self._params.weight_in, ids.reshape(-1), d_centres.reshape(-1, size))

    def _masks_of_targets(self, blocks: int, count: int) -> np.ndarray:
        """(targets, B + 2R): which centres of the block have each target in their window.

        The centre i - R places on from target t sees it 2R - i columns along its own mask.
        """
        R, columns = self._dims.R, 2 * self._dims.R + 1
        self._masks[:R] = self._masks[R + count : 2 * R + blocks * BLOCK] = 0
        pairs = self._pairs[:blocks]
        turned = view(
            self._masks.reshape(-1)[columns - 1 :],
            (blocks, BLOCK, columns),
            (BLOCK * columns, columns, columns - 1),
        )
        diagonals(pairs, columns)[...] = turned
        return pairs.reshape(blocks * BLOCK, -1)


class CbowHSPlan(TreePlan):
    """Hidden vectors of a block: the means of its B contexts, each for its own target."""

    def __init__(self, dims: VectorDims, dtype: np.dtype, add: Add, *, divide: bool) -> None:
        super().__init__(dims, dtype, add, BLOCK)
        self._contexts = Contexts(self, dims, BLOCK, divide)
        # a position without context needs no mask: its mean is zero, and nothing goes back
        self._own = self._new(self._blocks * BLOCK, BLOCK)
        self._own[:] = np.tile(np.eye(BLOCK, dtype=dtype), (self._blocks, 1))
        self._d_hidden = self._new(self._blocks, BLOCK, dims.D)

    def _update(self, chunk: TreeChunk, rate: float) -> None:
        R, count = chunk.window, len(chunk.ids)
        blocks = -(-count // BLOCK)
        padded = self._place(chunk, blocks * BLOCK)
        hidden = self._contexts.gather(chunk, blocks)
        columns = self._lay_out(chunk, padded[R : R + blocks * BLOCK], count)
        factors = self._descend(hidden, self._own, columns, rate)
        d_hidden = self._d_hidden[:blocks]
        self._finish(factors, d_hidden)
        self._contexts.scatter(d_hidden)


def _made(plan: Any, add: Add, **options: bool) -> Any:
    made = functools.partial(plan, **options) if options else plan
    return functools.partial(VectorUpdateImplementation, plan=made, add=add)


skipgram_hs = _made(SkipGramHSPlan, _scatter.add_by_columns)
skipgram_hs_unique = _made(SkipGramHSPlan, add_by_unique)
cbow_hs = _made(CbowHSPlan, _scatter.add_by_columns, divide=True)
cbow_hs_unique = _made(CbowHSPlan, add_by_unique, divide=True)
cbow_hs_word2vec = _made(CbowHSPlan, _scatter.add_by_columns, divide=False)
cbow_hs_word2vec_unique = _made(CbowHSPlan, add_by_unique, divide=False)
