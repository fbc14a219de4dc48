"""A21's counts, tuned: pair and distance packed in one integer, and a sort of bare values.

NumPy sorts int64 values by AVX-512 or AVX2 networks but has no such argsort, so the distance rides
in the low bits of the key instead of in a second array. With both sides counted the matrix is B +
B^T of the left-hand pairs, so half of them are sorted and SciPy transposes by counting.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse

from seqbench.interfaces import Backend, Contract, Gradients, Implementation, Plan, UnsupportedError
from seqbench.kernels.cooccurrence import (
    CooccurrenceDims,
    CooccurrenceInputs,
    Cooccurrences,
    NoTable,
    sentences_of,
)

KEY_BITS = 63
BLOCK = 1 << 16
"""Pairs summed in one go: what a second-level cache holds."""


class Cooccurrence(Implementation):
    """Serves what fits the packed key: V^2 times window below 2^63."""

    tier = "own"

    def __init__(self, contract: Contract, backend: Backend) -> None:
        self.contract, self.backend = contract, backend
        self.impl_id = f"numpy.{contract.name}"
        self.dtypes = contract.dtypes

    def supports(self, dims: Any, dtype: str) -> str | None:
        bits = 2 * int(dims.V).bit_length() + _bits(dims.W)
        if bits > KEY_BITS:
            return f"{dims.V} words and a window of {dims.W} need {bits} bits, at most {KEY_BITS}"
        return Implementation.supports(self, dims, dtype)

    def _plan(self, dims: Any, dtype: str, *, grad: bool) -> Plan:
        return CooccurrencePlan(dims)


class CooccurrencePlan(Plan):
    """One array of packed pairs; N is a capacity."""

    def __init__(self, dims: CooccurrenceDims) -> None:
        self._packed = np.empty(dims.N * dims.W, np.int64)
        self.nbytes = self._packed.nbytes

    def load(self, params: NoTable) -> None:
        """There is nothing to take."""

    def forward(self, inputs: CooccurrenceInputs) -> Cooccurrences:
        V, bits = inputs.vocab_size, _bits(inputs.window)
        packed = self._pack(inputs)
        packed.sort()
        keys, counts = summed_runs(packed, bits, _weights(inputs))
        rows, columns = np.divmod(keys, V)
        if inputs.symmetric:
            return _both_sides(rows, columns, counts, V)
        return Cooccurrences(rows.astype(np.int32), columns.astype(np.int32), counts)

    def _pack(self, inputs: CooccurrenceInputs) -> np.ndarray:
        """(pairs,) (word V + left neighbour) and distance - 1 below it, a view of the buffer."""
        ids, bits = inputs.ids.astype(np.int64), _bits(inputs.window)
        sentence = sentences_of(inputs, xp=np)
        rows = ids * inputs.vocab_size << bits
        columns = ids << bits
        end = 0
        for distance in range(1, inputs.window + 1):
            pairs = rows[distance:] + columns[:-distance]
            pairs += distance - 1
            same = sentence[distance:] == sentence[:-distance]
            if not same.all():
                pairs = pairs[same]
            self._packed[end : end + len(pairs)] = pairs
            end += len(pairs)
        return self._packed[:end]

    def backward(self, d_outputs: Any) -> Gradients:
        raise UnsupportedError("vectors/cooccurrence counts and has no gradient")


def summed_runs(
    packed: np.ndarray, bits: int, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(distinct keys, summed weights) of sorted key << bits | place in `weights`.

    A block at a time: over the whole array each pass would go through memory. A block ends where
    its last key begins, which the next one takes, so no sum is cut.
    """
    keys, sums = [np.zeros(0, np.int64)], [np.zeros(0)]
    first = 0
    while first < len(packed):
        block = packed[first : first + BLOCK]
        own = block >> bits
        starts = np.flatnonzero(np.concatenate([[True], own[1:] != own[:-1]]))
        if first + len(block) < len(packed):
            if len(starts) == 1:  # one key fills the block: take all of it
                own_end = np.searchsorted(packed, (own[0] + 1) << bits)
                block, own = packed[first:own_end], own[:1]
            else:
                block = block[: starts[-1]]
                starts = starts[:-1]
        values = weights[block & ((1 << bits) - 1)]
        keys.append(own[starts])
        sums.append(np.add.reduceat(values, starts))
        first += len(block)
    return np.concatenate(keys), np.concatenate(sums)


def _bits(window: int) -> int:
    """Bits that hold distance - 1."""
    return int(window - 1).bit_length()


def _weights(inputs: CooccurrenceInputs) -> np.ndarray:
    """(window,) by distance - 1."""
    distances = np.arange(1.0, inputs.window + 1)
    return 1 / distances if inputs.weighted else np.ones_like(distances)


def _both_sides(rows: np.ndarray, columns: np.ndarray, counts: np.ndarray, V: int) -> Cooccurrences:
    """B + B^T of the sorted left-hand counts, sorted."""
    borders = np.searchsorted(rows, np.arange(V + 1))
    left = sparse.csr_matrix((counts, columns.astype(np.int32), borders), shape=(V, V))
    both = (left + left.T.tocsr()).tocsr()
    both.sort_indices()
    filled = np.repeat(np.arange(V, dtype=np.int32), np.diff(both.indptr))
    return Cooccurrences(filled, both.indices.astype(np.int32, copy=False), both.data)
