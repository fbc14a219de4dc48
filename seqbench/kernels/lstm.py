"""A11, the long short-term memory with a forget gate.

Hochreiter & Schmidhuber (1997) with the gate of Gers, Schmidhuber & Cummins (2000), equations 3 to
6, without peepholes: c = f c_prev + i g and h = o tanh(c). The notes' a is our h.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

from seqbench.interfaces import Array, Backend, Contract, Gradients

from ._cell import (
    CellDims,
    CellInputs,
    CellOutputs,
    cell_dims,
    recurrent_bytes,
    recurrent_flops,
    recurrent_shapes,
    recurrent_steps,
    recurrent_transcendentals,
    step_masks,
    validate_cell,
    without_padding,
    zeros,
)
from ._math import sigmoid

GATES = 4


@dataclass(frozen=True, slots=True)
class LSTMParams:
    """weight_ih : (4H, I); weight_hh : (4H, H); bias : (4H,); gate rows i, f, g, o."""

    weight_ih: Array
    weight_hh: Array
    bias: Array


@dataclass(frozen=True, slots=True)
class LSTMCache:
    """What forward keeps for backward."""

    gates: Array  # (T, B, 4H) i, f, g, o after their nonlinearities
    cell: Array  # (T + 1, B, H), cell[0] is c0
    hidden: Array  # (T + 1, B, H), hidden[0] is h0


def lstm_cache(dims: CellDims, dtype: str, *, backend: Backend) -> LSTMCache:
    T, B, _, H = dims
    return LSTMCache(
        gates=zeros((T, B, 4 * H), dtype, backend),
        cell=zeros((T + 1, B, H), dtype, backend),
        hidden=zeros((T + 1, B, H), dtype, backend),
    )


def lstm_forward(
    params: LSTMParams, inputs: CellInputs, cache: LSTMCache, *, backend: Backend
) -> CellOutputs:
    """i, f, o = sigmoid, g = tanh of W_ih x + W_hh h + b; c = f c_prev + i g; h = o tanh(c)."""
    xp = backend.xp
    steps, H = inputs.x.shape[0], params.weight_hh.shape[1]
    inside = step_masks(inputs.lengths, steps, xp=xp)
    x = without_padding(inputs.x, inside, xp=xp)
    projected = x @ params.weight_ih.T + params.bias  # (T, B, I) -> (T, B, 4H)
    gates, cell, hidden = cache.gates, cache.cell, cache.hidden
    cell[0], hidden[0] = inputs.c0, inputs.h0
    for t in range(steps):
        sums = projected[t] + hidden[t] @ params.weight_hh.T
        gates[t, :, : 2 * H] = sigmoid(sums[:, : 2 * H], xp=xp)
        gates[t, :, 2 * H : 3 * H] = xp.tanh(sums[:, 2 * H : 3 * H])
        gates[t, :, 3 * H :] = sigmoid(sums[:, 3 * H :], xp=xp)
        i, f, g, o = gates_of(gates[t])
        new = f * cell[t] + i * g
        cell[t + 1] = xp.where(inside[t], new, cell[t])
        hidden[t + 1] = xp.where(inside[t], o * xp.tanh(new), hidden[t])
    output = xp.where(inside, hidden[1 : steps + 1], xp.zeros_like(hidden[1 : steps + 1]))
    return CellOutputs(output=output, h=hidden[steps], c=cell[steps])


def lstm_backward(
    d_out: CellOutputs,
    params: LSTMParams,
    inputs: CellInputs,
    cache: LSTMCache,
    *,
    backend: Backend,
) -> Gradients:
    """The notes' dcct, dit and dft lack parentheses, and dcct has a factor too many; not here."""
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
        d_c = xp.where(inside[t], d_cell * f, d_c)  # past the length the state froze
        d_h = xp.where(inside[t], d_gates[t] @ params.weight_hh, d_h)
    x = without_padding(inputs.x, inside, xp=xp)
    flat = d_gates.reshape(-1, 4 * H)
    d_params = LSTMParams(
        weight_ih=flat.T @ x.reshape(-1, x.shape[2]),
        weight_hh=flat.T @ cache.hidden[:steps].reshape(-1, H),
        bias=flat.sum(axis=0),
    )
    d_x = d_gates @ params.weight_ih  # (T, B, 4H) -> (T, B, I)
    return Gradients(d_params, CellInputs(x=d_x, lengths=None, h0=d_h, c0=d_c))


def gates_of(step: Array) -> tuple[Array, Array, Array, Array]:
    """Views of i, f, g, o, each (B, H), in one step's (B, 4H)."""
    H = step.shape[1] // GATES
    return step[:, :H], step[:, H : 2 * H], step[:, 2 * H : 3 * H], step[:, 3 * H :]


def lstm_validate(params: LSTMParams, inputs: CellInputs) -> None:
    validate_cell("lstm", GATES, params, inputs, memory=True)


def lstm_shapes(dims: CellDims) -> dict[str, tuple[int, ...]]:
    return recurrent_shapes(GATES, dims)


def lstm_flops(dims: CellDims, grad: bool) -> int:
    """Two GEMMs a step; a unit takes 17 operations forward, 28 backward."""
    return recurrent_flops(dims, grad, gates=GATES, pointwise=(17, 28))


def lstm_bytes(dims: CellDims, grad: bool, itemsize: int) -> int:
    """Kept a unit and step: four gates, c, h."""
    weights = GATES * dims.H * (dims.I + dims.H + 1)
    return recurrent_bytes(dims, grad, itemsize, weights=weights, cached=6, states=2)


LSTM = Contract(
    id="A11",
    kind="cell",
    name="lstm",
    summary="long short-term memory with a forget gate, no peepholes",
    source="Hochreiter & Schmidhuber (1997); Gers et al. (2000), eq. 3-6",
    Params=LSTMParams,
    Inputs=CellInputs,
    Outputs=CellOutputs,
    Dims=CellDims,
    dims=cell_dims,
    validate=lstm_validate,
    flops=lstm_flops,
    bytes=lstm_bytes,
    transcendentals=functools.partial(recurrent_transcendentals, units=5),
    steps=recurrent_steps,
    cache=lstm_cache,
    forward=lstm_forward,
    backward=lstm_backward,
    shapes=lstm_shapes,
    state=("h", "c"),
)
