"""A21's step, tuned: the rows that a chunk meets are taken out once, updated, and put back.

A chunk meets far fewer words than it has counts (the trainer sees to that), so its rows fit a
cache. What many counts give one row is summed by a sparse product over the rows already gathered
for the dot products, and AdaGrad runs over the rows that were met, not over the vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import sparse

from seqbench.interfaces import Backend, Contract, Gradients, Implementation, Plan, UnsupportedError
from seqbench.kernels.glove import (
    EPSILON,
    GloveDims,
    GloveState,
    GloveStep,
    GloveStepped,
    weights_of,
)

from ._scatter import csc_matvecs

Summed = Callable[[np.ndarray, np.ndarray, np.ndarray, int], np.ndarray]


def glove_update(contract: Contract, backend: Backend) -> GloveUpdate:
    return GloveUpdate(contract, backend, "glove_update", summed_by_columns)


def glove_update_product(contract: Contract, backend: Backend) -> GloveUpdate:
    return GloveUpdate(contract, backend, "glove_update_product", summed_by_product)


class GloveUpdate(Implementation):
    """Serves every size in float32 and float64; `summed` adds up what one row is given."""

    tier = "own"

    def __init__(self, contract: Contract, backend: Backend, name: str, summed: Summed) -> None:
        self.contract, self.backend = contract, backend
        self.impl_id = f"numpy.{name}"
        self.dtypes = contract.dtypes
        self._summed = summed

    def supports(self, dims: Any, dtype: str) -> str | None:
        if self._summed is summed_by_columns and csc_matvecs is None:
            return "this SciPy has no csc_matvecs; choose numpy.glove_update_product"
        return super().supports(dims, dtype)

    def _plan(self, dims: Any, dtype: str, *, grad: bool) -> Plan:
        return GloveUpdatePlan(dims, np.dtype(dtype), self._summed)


class GloveUpdatePlan(Plan):
    """Gathered rows of both sides, (N, D) each; N is a capacity."""

    def __init__(self, dims: GloveDims, dtype: np.dtype, summed: Summed) -> None:
        N, V, D = dims
        self._summed = summed
        self._word_rows = np.empty((N, D), dtype)
        self._context_rows = np.empty((N, D), dtype)
        self._met = np.zeros(V, bool)
        self._place = np.empty(V, np.int32)
        held = (self._word_rows, self._context_rows, self._met, self._place)
        self.nbytes = sum(a.nbytes for a in held)

    def load(self, params: GloveState) -> None:
        self._params = params

    def forward(self, inputs: GloveStep) -> GloveStepped:
        params, chunk, rate = self._params, inputs.chunk, inputs.learning_rate
        words, row = self._distinct(chunk.rows)
        contexts, column = self._distinct(chunk.columns)
        weight, context = params.weight[words], params.context[contexts]
        word_rows = np.take(weight, row, axis=0, out=self._word_rows[: len(row)], mode="clip")
        context_rows = np.take(
            context, column, axis=0, out=self._context_rows[: len(row)], mode="clip"
        )
        difference = np.einsum("nd,nd->n", word_rows, context_rows)
        difference += params.bias[chunk.rows]
        difference += params.context_bias[chunk.columns]
        difference -= np.log(chunk.counts)
        weighted = weights_of(chunk, xp=np) * difference
        loss = chunk.factor * (weighted @ difference)
        errors = 2 * chunk.factor * weighted
        d_weight = self._summed(row, errors, context_rows, len(words))
        d_context = self._summed(column, errors, word_rows, len(contexts))
        _adagrad(params.weight, params.weight_squares, words, weight, d_weight, rate)
        _adagrad(params.context, params.context_squares, contexts, context, d_context, rate)
        dtype = weight.dtype
        d_bias = np.bincount(row, errors, len(words)).astype(dtype)
        d_context_bias = np.bincount(column, errors, len(contexts)).astype(dtype)
        _adagrad(params.bias, params.bias_squares, words, params.bias[words], d_bias, rate)
        own = params.context_bias[contexts]
        _adagrad(
            params.context_bias, params.context_bias_squares, contexts, own, d_context_bias, rate
        )
        return GloveStepped(
            params.weight, params.context, params.bias, params.context_bias, np.asarray(loss)
        )

    def _distinct(self, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(distinct ids, ascending; the place of each id among them)."""
        self._met[ids] = True
        distinct = np.flatnonzero(self._met)
        self._met[distinct] = False
        self._place[distinct] = np.arange(len(distinct), dtype=np.int32)
        return distinct, self._place[ids]

    def backward(self, d_outputs: Any) -> Gradients:
        raise UnsupportedError("vectors/glove_update has no gradient; vectors/glove has one")


def summed_by_columns(
    ids: np.ndarray, factors: np.ndarray, rows: np.ndarray, count: int
) -> np.ndarray:
    """(count, D) with out[ids[n]] = sum of factors[n] rows[n], by SciPy's private loop.

    ids : (N,) int32; rows : (N, D) C-contiguous
    """
    number, size = rows.shape
    starts = np.arange(number + 1, dtype=np.int32)
    out = np.zeros((count, size), rows.dtype)
    csc_matvecs(count, number, size, starts, ids, factors, rows.reshape(-1), out.reshape(-1))
    return out


def summed_by_product(
    ids: np.ndarray, factors: np.ndarray, rows: np.ndarray, count: int
) -> np.ndarray:
    """The same by SciPy's public product."""
    starts = np.arange(len(ids) + 1, dtype=np.int32)
    matrix = sparse.csc_array((factors, ids, starts), shape=(count, len(ids)))
    return np.ascontiguousarray(matrix @ rows)


def _adagrad(
    theta: np.ndarray,
    squares: np.ndarray,
    ids: np.ndarray,
    values: np.ndarray,
    gradient: np.ndarray,
    rate: float,
) -> None:
    """theta[ids] = values - rate gradient / sqrt(squares), squares[ids] += gradient^2."""
    own = squares[ids]
    own += gradient * gradient
    squares[ids] = own
    np.sqrt(own, out=own)
    own += EPSILON
    np.divide(gradient, own, out=own)
    own *= rate
    theta[ids] = values - own
