"""A33's additive score, tuned: no tanh a pair of query and memory, blocks that stay in cache.

With E = exp(2 (q + k)) = exp(2 q) exp(2 k) and s = 1 / (1 + E), tanh(q + k) is 1 - 2 s. So a pair
costs a product, a sum and a reciprocal, exp is taken once a query and once a key, and the score is
`sum(v) - 2 s . v`, where the constant falls out of the softmax. Backward makes s again, block by
block, and needs `1 - tanh**2 = 4 (s - s**2)`; nothing of the size (Tq, Tx, B, D) is ever kept.

exp(2 q) exp(2 k) must not leave the range of the dtype while q + k is moderate: where max|q| +
max|k| exceeds LARGEST the block computes `tanh(q + k)` as it stands. Such calls are counted in
`notes["rescued"]`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from seqbench.interfaces import Backend, Contract, Gradients, Implementation, Plan, UnsupportedError
from seqbench.kernels.attention import (
    AdditiveParams,
    AttentionDims,
    AttentionInputs,
    AttentionOutputs,
)

from ._fastmath import tanh_

BLOCK_BYTES = 192 * 1024
"""Of s in one go; three such arrays are alive in backward: what the second-level cache holds."""

LARGEST = {4: 40.0, 8: 340.0}
"""By itemsize, of max|q| + max|k|: exp of twice that is in range, with some room."""

Block = tuple[slice, slice, slice]


class AdditiveAttention(Implementation):
    """Serves every size in float32 and float64."""

    tier = "own"

    def __init__(self, contract: Contract, backend: Backend) -> None:
        self.contract, self.backend = contract, backend
        self.impl_id = "numpy.additive_exp_product"
        self.dtypes = contract.dtypes

    def _plan(self, dims: Any, dtype: str, *, grad: bool) -> Plan:
        return AdditivePlan(dims, np.dtype(dtype), grad)


class AdditivePlan(Plan):
    """Buffers for (Tq, B, Tx, Q, A, D); Tq and Tx are capacities."""

    def __init__(self, dims: AttentionDims, dtype: np.dtype, grad: bool) -> None:
        Tq, B, Tx, Q, A, D = self._dims = dims
        self._grad, self._dtype = grad, dtype
        self._rescued = 0
        self._held: list[np.ndarray] = []
        self._memory = self._new(Tx, B, A)  # without padding
        self._keys, self._queries = self._new(Tx, B, D), self._new(Tq, B, D)
        self._pairs = max(1, BLOCK_BYTES // (max(1, D) * dtype.itemsize))  # rows of one block
        self._pairs = min(self._pairs, max(1, Tq * B * Tx))
        self._block = self._new((2 if grad else 1) * self._pairs * D)
        self._weights = self._new(Tq * B * Tx)
        self._context = self._new(Tq * B * A)
        if grad:
            self._d_scores = self._new(Tq * B * Tx)
            self._d_keys, self._d_projected = self._new(Tx, B, D), self._new(Tq, B, D)
            self._d_queries, self._d_memory = self._new(Tq, B, Q), self._new(Tx, B, A)
            self._d_params = AdditiveParams(
                self._new(D, Q), self._new(D, A), self._new(D), self._new(D)
            )

    def _new(self, *shape: int) -> np.ndarray:
        array = np.empty(shape, self._dtype)
        self._held.append(array)
        return array

    @property
    def nbytes(self) -> int:  # type: ignore[override]
        """Bytes held by every buffer."""
        return sum(a.nbytes for a in self._held)

    @property
    def notes(self) -> dict[str, Any]:
        """`rescued`: calls of forward whose projections were too large for the product of exps."""
        return {"rescued": self._rescued}

    def load(self, params: AdditiveParams) -> None:
        self._params = params

    # -- forward -------------------------------------------------------------------------------

    def forward(self, inputs: AttentionInputs) -> AttentionOutputs:
        self._inputs = inputs
        self._sizes = steps, batch, positions = (*inputs.queries.shape[:2], len(inputs.memory))
        self._project(inputs)
        weights = self._weights[: steps * batch * positions].reshape(steps, batch, positions)
        for block in self._blocks():
            s = self._pair_values(block)
            q, x, b = block
            np.copyto(weights[q, b, x], np.swapaxes(s @ self._scoring, 1, 2))
        self._softmax(weights, inputs.lengths)
        memory = self._memory[:positions]
        size = memory.shape[2]
        context = self._context[: steps * batch * size].reshape(steps, batch, size)
        np.matmul(_swap(weights), _swap(memory), out=_swap(context))  # (B, Tq, Tx) x (B, Tx, A)
        self._outputs = AttentionOutputs(context, weights)
        return self._outputs

    def _project(self, inputs: AttentionInputs) -> None:
        """Keys and queries, or exp of twice them, and the memory, without padding."""
        params, (steps, _, positions) = self._params, self._sizes
        self._full = int(inputs.lengths.min(initial=positions)) == positions
        memory, keys = self._memory[:positions], self._keys[:positions]
        queries = self._queries[:steps]
        np.copyto(memory, inputs.memory)
        if not self._full:
            self._outside = np.arange(positions) >= inputs.lengths[:, None]  # (B, Tx)
            np.copyto(memory, 0, where=self._outside.T[..., None])
        if inputs.projected_memory is None:
            np.matmul(_flat(memory), params.weight_key.T, out=_flat(keys))
        else:
            np.copyto(keys, inputs.projected_memory)
            if not self._full:
                np.copyto(keys, 0, where=self._outside.T[..., None])
        np.matmul(_flat(inputs.queries), params.weight_query.T, out=_flat(queries))
        np.add(queries, params.bias, out=queries)
        self._product = _largest(queries) + _largest(keys) <= LARGEST[self._dtype.itemsize]
        self._rescued += not self._product
        self._scoring = -2 * params.v if self._product else params.v
        for array in (queries, keys) if self._product else ():
            np.add(array, array, out=array)
            np.exp(array, out=array)

    def _blocks(self) -> Iterator[Block]:
        """Ranges of queries, memory and batch whose pairs fit the block buffer, keys innermost."""
        steps, batch, positions = self._sizes
        x = max(1, min(positions, self._pairs))
        q = max(1, min(steps, self._pairs // x))
        b = max(1, min(batch, self._pairs // (x * q)))
        for ranges in itertools.product(_ranges(batch, b), _ranges(steps, q), _ranges(positions, x)):
            yield ranges[1], ranges[2], ranges[0]

    def _pair_values(self, block: Block) -> np.ndarray:
        """(tq, tx, b, D): s = 1 / (1 + exp(2 (q + k))), or tanh(q + k) where that is rescued."""
        queries = self._queries[block[0], None, block[2]]
        keys = self._keys[None, block[1], block[2]]
        out = self._buffer(0, np.broadcast_shapes(queries.shape, keys.shape))
        if self._product:
            np.multiply(queries, keys, out=out)
            np.add(out, 1, out=out)
            np.reciprocal(out, out=out)
        else:
            np.add(queries, keys, out=out)
            tanh_(out)
        return out

    def _buffer(self, index: int, shape: tuple[int, ...]) -> np.ndarray:
        """One of the two block buffers in this shape."""
        half = self._pairs * shape[-1] * index
        return self._block[half : half + int(np.prod(shape))].reshape(shape)

    def _softmax(self, weights: np.ndarray, lengths: np.ndarray) -> None:
        """In place over the last axis, inside the lengths; all zero at length 0."""
        if not self._full:
            np.copyto(weights, np.finfo(self._dtype).min, where=self._outside)
        np.subtract(weights, weights.max(axis=-1, keepdims=True), out=weights)
        np.exp(weights, out=weights)
        if not self._full:
            np.copyto(weights, 0, where=self._outside)
        total = weights.sum(axis=-1, keepdims=True)
        np.copyto(total, 1, where=total == 0)
        np.divide(weights, total, out=weights)

    # -- backward ------------------------------------------------------------------------------

    def backward(self, d_outputs: AttentionOutputs) -> Gradients:
        self._require_gradients()
        self._begin_gradients()
        d_scores = self._softmax_backward(d_outputs)
        for block in self._blocks():
            self._block_backward(block, d_scores)
        return self._gradients()

    def _require_gradients(self) -> None:
        if not self._grad:
            raise UnsupportedError(
                "attention: this plan was made with grad=False and has no buffers for backward; "
                "ask for plan(dims, dtype, grad=True)"
            )
        if self._inputs.projected_memory is not None:
            raise UnsupportedError(
                "attention: backward was asked with projected_memory given, expected None; "
                "leave it out in training"
            )

    def _begin_gradients(self) -> None:
        steps, _, positions = self._sizes
        self._d_memory[:positions] = 0
        self._d_keys[:positions] = 0
        self._d_projected[:steps] = 0
        self._d_params.v[:] = 0

    def _softmax_backward(self, d_outputs: AttentionOutputs) -> np.ndarray:
        """d_scores (Tq, B, Tx), and the memory's gradient through the context."""
        steps, batch, positions = self._sizes
        weights, memory = self._outputs.weights, self._memory[:positions]
        d_scores = self._d_scores[: weights.size].reshape(weights.shape)
        if d_outputs.context is None:
            d_scores[:] = 0
        else:  # context = weights @ memory
            d_context = _swap(d_outputs.context)  # (B, Tq, A)
            np.matmul(d_context, _swap(memory).transpose(0, 2, 1), out=_swap(d_scores))
            d_memory = _swap(self._d_memory[:positions])
            np.matmul(_swap(weights).transpose(0, 2, 1), d_context, out=d_memory)
        if d_outputs.weights is not None:
            np.add(d_scores, d_outputs.weights, out=d_scores)
            if not self._full:
                np.copyto(d_scores, 0, where=self._outside)
        mean = np.einsum("qbx,qbx->qb", weights, d_scores)  # weights = softmax(scores)
        np.subtract(d_scores, mean[..., None], out=d_scores)
        np.multiply(d_scores, weights, out=d_scores)
        return d_scores

    def _block_backward(self, block: Block, d_scores: np.ndarray) -> None:
        """Adds one block's part to the gradients of v, queries and keys, but for a factor v."""
        q, x, b = block
        d_score = np.ascontiguousarray(np.swapaxes(d_scores[q, b, x], 1, 2))  # (tq, tx, b)
        value = self._pair_values(block)
        slope = self._buffer(1, value.shape)
        d_v = self._d_params.v
        d_v += d_score.reshape(-1) @ _flat(value)  # scores = value . scoring
        np.multiply(value, value, out=slope)
        if self._product:
            np.subtract(value, slope, out=slope)  # s - s^2: a quarter of tanh's slope
        else:
            np.subtract(1, slope, out=slope)
        d_queries, d_keys = self._d_projected[q, b], self._d_keys[x, b]
        # (tq, b, 1, tx) x (tq, b, tx, D) and (tx, b, 1, tq) x (tx, b, tq, D)
        d_queries += (d_score.transpose(0, 2, 1)[:, :, None] @ slope.transpose(0, 2, 1, 3))[:, :, 0]
        d_keys += (d_score.transpose(1, 2, 0)[:, :, None] @ slope.transpose(1, 2, 0, 3))[:, :, 0]

    def _gradients(self) -> Gradients:
        params, d_params, inputs = self._params, self._d_params, self._inputs
        steps, _, positions = self._sizes
        d_projected, d_keys = self._d_projected[:steps], self._d_keys[:positions]
        factor = 4 * params.v if self._product else params.v
        np.multiply(d_projected, factor, out=d_projected)
        np.multiply(d_keys, factor, out=d_keys)
        if self._product:  # tanh = 1 - 2 s, and the sum of d_scores is 0
            np.multiply(d_params.v, -2, out=d_params.v)
        flat, memory = _flat(d_projected), self._memory[:positions]
        np.matmul(flat.T, _flat(inputs.queries), out=d_params.weight_query)
        np.add.reduce(flat, axis=0, out=d_params.bias)
        np.matmul(_flat(d_keys).T, _flat(memory), out=d_params.weight_key)
        d_queries, d_memory = self._d_queries[:steps], self._d_memory[:positions]
        np.matmul(flat, params.weight_query, out=_flat(d_queries))
        np.add(d_memory, d_keys @ params.weight_key, out=d_memory)
        return Gradients(d_params, AttentionInputs(d_queries, d_memory, None))


def _ranges(size: int, step: int) -> list[slice]:
    return [slice(first, min(first + step, size)) for first in range(0, size, step)]


def _largest(a: np.ndarray) -> float:
    """max|a|; NaN stays NaN, which no limit admits."""
    return float(max(a.max(), -a.min())) if a.size else 0.0


def _swap(a: np.ndarray) -> np.ndarray:
    return a.transpose(1, 0, 2)


def _flat(a: np.ndarray) -> np.ndarray:
    return a.reshape(-1, a.shape[-1])
