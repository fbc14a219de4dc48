"""A33: what every attention shares: types, the masked softmax over the memory, and its way back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from seqbench.interfaces import Array, Backend, Contract, Gradients, UnsupportedError

from ._cell import step_masks, zeros

LOWEST = -1e30  # stands for minus infinity, whose differences would be NaN


@dataclass(frozen=True, slots=True)
class AttentionInputs:
    """Queries and the padded memory that they read.

    queries : (Tq, B, Q), all of them real; memory : (Tx, B, A), keys and values alike
    lengths : (B,) int32 of the memory, each in [0, Tx]; at 0 weights and context are 0
    projected_memory : what the contract's `project` made of (params, memory), so that decoding
        projects a memory once and not at every step; None to project here. Inference only:
        backward refuses it.
    """

    queries: Array
    memory: Array
    lengths: Array
    projected_memory: Array | None = None


@dataclass(frozen=True, slots=True)
class AttentionOutputs:
    """context : (Tq, B, A); weights : (Tq, B, Tx), each row sums to 1, zero past the length.

    As `d_outputs`, a field may be None for zero.
    """

    context: Array
    weights: Array


class AttentionDims(NamedTuple):
    """Queries, batch, memory, and the sizes of a query, a memory row and the scoring layer."""

    Tq: int
    B: int
    Tx: int
    Q: int
    A: int
    D: int


@dataclass(frozen=True, slots=True)
class AttentionCache:
    """What forward keeps for backward: weights (Tq, B, Tx)."""

    weights: Array


@dataclass(frozen=True, slots=True)
class AttentionContract(Contract):
    """`project(params, memory)` makes `projected_memory`; None where nothing is projected."""

    project: Callable[[Any, Array], Array] | None = None


def attention_cache(dims: AttentionDims, dtype: str, *, backend: Backend) -> AttentionCache:
    return AttentionCache(zeros((dims.Tq, dims.B, dims.Tx), dtype, backend))


class Score(NamedTuple):
    """One way to score: `e = pairs(project_query(q), project_key(m))`, and its way back.

    pairs(params, queries, keys, xp) -> (Tq, B, Tx)
    pairs_backward(params, d_scores, queries, keys, xp) -> d_queries, d_keys, gradients by name
    """

    project_query: Callable[[Any, Array], Array]
    project_key: Callable[[Any, Array], Array]
    pairs: Callable[..., Array]
    pairs_backward: Callable[..., tuple[Array, Array, dict[str, Array]]]
    unproject: Callable[..., tuple[Array, Array, Any]]


def attention_forward(
    score: Score, params: Any, inputs: AttentionInputs, cache: AttentionCache, *, backend: Backend
) -> AttentionOutputs:
    """Scores, their softmax inside the lengths, and the weighted mean of the memory."""
    xp = backend.xp
    inside, memory, keys = keys_of(score, params, inputs, xp=xp)
    queries = score.project_query(params, inputs.queries)
    scores = score.pairs(params, queries, keys, xp=xp)  # (Tq, B, Tx)
    scores = xp.where(inside, scores, LOWEST)
    weights = xp.where(inside, xp.exp(scores - scores.max(axis=-1, keepdims=True)), 0)
    total = weights.sum(axis=-1, keepdims=True)
    weights = weights / xp.where(total > 0, total, 1)  # a zero length has no weight to share
    weights = xp.ascontiguousarray(weights)
    steps, _, positions = weights.shape
    cache.weights[:steps, :, :positions] = weights
    context = swap(swap(weights) @ swap(memory))  # (B, Tq, Tx) x (B, Tx, A)
    return AttentionOutputs(xp.ascontiguousarray(context), weights)


def attention_backward(
    score: Score,
    d_out: AttentionOutputs,
    params: Any,
    inputs: AttentionInputs,
    cache: AttentionCache,
    *,
    backend: Backend,
) -> Gradients:
    if inputs.projected_memory is not None:
        raise UnsupportedError(
            "attention: backward was asked with projected_memory given, expected None; "
            "leave it out in training"
        )
    xp = backend.xp
    inside, memory, keys = keys_of(score, params, inputs, xp=xp)
    queries = score.project_query(params, inputs.queries)
    weights = cache.weights[: len(inputs.queries), :, : len(memory)]
    d_queries, d_keys, d_memory, d_pairs = pairs_backward(
        score, d_out, params, weights, queries, keys, memory, inside, xp=xp
    )
    projected = (d_queries, d_keys, d_pairs)
    d_queries, d_through_keys, d_params = score.unproject(params, inputs.queries, memory, projected)
    d_memory = xp.ascontiguousarray(d_memory + d_through_keys)
    return Gradients(d_params, AttentionInputs(d_queries, d_memory, None))


def pairs_backward(
    score: Score, d_out, params, weights, queries, keys, memory, inside, *, xp: Any
) -> tuple[Array, Array, Array, dict[str, Array]]:
    """Between outputs and projections: gradients of projected queries, keys, memory as values.

    `queries` and `keys` are projected, `memory` has no padding, `inside` is (B, Tx). The last are
    the gradients of the score's own parameters, by name.
    """
    d_weights, d_memory = xp.zeros_like(weights), xp.zeros_like(memory)
    if d_out.context is not None:  # context = weights @ memory
        d_context = swap(d_out.context)  # (B, Tq, A)
        d_weights = swap(d_context @ swap(memory).transpose(0, 2, 1))
        d_memory = swap(swap(weights).transpose(0, 2, 1) @ d_context)
    if d_out.weights is not None:
        d_weights = d_weights + xp.where(inside, d_out.weights, 0)
    mean = (weights * d_weights).sum(axis=-1, keepdims=True)
    d_scores = weights * (d_weights - mean)  # weights = softmax(scores)
    d_queries, d_keys, d_pairs = score.pairs_backward(params, d_scores, queries, keys, xp=xp)
    return d_queries, d_keys, d_memory, d_pairs


def keys_of(score: Score, params: Any, inputs: AttentionInputs, *, xp: Any) -> tuple[Any, Any, Any]:
    """(B, Tx) bool, the memory and its projection, both without padding."""
    mask = step_masks(inputs.lengths, len(inputs.memory), xp=xp)  # (Tx, B, 1)
    memory = xp.where(mask, inputs.memory, 0)
    if inputs.projected_memory is None:
        keys = score.project_key(params, memory)
    else:
        keys = xp.where(mask, inputs.projected_memory, 0)
    return mask[..., 0].T, memory, keys


def swap(a: Array) -> Array:
    """The first two axes exchanged: time-major to batch-major and back, as a view."""
    return a.transpose(1, 0, 2)
