"""A12, the notes' peephole LSTM: the old memory joins what the gates read.

Gates i, f and o see [c_prev, h_prev, x] through full matrices; the candidate g sees [h_prev, x]
alone. All three see c_prev, where in Gers & Schmidhuber (2000; `lstm_peephole`) o sees the new c.
The notes call it an addition to all gates, but label their one formula, the output gate's, as the
forget gate's.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

from seqbench.interfaces import Array, Backend, Contract, Gradients

from ._cell import (
    CellDims,
    CellInputs,
    CellOutputs,
    cell_dims,
    check_shape,
    recurrent_bytes,
    recurrent_flops,
    recurrent_shapes,
    recurrent_steps,
    recurrent_transcendentals,
    step_masks,
    validate_cell,
    without_padding,
)
from ._math import sigmoid
from .lstm import LSTMCache, gates_of, lstm_cache

GATES = 4
PEEPHOLES = 3


@dataclass(frozen=True, slots=True)
class LSTMPeepholeFullParams:
    """weight_ih : (4H, I); weight_hh : (4H, H); bias : (4H,); gate rows i, f, g, o.

    weight_ch : (3H, H), what i, f, o see of c_prev
    """

    weight_ih: Array
    weight_hh: Array
    bias: Array
    weight_ch: Array


def lstm_peephole_full_forward(
    params: LSTMPeepholeFullParams, inputs: CellInputs, cache: LSTMCache, *, backend: Backend
) -> CellOutputs:
    """LSTM with W_ch c_prev in the sums of i, f and o."""
    xp = backend.xp
    steps, H = inputs.x.shape[0], params.weight_hh.shape[1]
    inside = step_masks(inputs.lengths, steps, xp=xp)
    x = without_padding(inputs.x, inside, xp=xp)
    projected = x @ params.weight_ih.T + params.bias  # (T, B, I) -> (T, B, 4H)
    gates, cell, hidden = cache.gates, cache.cell, cache.hidden
    cell[0], hidden[0] = inputs.c0, inputs.h0
    for t in range(steps):
        sums = projected[t] + hidden[t] @ params.weight_hh.T
        seen = cell[t] @ params.weight_ch.T  # (B, H) -> (B, 3H): i, f, o
        i, f, g, o = gates_of(gates[t])
        i[...] = sigmoid(sums[:, :H] + seen[:, :H], xp=xp)
        f[...] = sigmoid(sums[:, H : 2 * H] + seen[:, H : 2 * H], xp=xp)
        g[...] = xp.tanh(sums[:, 2 * H : 3 * H])
        o[...] = sigmoid(sums[:, 3 * H :] + seen[:, 2 * H :], xp=xp)
        new = f * cell[t] + i * g
        cell[t + 1] = xp.where(inside[t], new, cell[t])
        hidden[t + 1] = xp.where(inside[t], o * xp.tanh(new), hidden[t])
    output = xp.where(inside, hidden[1 : steps + 1], xp.zeros_like(hidden[1 : steps + 1]))
    return CellOutputs(output=output, h=hidden[steps], c=cell[steps])


def lstm_peephole_full_backward(
    d_out: CellOutputs,
    params: LSTMPeepholeFullParams,
    inputs: CellInputs,
    cache: LSTMCache,
    *,
    backend: Backend,
) -> Gradients:
    xp = backend.xp
    steps, H = inputs.x.shape[0], params.weight_hh.shape[1]
    inside = step_masks(inputs.lengths, steps, xp=xp)
    d_gates = xp.zeros_like(cache.gates[:steps])  # before the nonlinearities
    tanh_cell = xp.tanh(cache.cell[1 : steps + 1])
    d_h = xp.zeros_like(inputs.h0) if d_out.h is None else d_out.h
    d_c = xp.zeros_like(inputs.h0) if d_out.c is None else d_out.c
    for t in range(steps - 1, -1, -1):
        i, f, g, o = gates_of(cache.gates[t])
        d_i, d_f, d_g, d_o = gates_of(d_gates[t])
        upstream = d_h if d_out.output is None else d_h + d_out.output[t]
        d_new = xp.where(inside[t], upstream, 0)  # h = o tanh(c)
        d_o[...] = d_new * tanh_cell[t] * o * (1 - o)
        d_sum = d_new * o * (1 - tanh_cell[t] * tanh_cell[t])
        d_cell = xp.where(inside[t], d_c + d_sum, 0)  # c = f c_prev + i g
        d_i[...] = d_cell * g * i * (1 - i)
        d_f[...] = d_cell * cache.cell[t] * f * (1 - f)
        d_g[...] = d_cell * i * (1 - g * g)
        d_seen = d_gates[t, :, : 2 * H] @ params.weight_ch[: 2 * H]  # seen = W_ch c_prev
        d_seen = d_seen + d_o @ params.weight_ch[2 * H :]
        d_c = xp.where(inside[t], d_cell * f + d_seen, d_c)  # past the length the state froze
        d_h = xp.where(inside[t], d_gates[t] @ params.weight_hh, d_h)
    x = without_padding(inputs.x, inside, xp=xp)
    d_params = _weight_gradients(d_gates, x, cache, xp=xp)
    d_x = d_gates @ params.weight_ih  # (T, B, 4H) -> (T, B, I)
    return Gradients(d_params, CellInputs(x=d_x, lengths=None, h0=d_h, c0=d_c))


def _weight_gradients(
    d_gates: Array, x: Array, cache: LSTMCache, *, xp: Any
) -> LSTMPeepholeFullParams:
    """One GEMM a matrix over all steps; weight_ch's two, for i and f and for o."""
    steps, H = x.shape[0], cache.hidden.shape[2]
    flat, cell = d_gates.reshape(-1, GATES * H), cache.cell[:steps].reshape(-1, H)
    seen = (flat[:, : 2 * H].T @ cell, flat[:, 3 * H :].T @ cell)
    return LSTMPeepholeFullParams(
        weight_ih=flat.T @ x.reshape(-1, x.shape[2]),
        weight_hh=flat.T @ cache.hidden[:steps].reshape(-1, H),
        bias=flat.sum(axis=0),
        weight_ch=xp.concatenate(seen),
    )


def lstm_peephole_full_validate(params: LSTMPeepholeFullParams, inputs: CellInputs) -> None:
    validate_cell("lstm_peephole_full", GATES, params, inputs, memory=True)
    hidden = params.weight_hh.shape[1]
    expected = (PEEPHOLES * hidden, hidden)
    check_shape("lstm_peephole_full", "weight_ch", params.weight_ch, expected)


def lstm_peephole_full_shapes(dims: CellDims) -> dict[str, tuple[int, ...]]:
    return recurrent_shapes(GATES, dims) | {"weight_ch": (PEEPHOLES * dims.H, dims.H)}


def lstm_peephole_full_flops(dims: CellDims, grad: bool) -> int:
    """As the LSTM, and W_ch's three products a step; an addition a gate forward, one backward."""
    T, B, _, H = dims
    seen = 2 * T * B * PEEPHOLES * H * H
    gates = recurrent_flops(dims, grad, gates=GATES, pointwise=(20, 29))
    return gates + (3 if grad else 1) * seen


def lstm_peephole_full_bytes(dims: CellDims, grad: bool, itemsize: int) -> int:
    """Kept a unit and step: four gates, c, h."""
    weights = GATES * dims.H * (dims.I + dims.H + 1) + PEEPHOLES * dims.H * dims.H
    return recurrent_bytes(dims, grad, itemsize, weights=weights, cached=6, states=2)


LSTM_PEEPHOLE_FULL = Contract(
    id="A12",
    kind="cell",
    name="lstm_peephole_full",
    summary="LSTM whose gates i, f, o read c_prev through matrices (the notes)",
    source="Gers & Schmidhuber (2000), with matrices and c_prev for o as in the notes",
    Params=LSTMPeepholeFullParams,
    Inputs=CellInputs,
    Outputs=CellOutputs,
    Dims=CellDims,
    dims=cell_dims,
    validate=lstm_peephole_full_validate,
    flops=lstm_peephole_full_flops,
    bytes=lstm_peephole_full_bytes,
    transcendentals=functools.partial(recurrent_transcendentals, units=5),
    steps=recurrent_steps,
    cache=lstm_cache,
    forward=lstm_peephole_full_forward,
    backward=lstm_peephole_full_backward,
    shapes=lstm_peephole_full_shapes,
    state=("h", "c"),
)
