"""The loop of `attention_decoder`: types, forward and backward over any cell."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, NamedTuple

from seqbench.interfaces import Array, Backend, Contract, Gradients

from ._attention import keys_of, pairs_backward
from ._cell import (
    CellDims,
    CellInputs,
    CellOutputs,
    step_masks,
    zeros,
)
from .attention import (
    ADDITIVE,
    ADDITIVE_SCORE,
    AdditiveParams,
    AttentionDims,
    AttentionInputs,
    AttentionOutputs,
    project_additive,
)


@dataclass(frozen=True, slots=True)
class AttentionDecoderParams:
    """cell : the cell's Params with input size E + A; attention : queries of size H."""

    cell: Any
    attention: AdditiveParams


@dataclass(frozen=True, slots=True)
class AttentionDecoderInputs:
    """embedded : (T, B, E); lengths : (B,) int32 of it; memory : (Tx, B, A) and its lengths.

    h0 : (B, H); c0 : (B, H) for a cell with a memory (LSTM), else None
    """

    embedded: Array
    lengths: Array
    memory: Array
    memory_lengths: Array
    h0: Array
    c0: Array | None = None


@dataclass(frozen=True, slots=True)
class AttentionDecoderOutputs:
    """output : (T, B, H), context : (T, B, A), weights : (T, B, Tx), zero past each length.

    h, c : (B, H), the state at length - 1. As `d_outputs`, a field may be None for zero.
    """

    output: Array
    context: Array
    weights: Array
    h: Array
    c: Array | None = None


class AttentionDecoderDims(NamedTuple):
    """Steps, batch, memory; sizes of token, memory row, scoring layer and state."""

    T: int
    B: int
    Tx: int
    E: int
    A: int
    D: int
    H: int


@dataclass(frozen=True, slots=True)
class AttentionDecoderCache:
    """What forward keeps for backward."""

    cells: list[Any]  # T caches of the cell, one step each
    attention: list[Any]  # T caches of the attention, one query each
    hidden: Array  # (T + 1, B, H), hidden[0] is h0
    memory_cell: Array  # (T + 1, B, H), c beside it for a cell that has one
    context: Array  # (T, B, A)


def decoder_cache(
    cell: Contract, dims: AttentionDecoderDims, dtype: str, *, backend: Backend
) -> AttentionDecoderCache:
    T, B, Tx, E, A, D, H = dims
    step, query = CellDims(1, B, E + A, H), AttentionDims(1, B, Tx, H, A, D)
    return AttentionDecoderCache(
        cells=[cell.cache(step, dtype, backend=backend) for _ in range(T)],
        attention=[ADDITIVE.cache(query, dtype, backend=backend) for _ in range(T)],
        hidden=zeros((T + 1, B, H), dtype, backend),
        memory_cell=zeros((T + 1, B, H), dtype, backend),
        context=zeros((T, B, A), dtype, backend),
    )


def decoder_forward(
    cell: Contract,
    params: AttentionDecoderParams,
    inputs: AttentionDecoderInputs,
    cache: AttentionDecoderCache,
    *,
    backend: Backend,
) -> AttentionDecoderOutputs:
    """Attend, then step the cell; keys are projected once for all steps."""
    xp, steps = backend.xp, len(inputs.embedded)
    hidden, cells = cache.hidden, cache.memory_cell
    hidden[0] = inputs.h0
    if inputs.c0 is not None:
        cells[0] = inputs.c0
    keys = project_additive(params.attention, inputs.memory)
    weights = []
    for t in range(steps):
        attended = ADDITIVE.forward(
            params.attention,
            query_of(inputs, hidden[t], keys),
            cache.attention[t],
            backend=backend,
        )
        cache.context[t] = attended.context[0]
        weights.append(attended.weights)
        stepped = cell.forward(
            params.cell, _step_inputs(inputs, cache, t, xp=xp), cache.cells[t], backend=backend
        )
        hidden[t + 1] = stepped.h
        if inputs.c0 is not None:
            cells[t + 1] = stepped.c
    inside = step_masks(inputs.lengths, steps, xp=xp)
    return AttentionDecoderOutputs(
        output=xp.where(inside, hidden[1 : steps + 1], 0),
        context=xp.where(inside, cache.context[:steps], 0),
        weights=xp.where(inside, xp.concatenate(weights), 0),
        h=hidden[steps],
        c=None if inputs.c0 is None else cells[steps],
    )


def query_of(inputs: AttentionDecoderInputs, h: Array, keys: Array | None) -> AttentionInputs:
    """One query a sentence: the state before the step."""
    return AttentionInputs(h[None], inputs.memory, inputs.memory_lengths, keys)


def _step_inputs(
    inputs: AttentionDecoderInputs, cache: AttentionDecoderCache, t: int, *, xp: Any
) -> CellInputs:
    """One step as a batch of its own: its length is 1 inside the sentence, 0 past its end."""
    x = xp.concatenate([inputs.embedded[t], cache.context[t]], axis=-1)  # (B, E + A)
    length = (inputs.lengths > t).astype(inputs.lengths.dtype)
    c = None if inputs.c0 is None else cache.memory_cell[t]
    return CellInputs(x[None], length, cache.hidden[t], c)


def decoder_backward(
    cell: Contract,
    d_out: AttentionDecoderOutputs,
    params: AttentionDecoderParams,
    inputs: AttentionDecoderInputs,
    cache: AttentionDecoderCache,
    *,
    backend: Backend,
) -> Gradients:
    xp, steps, E = backend.xp, len(inputs.embedded), inputs.embedded.shape[2]
    inside, memory, keys = keys_of(
        ADDITIVE_SCORE, params.attention, query_of(inputs, inputs.h0, None), xp=xp
    )
    real = step_masks(inputs.lengths, steps, xp=xp)  # (T, B, 1)
    hidden = cache.hidden[:steps]
    queries = ADDITIVE_SCORE.project_query(params.attention, hidden)
    d_queries, d_keys = xp.zeros_like(queries), xp.zeros_like(keys)
    d_memory, d_v = xp.zeros_like(memory), xp.zeros_like(params.attention.v)
    d_embedded = xp.zeros_like(inputs.embedded)
    d_h, d_c, d_cell = d_out.h, d_out.c, None
    for t in range(steps - 1, -1, -1):
        d_step = CellOutputs(_at(d_out.output, t), d_h, d_c)
        gradient, d_in = cell.backward(  # type: ignore[misc]  # every cell has one
            d_step,
            params.cell,
            _step_inputs(inputs, cache, t, xp=xp),
            cache.cells[t],
            backend=backend,
        )
        d_cell = gradient if d_cell is None else _sum_fields(d_cell, gradient)
        d_embedded[t] = d_in.x[0, :, :E]  # x = [embedded; context]
        d_attended = _d_attended(d_out, d_in.x[:, :, E:], real[t], t, xp=xp)
        d_queries[t : t + 1], d_key, d_value, d_pairs = pairs_backward(
            ADDITIVE_SCORE,
            d_attended,
            params.attention,
            cache.attention[t].weights[:, :, : len(memory)],
            queries[t : t + 1],
            keys,
            memory,
            inside,
            xp=xp,
        )
        d_keys, d_memory, d_v = d_keys + d_key, d_memory + d_value, d_v + d_pairs["v"]
        d_h = d_in.h0 + d_queries[t] @ params.attention.weight_query  # the query was h before
        d_c = d_in.c0
    _, d_through_keys, d_attention = ADDITIVE_SCORE.unproject(
        params.attention, hidden, memory, (d_queries, d_keys, {"v": d_v})
    )
    d_memory = xp.ascontiguousarray(d_memory + d_through_keys)
    d_inputs = AttentionDecoderInputs(d_embedded, None, d_memory, None, d_h, d_c)
    return Gradients(AttentionDecoderParams(d_cell, d_attention), d_inputs)


def _d_attended(
    d_out: AttentionDecoderOutputs, d_context: Array, real: Array, t: int, *, xp: Any
) -> AttentionOutputs:
    """What reached step t's context and weights: from the cell, and from outside its length."""
    if d_out.context is not None:
        d_context = d_context + xp.where(real, _at(d_out.context, t), 0)
    if d_out.weights is None:
        return AttentionOutputs(d_context, None)
    return AttentionOutputs(d_context, xp.where(real, _at(d_out.weights, t), 0))


def _at(array: Array | None, t: int) -> Array | None:
    """Step t with its axis kept."""
    return None if array is None else array[t : t + 1]


def _sum_fields(a: Any, b: Any) -> Any:
    return replace(a, **{f.name: getattr(a, f.name) + getattr(b, f.name) for f in fields(a)})
