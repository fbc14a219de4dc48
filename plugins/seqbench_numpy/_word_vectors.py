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
        self, contract: Contract, backend: Backend, plan: type[UpdatePlan], add: Add
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
        divide = not self.contract.name.endswith("_word2vec")
        return self._make(dims, np.dtype(dtype), self._add, divide)


class UpdatePlan(Plan):
    """Buffers for chunks of up to N positions; the matrices are updated where they are."""

    def __init__(self, dims: VectorDims, dtype: np.dtype, add: Add, divide: bool) -> None:
        self._dims, self._dtype, self._add, self._divide = dims, dtype, add, divide
        self._windows = window_table(dims.R, dtype)
        self._buffers: list[np.ndarray] = [self._windows]

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
        if len(inputs.chunk.ids):
            self._update(inputs.chunk, inputs.learning_rate)
        return UpdatedVectors(self._params.weight_in, self._params.weight_out)

    def _update(self, chunk: Any, rate: float) -> None:
        raise NotImplementedError

    def _masks(self, chunk: Any) -> np.ndarray:
        """(N, 2R + 1): 1 where the word that many places on is context; 0 in the middle."""
        found: np.ndarray = self._windows[chunk.left * (self._dims.R + 1) + chunk.right]
        return found

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


def diagonals(matrices: np.ndarray, count: int) -> np.ndarray:
    """(G, B, count) view of (G, B, W): row b from column b on, the band of a block."""
    outer, row, item = matrices.strides
    shape = (*matrices.shape[:2], count)
    return as_strided(matrices, shape, (outer, row + item, item))


def bands(ids: np.ndarray, blocks: int, block: int, window: int) -> np.ndarray:
    """(G, B + 2R) view of padded ids (G B + 2R,): each block with R neighbours on both sides."""
    item = ids.strides[0]
    return as_strided(ids, (blocks, block + 2 * window), (block * item, item), writeable=False)
