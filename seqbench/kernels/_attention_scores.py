"""The three scores of A33, forward and backward, as `attention` names and describes them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from seqbench.interfaces import Array

from ._attention import Score, swap
from .losses import NoParams

PAIR_ELEMENTS = 1 << 22  # of tanh(q + k) held at once by the additive score


@dataclass(frozen=True, slots=True)
class AdditiveParams:
    """weight_query : (D, Q); weight_key : (D, A); bias, v : (D,)."""

    weight_query: Array
    weight_key: Array
    bias: Array
    v: Array


@dataclass(frozen=True, slots=True)
class GeneralParams:
    """weight : (Q, A)."""

    weight: Array


def flat(a: Array) -> Array:
    """(T, B, .) -> (TB, .)."""
    return a.reshape(-1, a.shape[-1])


def project_additive(params: AdditiveParams, memory: Array) -> Array:
    """(Tx, B, A) -> (Tx, B, D)."""
    return memory @ params.weight_key.T


def _additive_query(params: AdditiveParams, queries: Array) -> Array:
    return queries @ params.weight_query.T + params.bias  # (Tq, B, Q) -> (Tq, B, D)


def _query_blocks(queries: Array, keys: Array) -> Iterator[slice]:
    """Ranges of queries whose pairs with all keys stay below PAIR_ELEMENTS."""
    size = max(1, PAIR_ELEMENTS // max(1, keys.size))
    for first in range(0, len(queries), size):
        yield slice(first, min(first + size, len(queries)))


def _additive_pairs(params: AdditiveParams, queries: Array, keys: Array, *, xp: Any) -> Array:
    scores = xp.empty((*queries.shape[:2], len(keys)), dtype=queries.dtype)
    for block in _query_blocks(queries, keys):
        hidden = xp.tanh(queries[block, None] + keys[None])  # (tq, Tx, B, D)
        scores[block] = (hidden @ params.v).transpose(0, 2, 1)
    return scores


def _additive_pairs_backward(params, d_scores, queries, keys, *, xp: Any):
    d_queries, d_keys = xp.zeros_like(queries), xp.zeros_like(keys)
    d_v = xp.zeros_like(params.v)
    for block in _query_blocks(queries, keys):
        hidden = xp.tanh(queries[block, None] + keys[None])  # (tq, Tx, B, D)
        d_score = d_scores[block].transpose(0, 2, 1)[..., None]  # (tq, Tx, B, 1)
        d_v += flat(d_score * hidden).sum(axis=0)  # scores = hidden . v
        d_sum = d_score * params.v * (1 - hidden * hidden)  # hidden = tanh(queries + keys)
        d_queries[block] = d_sum.sum(axis=1)
        d_keys += d_sum.sum(axis=0)
    return d_queries, d_keys, {"v": d_v}


def _additive_unproject(params: AdditiveParams, queries: Array, memory: Array, projected: Any):
    d_queries, d_keys, d_pairs = projected
    d_params = AdditiveParams(
        weight_query=flat(d_queries).T @ flat(queries),  # queries W_q^T + b
        weight_key=flat(d_keys).T @ flat(memory),  # memory W_k^T
        bias=flat(d_queries).sum(axis=0),
        v=d_pairs["v"],
    )
    return d_queries @ params.weight_query, d_keys @ params.weight_key, d_params


ADDITIVE_SCORE = Score(
    _additive_query,
    project_additive,
    _additive_pairs,
    _additive_pairs_backward,
    _additive_unproject,
)


def _dot_pairs(params: Any, queries: Array, keys: Array, *, xp: Any) -> Array:
    return swap(swap(queries) @ swap(keys).transpose(0, 2, 1))  # (B, Tq, Q) x (B, Q, Tx)


def _dot_pairs_backward(params: Any, d_scores: Array, queries: Array, keys: Array, *, xp: Any):
    d_scores = swap(d_scores)  # (B, Tq, Tx)
    d_queries = swap(d_scores @ swap(keys))
    d_keys = swap(d_scores.transpose(0, 2, 1) @ swap(queries))
    return xp.ascontiguousarray(d_queries), xp.ascontiguousarray(d_keys), {}


def _dot_unproject(params: NoParams, queries: Array, memory: Array, projected: Any):
    return projected[0], projected[1], NoParams()


def project_general(params: GeneralParams, memory: Array) -> Array:
    """(Tx, B, A) -> (Tx, B, Q)."""
    return memory @ params.weight.T


def _general_unproject(params: GeneralParams, queries: Array, memory: Array, projected: Any):
    d_queries, d_keys, _ = projected
    d_weight = flat(d_keys).T @ flat(memory)  # keys = memory W^T
    return d_queries, d_keys @ params.weight, GeneralParams(d_weight)


def _same(params: Any, a: Array) -> Array:
    return a


DOT_SCORE = Score(_same, _same, _dot_pairs, _dot_pairs_backward, _dot_unproject)
GENERAL_SCORE = Score(_same, project_general, _dot_pairs, _dot_pairs_backward, _general_unproject)
