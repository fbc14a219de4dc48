"""What the tuned updates of word vectors share: buffers, windows by table, rows added by id."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided
from scipy import sparse

from seqbench.interfaces import Backend, Contract, Gradients, Implementation, Plan, UnsupportedError
from seqbench.kernels._word_vectors import UpdatedVectors, VectorDims, VectorParams, VectorUpdate

from . import _scatter

Add = Callable[[np.ndarray, np.ndarray, np.ndarray], None]


def add_by_unique(out: np.ndarray, ids: np.ndarray, rows: np.ndarray) -> None:
    """`out[ids[n]] += rows[n]` by SciPy's public product over the ids that occur."""
    words, place = np.unique(ids, return_inverse=True)
    ones, starts = np.ones(len(ids), out.dtype), np.arange(len(ids) + 1)
    out[words] += sparse.csc_array((ones, place, starts), shape=(len(words), len(ids))) @ rows


class VectorUpdateImplementation(Implementation):
    """An in-place update; serves every size in float32 and float64."""

    tier = "own"

    def __init__(
        self, contract: Contract, backend: Backend, plan: Callable[..., UpdatePlan], add: Add
    ) -> None:
        self.contract, self.backend = contract, backend
        self.impl_id = f"numpy.{contract.name}"
        self.dtypes = contract.dtypes
        self._make, self._add = plan, add

    def supports(self, dims: Any, dtype: str) -> str | None:
        if self._add is _scatter.add_by_columns and _scatter.csc_matvecs is None:
            return "this SciPy has no csc_matvecs; choose the implementation that ends in _unique"
        return super().supports(dims, dtype)

    def _plan(self, dims: VectorDims, dtype: str, *, grad: bool) -> Plan:
        return self._make(dims, np.dtype(dtype), self._add)


class UpdatePlan(Plan):
    """Buffers for chunks of up to N positions; the matrices are updated where they are."""

    def __init__(self, dims: VectorDims, dtype: np.dtype, add: Add) -> None:
        self._dims, self._dtype, self._add = dims, dtype, add
        self._windows = window_table(dims.R, dtype)
        self._buffers: list[np.ndarray] = [self._windows]
        self._views: dict[int, Any] = {}
        self._damping = 0.0
        self._totals = self._new(dims.V, 1)
        filled = -(-dims.N // self.block_of(dims)) * self.block_of(dims)
        self._ids = self._new(filled + 2 * dims.R, dtype=np.int32)
        # (filled + 2R, 2R + 1): 1 where the word that many places on is context; 0 in the middle
        self._masks = self._new(filled + 2 * dims.R, 2 * dims.R + 1)

    def block_of(self, dims: VectorDims) -> int:
        """Positions of a block."""
        return dims.block

    @property
    def nbytes(self) -> int:  # type: ignore[override]
        """Bytes held by every buffer."""
        return sum(a.nbytes for a in self._buffers)

    def _new(self, *shape: int, dtype: Any = None) -> np.ndarray:
        made = np.zeros(shape, self._dtype if dtype is None else dtype)
        self._buffers.append(made)
        return made

    def load(self, params: VectorParams) -> None:
        self._params = params

    def forward(self, inputs: VectorUpdate) -> UpdatedVectors:
        if len(inputs.chunk.ids) > 0:
            self._damping = inputs.damping
            self._update(inputs.chunk, inputs.learning_rate)
        return UpdatedVectors(self._params.weight_in, self._params.weight_out)

    def _update(self, chunk: Any, rate: float) -> None:
        raise NotImplementedError

    def _add_out(self, ids: np.ndarray, rows: np.ndarray, reach: Callable[[], np.ndarray]) -> None:
        """Add steps to weight_out, damped by what `reach()` gives for each row, the rate in it."""
        if self._damping:
            given = reach().reshape(-1, 1)
            self._add(self._totals, ids, given)
            np.take(self._totals, ids, axis=0, out=given, mode="clip")
            self._totals[ids] = 0
            np.multiply(given, self._damping, out=given)
            np.add(given, 1, out=given)
            np.divide(rows, given, out=rows)
        self._add(self._params.weight_out, ids, rows)

    def _place(self, chunk: Any, filled: int) -> np.ndarray:
        """The chunk's ids with R more on both sides, in place of word 0; (filled + 2R,)."""
        R, count = self._dims.R, len(chunk.ids)
        padded: np.ndarray = self._ids[: filled + 2 * R]
        padded[R : R + count] = chunk.ids
        padded[R + count :] = 0
        masks = self._masks[R : R + filled]
        np.take(
            self._windows,
            chunk.left * (R + 1) + chunk.right,
            axis=0,
            out=masks[:count],
            mode="clip",  # "raise" would copy first
        )
        masks[count:] = 0
        return padded

    def backward(self, d_outputs: Any) -> Gradients:
        raise UnsupportedError("this is an update, not a layer: it has no gradient")


def window_table(window: int, dtype: np.dtype) -> np.ndarray:
    """((R + 1)**2, 2R + 1): the mask of a position with `left` and `right`, row left (R+1) + right.

    Looking masks up costs less than comparing offsets for every position.
    """
    offsets = np.arange(-window, window + 1)
    left, right = np.divmod(np.arange((window + 1) ** 2), window + 1)
    inside = (-left[:, None] <= offsets) & (offsets <= right[:, None]) & (offsets != 0)
    return inside.astype(dtype)


def view(array: np.ndarray, shape: tuple[int, ...], strides: tuple[int, ...]) -> np.ndarray:
    """A strided view of a contiguous array, strides in elements."""
    item = array.itemsize
    return as_strided(array, shape, tuple(item * step for step in strides))


def diagonals(matrices: np.ndarray, count: int) -> np.ndarray:
    """(G, B, count) view of (G, B, W): row b from column b on, the band of a block."""
    blocks, rows, width = matrices.shape
    return view(matrices, (blocks, rows, count), (rows * width, width + 1, 1))


def bands(padded: np.ndarray, blocks: int, block: int, window: int) -> np.ndarray:
    """(G, B + 2R) view of padded ids (G B + 2R,): each block with R neighbours on both sides."""
    return view(padded, (blocks, block + 2 * window), (block, 1))
