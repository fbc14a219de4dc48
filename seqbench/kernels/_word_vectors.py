"""What the trainers of word vectors share: two matrices, a chunk of tokens, windows, the update.

A chunk is a run of N token positions of a corpus. Position n has `left[n]` context words before it
and `right[n]` after it, all inside the chunk: sentence borders and the dynamic window are in these
two numbers, and a position with neither is context only (the halo of a longer run).

The objective is a sum over the chunk, in nats. An update is one step of gradient descent on that
sum, every gradient taken at the matrices' values at the start of the chunk and repeated words
added up. word2vec.c and gensim update after each pair instead and, with several workers, without
locks ("Hogwild"): what they do depends on the order, what is stated here does not, so a vectorised
and a sequential backend can both be held to it. The two agree to first order in the rate.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from seqbench.interfaces import Array, Backend, Gradients

from ._math import sigmoid


@dataclass(frozen=True, slots=True)
class VectorParams:
    """weight_in : (V, D), the word vectors; weight_out : (rows, D), the classifier's.

    `rows` is V, or the V - 1 inner nodes of a Huffman tree (1 for a vocabulary of one word).
    """

    weight_in: Array
    weight_out: Array


@dataclass(frozen=True, slots=True)
class NegativeChunk:
    """A chunk with its noise words.

    ids, left, right : (N,) int32; left, right in [0, window] and inside the chunk
    negatives : (G, M) int32 with G = ceil(N / block); row g serves positions [g block, (g+1) block)
    num_negatives : K, the weight of all noise words of one example together

    A noise word that equals the example's target is left out and the others share its weight,
    which is what drawing again amounts to; where nothing is left, the example has no noise.
    With block = 1 and M = K every position has K noise words of weight 1.
    """

    ids: Array
    left: Array
    right: Array
    negatives: Array
    window: int
    block: int
    num_negatives: int


@dataclass(frozen=True, slots=True)
class TreeChunk:
    """A chunk with the paths of a Huffman tree.

    ids, left, right : (N,) int32; left, right in [0, window] and inside the chunk
    path_nodes : (V, L) int32, the inner nodes from the root to each word
    path_signs : (V, L) int8, +1 or -1 by the branch taken, 0 past the end of the path
    """

    ids: Array
    left: Array
    right: Array
    path_nodes: Array
    path_signs: Array
    window: int


@dataclass(frozen=True, slots=True)
class SoftmaxChunk:
    """A chunk for the full softmax: ids, left, right (N,) int32 as in NegativeChunk."""

    ids: Array
    left: Array
    right: Array
    window: int


@dataclass(frozen=True, slots=True)
class VectorUpdate:
    """One step of gradient descent on the sum over a chunk.

    damping : 0 for the plain step. Above it, the step of a row of weight_out is divided by
    1 + damping * learning_rate * c, where c is the sum over the row's binary problems of
    |d loss / d score| |hidden|**2, which bounds how fast its scores can move. The sum over a chunk
    overshoots where one row has hundreds of problems in it (the root of a tree, a frequent word)
    and then diverges; one after another these would have seen their score fall. Rare rows, with a
    small c, move as without.
    """

    chunk: Any
    learning_rate: float
    damping: float = 0.0


@dataclass(frozen=True, slots=True)
class VectorLoss:
    """loss : (), the sum over the chunk's examples, in nats."""

    loss: Array


@dataclass(frozen=True, slots=True)
class UpdatedVectors:
    """The very arrays of Params, updated."""

    weight_in: Array
    weight_out: Array


class VectorDims(NamedTuple):
    """Positions, words, vector size, window, and what a position is scored against.

    J : noise words a block, the longest path, or V for the full softmax; block : 1 but for noise
    """

    N: int
    V: int
    D: int
    R: int
    J: int
    block: int


class Examples(NamedTuple):
    """Binary problems of N hidden vectors: rows of weight_out with the answer and its weight."""

    rows: Array  # (N, J) int32
    signs: Array  # (N, J) +1: belongs to it, -1: does not
    weights: Array  # (N, J), 0 where there is no problem


class Sparse(NamedTuple):
    """Rows to add to both matrices; ids may repeat."""

    in_ids: Array
    in_rows: Array
    out_ids: Array
    out_rows: Array
    out_reach: Array  # (rows,): c of VectorUpdate, before equal ids are added up


Objective = Callable[..., tuple[Array, Sparse]]
"""(params, chunk, xp) -> (loss, gradient)."""


# -- windows and binary problems ---------------------------------------------------------------


def window_of(chunk: Any, *, xp: Any) -> tuple[Array, Array]:
    """(N, 2R) positions around each position, clipped to the chunk, and which are its context."""
    count, R = chunk.ids.shape[0], chunk.window
    offsets = xp.concatenate([xp.arange(-R, 0), xp.arange(1, R + 1)])
    positions = xp.arange(count)[:, None] + offsets[None, :]
    reach = xp.where(offsets[None, :] < 0, chunk.left[:, None], chunk.right[:, None])
    return xp.clip(positions, 0, max(count - 1, 0)), xp.abs(offsets)[None, :] <= reach


def noise_of(chunk: NegativeChunk, *, xp: Any) -> Array:
    """(N, M): the noise words of each position's block."""
    return chunk.negatives[xp.arange(chunk.ids.shape[0]) // chunk.block]


def noise_shares(targets: Array, noise: Array, num_negatives: int, dtype: Any, *, xp: Any) -> Array:
    """(..., M): weight of each noise word beside a target (...,); equal to it, it has none."""
    valid = noise != targets[..., None]
    left_over = xp.maximum(valid.sum(axis=-1, keepdims=True), 1)
    return xp.where(valid, num_negatives / left_over, 0.0).astype(dtype)


def logistic(hidden: Array, weight_out: Array, examples: Examples, *, xp: Any) -> tuple[Any, ...]:
    """Of -sum(weight log sigmoid(sign score)): the loss, d_hidden (N, D), d_rows (N J, D), reach.

    reach : (N J,), |d score| |hidden|**2 of each problem, see VectorUpdate
    """
    rows = weight_out[examples.rows]  # (N, J, D)
    signed = examples.signs * (rows @ hidden[:, :, None])[:, :, 0]
    loss = (examples.weights * xp.logaddexp(xp.zeros_like(signed), -signed)).sum()
    d_scores = -examples.weights * examples.signs * sigmoid(-signed, xp=xp)
    d_hidden = (d_scores[:, None, :] @ rows)[:, 0, :]
    d_rows = d_scores[:, :, None] * hidden[:, None, :]
    reach = xp.abs(d_scores) * (hidden * hidden).sum(axis=1)[:, None]
    return loss, d_hidden, d_rows.reshape(reach.size, hidden.shape[1]), reach.reshape(-1)


def path_examples(chunk: TreeChunk, targets: Array, inside: Array, dtype: Any) -> Examples:
    """Every turn on the way to each target (N, C), as (N, C L) problems; `inside` (N, C)."""
    count = targets.shape[0]
    signs = chunk.path_signs[targets]  # (N, C, L)
    weights = (signs != 0) & inside[:, :, None]
    columns = signs.shape[1] * signs.shape[2]
    return Examples(
        chunk.path_nodes[targets].reshape(count, columns),
        signs.reshape(count, columns).astype(dtype),
        weights.reshape(count, columns).astype(dtype),
    )


# -- from an objective to a contract's functions -------------------------------------------------


def loss_forward(objective: Objective) -> Callable[..., VectorLoss]:
    def forward(params: VectorParams, chunk: Any, cache: None, *, backend: Backend) -> VectorLoss:
        return VectorLoss(objective(params, chunk, backend=backend)[0])

    return forward


def loss_backward(objective: Objective, chunk_type: type) -> Callable[..., Gradients]:
    def backward(
        d_out: VectorLoss, params: VectorParams, chunk: Any, cache: None, *, backend: Backend
    ) -> Gradients:
        """Dense gradients of both matrices."""
        xp = backend.xp
        d_in, d_weight_out = xp.zeros_like(params.weight_in), xp.zeros_like(params.weight_out)
        if d_out.loss is not None:
            _, found = objective(params, chunk, backend=backend)
            backend.scatter_add(d_in, found.in_ids, d_out.loss * found.in_rows)
            backend.scatter_add(d_weight_out, found.out_ids, d_out.loss * found.out_rows)
        nothing = chunk_type(**dict.fromkeys(chunk_type.__dataclass_fields__))  # type: ignore[attr-defined]
        return Gradients(VectorParams(d_in, d_weight_out), nothing)

    return backward


def update_forward(objective: Objective) -> Callable[..., UpdatedVectors]:
    def forward(
        params: VectorParams, inputs: VectorUpdate, cache: None, *, backend: Backend
    ) -> UpdatedVectors:
        _, found = objective(params, inputs.chunk, backend=backend)
        rate, step = -inputs.learning_rate, found.out_rows
        if inputs.damping:
            total = backend.xp.zeros_like(params.weight_out[:, :1])
            backend.scatter_add(total, found.out_ids, found.out_reach[:, None])
            step = step / (1 - rate * inputs.damping * total[found.out_ids])
        backend.scatter_add(params.weight_in, found.in_ids, rate * found.in_rows)
        backend.scatter_add(params.weight_out, found.out_ids, rate * step)
        return UpdatedVectors(params.weight_in, params.weight_out)

    return forward


def no_cache(dims: VectorDims, dtype: str, *, backend: Backend) -> None:
    """Backward starts from the chunk again."""


# -- sizes ---------------------------------------------------------------------------------


def vector_dims(params: VectorParams, chunk: Any) -> VectorDims:
    V, D = params.weight_in.shape
    if isinstance(chunk, NegativeChunk):
        columns, block = chunk.negatives.shape[1], chunk.block
    elif isinstance(chunk, TreeChunk):
        columns, block = chunk.path_nodes.shape[1], 1
    else:
        columns, block = V, 1
    return VectorDims(chunk.ids.shape[0], V, D, chunk.window, columns, block)


def update_dims(params: VectorParams, inputs: VectorUpdate) -> VectorDims:
    return vector_dims(params, inputs.chunk)
