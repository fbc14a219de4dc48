"""A12's neighbour, the LSTM that forgets as much as it lets in: f = 1 - i.

ONNX's LSTM with input_forget = 1; the coupled gate of Greff et al. (2017), section 5, without
peepholes. Equal to an LSTM whose forget rows are the input rows negated, for three quarters of the
work.
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
from .lstm import LSTMCache

GATES = 3


@dataclass(frozen=True, slots=True)
class LSTMCoupledParams:
    """weight_ih : (3H, I); weight_hh : (3H, H); bias : (3H,); gate rows i, g, o."""

    weight_ih: Array
    weight_hh: Array
    bias: Array


def lstm_coupled_cache(dims: CellDims, dtype: str, *, backend: Backend) -> LSTMCache:
    """As the LSTM's, with gates (T, B, 3H) i, g, o."""
    T, B, _, H = dims
    return LSTMCache(
        gates=zeros((T, B, GATES * H), dtype, backend),
        cell=zeros((T + 1, B, H), dtype, backend),
        hidden=zeros((T + 1, B, H), dtype, backend),
    )


def lstm_coupled_forward(
    params: LSTMCoupledParams, inputs: CellInputs, cache: LSTMCache, *, backend: Backend
) -> CellOutputs:
    """i, o = sigmoid, g = tanh of W_ih x + W_hh h + b; c = (1 - i) c_prev + i g; h = o tanh(c)."""
    xp = backend.xp
    steps, H = inputs.x.shape[0], params.weight_hh.shape[1]
    inside = step_masks(inputs.lengths, steps, xp=xp)
    x = without_padding(inputs.x, inside, xp=xp)
    projected = x @ params.weight_ih.T + params.bias  # (T, B, I) -> (T, B, 3H)
    gates, cell, hidden = cache.gates, cache.cell, cache.hidden
    cell[0], hidden[0] = inputs.c0, inputs.h0
    for t in range(steps):
        sums = projected[t] + hidden[t] @ params.weight_hh.T
        i, g, o = _gates_of(gates[t])
        i[...] = sigmoid(sums[:, :H], xp=xp)
        g[...] = xp.tanh(sums[:, H : 2 * H])
        o[...] = sigmoid(sums[:, 2 * H :], xp=xp)
        new = (1 - i) * cell[t] + i * g
        cell[t + 1] = xp.where(inside[t], new, cell[t])
        hidden[t + 1] = xp.where(inside[t], o * xp.tanh(new), hidden[t])
    output = xp.where(inside, hidden[1 : steps + 1], xp.zeros_like(hidden[1 : steps + 1]))
    return CellOutputs(output=output, h=hidden[steps], c=cell[steps])


def lstm_coupled_backward(
    d_out: CellOutputs,
    params: LSTMCoupledParams,
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
        i, g, o = _gates_of(cache.gates[t])
        d_i, d_g, d_o = _gates_of(d_gates[t])
        upstream = d_h if d_out.output is None else d_h + d_out.output[t]
        d_new = xp.where(inside[t], upstream, 0)  # h = o tanh(c)
        d_o[...] = d_new * tanh_cell[t] * o * (1 - o)
        d_sum = d_new * o * (1 - tanh_cell[t] * tanh_cell[t])
        d_cell = xp.where(inside[t], d_c + d_sum, 0)  # c = (1 - i) c_prev + i g
        d_i[...] = d_cell * (g - cache.cell[t]) * i * (1 - i)
        d_g[...] = d_cell * i * (1 - g * g)
        d_c = xp.where(inside[t], d_cell * (1 - i), d_c)  # past the length the state froze
        d_h = xp.where(inside[t], d_gates[t] @ params.weight_hh, d_h)
    x = without_padding(inputs.x, inside, xp=xp)
    flat = d_gates.reshape(-1, GATES * H)
    d_params = LSTMCoupledParams(
        weight_ih=flat.T @ x.reshape(-1, x.shape[2]),
        weight_hh=flat.T @ cache.hidden[:steps].reshape(-1, H),
        bias=flat.sum(axis=0),
    )
    d_x = d_gates @ params.weight_ih  # (T, B, 3H) -> (T, B, I)
    return Gradients(d_params, CellInputs(x=d_x, lengths=None, h0=d_h, c0=d_c))


def _gates_of(step: Array) -> tuple[Array, Array, Array]:
    """Views of i, g, o, each (B, H), in one step's (B, 3H)."""
    H = step.shape[1] // GATES
    return step[:, :H], step[:, H : 2 * H], step[:, 2 * H :]


def lstm_coupled_validate(params: LSTMCoupledParams, inputs: CellInputs) -> None:
    validate_cell("lstm_coupled", GATES, params, inputs, memory=True)


def lstm_coupled_shapes(dims: CellDims) -> dict[str, tuple[int, ...]]:
    return recurrent_shapes(GATES, dims)


def lstm_coupled_flops(dims: CellDims, grad: bool) -> int:
    """Two GEMMs a step; a unit takes 15 operations forward, 24 backward."""
    return recurrent_flops(dims, grad, gates=GATES, pointwise=(15, 24))


def lstm_coupled_bytes(dims: CellDims, grad: bool, itemsize: int) -> int:
    """Kept a unit and step: three gates, c, h."""
    weights = GATES * dims.H * (dims.I + dims.H + 1)
    return recurrent_bytes(dims, grad, itemsize, weights=weights, cached=5, states=2)


LSTM_COUPLED = Contract(
    id="A12",
    kind="cell",
    name="lstm_coupled",
    summary="LSTM with coupled gates, f = 1 - i (ONNX input_forget = 1)",
    source="Greff et al. (2017), section 5; ONNX LSTM, input_forget = 1",
    Params=LSTMCoupledParams,
    Inputs=CellInputs,
    Outputs=CellOutputs,
    Dims=CellDims,
    dims=cell_dims,
    validate=lstm_coupled_validate,
    flops=lstm_coupled_flops,
    bytes=lstm_coupled_bytes,
    transcendentals=functools.partial(recurrent_transcendentals, units=4),
    steps=recurrent_steps,
    cache=lstm_coupled_cache,
    forward=lstm_coupled_forward,
    backward=lstm_coupled_backward,
    shapes=lstm_coupled_shapes,
    state=("h", "c"),
)
