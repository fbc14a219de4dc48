"""A33's additive score, tuned: no tanh a pair of query and memory, blocks that stay in cache.

With E = exp(2 (q + k)) = exp(2 q) exp(2 k) and s = 1 / (1 + E), tanh(q + k) is 1 - 2 s. So a pair
costs a product, a sum and a reciprocal, exp is taken once a query and once a key, and the score is
`sum(v) - 2 s . v`, where the constant falls out of the softmax. Backward makes s again, block by
block, and needs `1 - tanh**2 = 4 (s - s**2)`; nothing of the size (B, Tq, Tx, D) is ever kept.

Inside, everything is batch-major, so that the pairs of one sentence are contiguous; what is copied
to get there is smaller than the pairs by a factor of Tq or Tx.

exp(2 q) exp(2 k) must not leave the range of the dtype while q + k is moderate: where max|q| +
max|k| exceeds LARGEST, `tanh(q + k)` is computed as it stands. Such calls are counted in
`notes["rescued"]`.
"""

from __future__ import annotations

import itertools
import math
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

BLOCK_BYTES = 256 * 1024
"""Of pairs in one go; two such arrays are alive in backward: about a second-level cache."""

LARGEST = {4: 40.0, 8: 340.0}
"""By itemsize, of max|q| + max|k|: exp of twice that is in range, with some room."""

Block = tuple[slice, slice, slice]


class AdditiveAttention(Implementation):
    """Serves every size in float32 and float64."""

    tier = "own"

    def __init__(self, contract: Contract, backend: Backend) -> None:
        self.contract, self.backend = contract, backend
        self.impl_id = f"numpy.{contract.name}"
        self.dtypes = contract.dtypes

    def _plan(self, dims: Any, dtype: str, *, grad: bool) -> Plan:
        return AdditivePlan(dims, np.dtype(dtype), grad)


class AdditivePlan(Plan):
    """Buffers for (Tq, B, Tx, Q, A, D); Tq and Tx are capacities."""

    def __init__(self, dims: AttentionDims, dtype: np.dtype, grad: bool) -> None:
        Tq, B, Tx, Q, A, D = dims
        self._dims, self._grad, self._dtype = dims, grad, dtype
        self._rescued = 0
        self._rows = max(1, BLOCK_BYTES // (max(1, D) * dtype.itemsize))  # pairs of one block
        self._rows = min(self._rows, max(1, Tq * B * Tx))
        sizes = {
            "pairs": self._rows * D,
            "memory": B * Tx * A,
            "keys": B * Tx * D,
            "queries": B * Tq * Q,
            "projected": B * Tq * D,
            "weights": B * Tq * Tx,
            "out_weights": Tq * B * Tx,
            "out_context": Tq * B * A,
        }
        if grad:
            sizes |= {
                "slopes": self._rows * D,
                "d_scores": B * Tq * Tx,
                "d_keys": B * Tx * D,
                "d_projected": B * Tq * D,
                "d_memory": B * Tx * A,
                "d_queries": B * Tq * Q,
                "out_memory": Tx * B * A,
                "out_queries": Tq * B * Q,
            }
            shapes = ((D, Q), (D, A), (D,), (D,))
            self._d_params = AdditiveParams(*(np.empty(shape, dtype) for shape in shapes))
        self._buffers = {name: np.empty(size, dtype) for name, size in sizes.items()}
        self.nbytes = sum(b.nbytes for b in self._buffers.values())

    def _view(self, name: str, *shape: int) -> np.ndarray:
        """The front of one buffer in this shape: axes may be shorter than planned."""
        return self._buffers[name][: math.prod(shape)].reshape(shape)

    @property
    def notes(self) -> dict[str, Any]:
        """`rescued`: calls of forward whose projections were too large for the product of exps."""
        return {"rescued": self._rescued}

    def load(self, params: AdditiveParams) -> None:
        self._params = params

    def forward(self, inputs: AttentionInputs) -> AttentionOutputs:
        self._inputs = inputs
        B, Tq, Tx = self._sizes = inputs.lengths.shape[0], len(inputs.queries), len(inputs.memory)
        self._take(inputs)
        self._project(inputs)
        weights = self._weights = self._view("weights", B, Tq, Tx)
        for block in self._blocks():
            pairs = self._pair_values(block)
            weights[block] = (_flat(pairs) @ self._scoring).reshape(pairs.shape[:3])
        self._softmax(weights)
        out_weights = self._view("out_weights", Tq, B, Tx)
        np.copyto(out_weights, weights.transpose(1, 0, 2))
        context = self._view("out_context", Tq, B, self._memory.shape[2])
        np.matmul(weights, self._memory, out=context.transpose(1, 0, 2))
        return AttentionOutputs(context, out_weights)

    def _take(self, inputs: AttentionInputs) -> None:
        """Memory (without padding) and queries, batch-major."""
        B, Tq, Tx = self._sizes
        self._padded = B > 0 and int(inputs.lengths.min()) < Tx
        self._memory = self._view("memory", B, Tx, inputs.memory.shape[2])
        self._queries = self._view("queries", B, Tq, inputs.queries.shape[2])
        np.copyto(self._memory, inputs.memory.transpose(1, 0, 2))
        np.copyto(self._queries, inputs.queries.transpose(1, 0, 2))
        if self._padded:
            self._outside = np.arange(Tx) >= inputs.lengths[:, None]  # (B, Tx)
            np.copyto(self._memory, 0, where=self._outside[..., None])

    def _project(self, inputs: AttentionInputs) -> None:
        """Keys and projected queries, or exp of twice them where the product of exps is safe."""
        params, (B, Tq, Tx) = self._params, self._sizes
        D = len(params.v)
        keys, projected = self._view("keys", B, Tx, D), self._view("projected", B, Tq, D)
        if inputs.projected_memory is None:
            np.matmul(_flat(self._memory), params.weight_key.T, out=_flat(keys))
        else:
            np.copyto(keys, inputs.projected_memory.transpose(1, 0, 2))
            if self._padded:
                np.copyto(keys, 0, where=self._outside[..., None])
        np.matmul(_flat(self._queries), params.weight_query.T, out=_flat(projected))
        np.add(projected, params.bias, out=projected)
        self._product = _largest(projected) + _largest(keys) <= LARGEST[self._dtype.itemsize]
        self._rescued += not self._product
        self._scoring = -2 * params.v if self._product else params.v
        for array in (keys, projected) if self._product else ():
            np.add(array, array, out=array)
            np.exp(array, out=array)
        self._keys, self._projected = keys, projected

    def _blocks(self) -> Iterator[Block]:
        """Ranges of batch, queries and memory whose pairs fit the block's buffer."""
        B, Tq, Tx = self._sizes
        x = max(1, min(Tx, self._rows))
        q = max(1, min(Tq, self._rows // x))
        b = max(1, min(B, self._rows // (x * q)))
        return itertools.product(_ranges(B, b), _ranges(Tq, q), _ranges(Tx, x))

    def _pair_values(self, block: Block) -> np.ndarray:
        """(b, tq, tx, D): s = 1 / (1 + exp(2 (q + k))), or tanh(q + k) where that is rescued."""
        b, q, x = block
        projected, keys = self._projected[b, q, None], self._keys[b, None, x]
        pairs = self._view("pairs", *projected.shape[:2], *keys.shape[2:])
        if self._product:
            np.multiply(projected, keys, out=pairs)
            np.add(pairs, 1, out=pairs)
            np.divide(1, pairs, out=pairs)  # np.reciprocal takes 1.7 times as long
        else:
            np.add(projected, keys, out=pairs)
            tanh_(pairs)
        return pairs

    def _softmax(self, weights: np.ndarray) -> None:
        """In place over the last axis, inside the lengths; all zero at length 0."""
        if self._padded:
            outside = self._outside[:, None]
            np.copyto(weights, np.finfo(self._dtype).min, where=outside)
        np.subtract(weights, weights.max(axis=-1, keepdims=True), out=weights)
        np.exp(weights, out=weights)
        if self._padded:
            np.copyto(weights, 0, where=outside)
        total = weights.sum(axis=-1, keepdims=True)
        np.copyto(total, 1, where=total == 0)
        np.divide(weights, total, out=weights)

    def backward(self, d_outputs: AttentionOutputs) -> Gradients:
        self._require_gradients()
        B, Tq, Tx = self._sizes
        D = len(self._params.v)
        d_keys, d_projected = self._view("d_keys", B, Tx, D), self._view("d_projected", B, Tq, D)
        for array in (d_keys, d_projected, self._d_params.v):
            array[:] = 0
        d_scores = self._softmax_backward(d_outputs)
        for block in self._blocks():
            self._block_backward(block, d_scores[block], d_projected, d_keys)
        return self._gradients(d_projected, d_keys)

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

    def _softmax_backward(self, d_outputs: AttentionOutputs) -> np.ndarray:
        """d_scores (B, Tq, Tx), and the memory's gradient through the context."""
        weights, memory = self._weights, self._memory
        d_scores = self._view("d_scores", *weights.shape)
        d_memory = self._view("d_memory", *memory.shape)
        if d_outputs.context is None:
            d_scores[:], d_memory[:] = 0, 0
        else:  # context = weights @ memory
            d_context = d_outputs.context.transpose(1, 0, 2)  # (B, Tq, A)
            np.matmul(d_context, memory.transpose(0, 2, 1), out=d_scores)
            np.matmul(weights.transpose(0, 2, 1), d_context, out=d_memory)
        if d_outputs.weights is not None:
            np.add(d_scores, d_outputs.weights.transpose(1, 0, 2), out=d_scores)
            if self._padded:
                np.copyto(d_scores, 0, where=self._outside[:, None])
        mean = np.einsum("bqx,bqx->bq", weights, d_scores)  # weights = softmax(scores)
        np.subtract(d_scores, mean[..., None], out=d_scores)
        np.multiply(d_scores, weights, out=d_scores)
        return d_scores

    def _block_backward(self, block: Block, d_score, d_projected, d_keys) -> None:
        """Adds one block's part to the gradients of v, queries and keys, but for a factor v."""
        b, q, x = block
        pairs = self._pair_values(block)
        slopes = self._view("slopes", *pairs.shape)
        self._d_params.v[:] += d_score.reshape(-1) @ _flat(pairs)  # scores = pairs . scoring
        np.multiply(pairs, pairs, out=slopes)
        if self._product:
            np.subtract(pairs, slopes, out=slopes)  # s - s^2: a quarter of tanh's slope
        else:
            np.subtract(1, slopes, out=slopes)
        by_key = d_score.transpose(0, 2, 1)[:, :, None]  # (b, tx, 1, tq)
        d_projected[b, q] += (d_score[:, :, None] @ slopes)[:, :, 0]  # (b, tq, 1, tx) x (.., tx, D)
        d_keys[b, x] += (by_key @ slopes.transpose(0, 2, 1, 3))[:, :, 0]

    def _gradients(self, d_projected: np.ndarray, d_keys: np.ndarray) -> Gradients:
        params, d_params = self._params, self._d_params
        factor = 4 * params.v if self._product else params.v
        np.multiply(d_projected, factor, out=d_projected)
        np.multiply(d_keys, factor, out=d_keys)
        if self._product:  # tanh = 1 - 2 s, and the d_scores of a query add up to 0
            np.multiply(d_params.v, -2, out=d_params.v)
        np.matmul(_flat(d_projected).T, _flat(self._queries), out=d_params.weight_query)
        np.add.reduce(_flat(d_projected), axis=0, out=d_params.bias)
        np.matmul(_flat(d_keys).T, _flat(self._memory), out=d_params.weight_key)
        d_queries = self._view("d_queries", *self._queries.shape)
        np.matmul(_flat(d_projected), params.weight_query, out=_flat(d_queries))
        d_memory = self._view("d_memory", *self._memory.shape)
        d_memory += d_keys @ params.weight_key
        B, Tq, Tx = self._sizes
        out_queries = self._view("out_queries", Tq, B, d_queries.shape[2])
        out_memory = self._view("out_memory", Tx, B, d_memory.shape[2])
        np.copyto(out_queries, d_queries.transpose(1, 0, 2))
        np.copyto(out_memory, d_memory.transpose(1, 0, 2))
        return Gradients(d_params, AttentionInputs(out_queries, out_memory, None))


def _ranges(size: int, step: int) -> list[slice]:
    return [slice(first, min(first + step, size)) for first in range(0, size, step)]


def _largest(a: np.ndarray) -> float:
    """max|a|; a NaN stays NaN, which no limit admits."""
    return float(max(a.max(), -a.min())) if a.size else 0.0


def _flat(a: np.ndarray) -> np.ndarray:
    return a.reshape(-1, a.shape[-1])
