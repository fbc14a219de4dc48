"""A12, the LSTM whose gates see the memory cell, one weight a unit.

Gers & Schmidhuber (2000), "Recurrent nets that time and count": i and f see c_prev, o sees the new
c, each through a diagonal weight; the candidate g sees none. Unlike the paper's truncated learning
rule, the whole gradient flows through the peepholes. ONNX's LSTM with P is this cell. The notes'
matrix form is `lstm_peephole_full`.
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
class LSTMPeepholeParams:
    """weight_ih : (4H, I); weight_hh : (4H, H); bias : (4H,); gate rows i, f, g, o.

    peephole : (3H,), the diagonal weights of i, f, o
    """

    weight_ih: Array
    weight_hh: Array
    bias: Array
    peephole: Array


def lstm_peephole_forward(
    params: LSTMPeepholeParams, inputs: CellInputs, cache: LSTMCache, *, backend: Backend
) -> CellOutputs:
    """LSTM with p_i c_prev and p_f c_prev in the sums of i and f, p_o c in that of o."""
    xp = backend.xp
    steps, H = inputs.x.shape[0], params.weight_hh.shape[1]
    p_i, p_f, p_o = peepholes_of(params.peephole)
    inside = step_masks(inputs.lengths, steps, xp=xp)
    x = without_padding(inputs.x, inside, xp=xp)
    projected = x @ params.weight_ih.T + params.bias  # (T, B, I) -> (T, B, 4H)
    gates, cell, hidden = cache.gates, cache.cell, cache.hidden
    cell[0], hidden[0] = inputs.c0, inputs.h0
    for t in range(steps):
        sums = projected[t] + hidden[t] @ params.weight_hh.T
        i, f, g, o = gates_of(gates[t])
        i[...] = sigmoid(sums[:, :H] + p_i * cell[t], xp=xp)
        f[...] = sigmoid(sums[:, H : 2 * H] + p_f * cell[t], xp=xp)
        g[...] = xp.tanh(sums[:, 2 * H : 3 * H])
        new = f * cell[t] + i * g
        o[...] = sigmoid(sums[:, 3 * H :] + p_o * new, xp=xp)
        cell[t + 1] = xp.where(inside[t], new, cell[t])
        hidden[t + 1] = xp.where(inside[t], o * xp.tanh(new), hidden[t])
    output = xp.where(inside, hidden[1 : steps + 1], xp.zeros_like(hidden[1 : steps + 1]))
    return CellOutputs(output=output, h=hidden[steps], c=cell[steps])


def lstm_peephole_backward(
    d_out: CellOutputs,
    params: LSTMPeepholeParams,
    inputs: CellInputs,
    cache: LSTMCache,
    *,
    backend: Backend,
) -> Gradients:
    xp = backend.xp
    steps = inputs.x.shape[0]
    p_i, p_f, p_o = peepholes_of(params.peephole)
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
        d_sum = d_new * o * (1 - tanh_cell[t] * tanh_cell[t]) + d_o * p_o  # o saw c
        d_cell = xp.where(inside[t], d_c + d_sum, 0)  # c = f c_prev + i g
        d_i[...] = d_cell * g * i * (1 - i)
        d_f[...] = d_cell * cache.cell[t] * f * (1 - f)
        d_g[...] = d_cell * i * (1 - g * g)
        d_prev = d_cell * f + d_i * p_i + d_f * p_f  # i and f saw c_prev
        d_c = xp.where(inside[t], d_prev, d_c)  # past the length the state froze
        d_h = xp.where(inside[t], d_gates[t] @ params.weight_hh, d_h)
    x = without_padding(inputs.x, inside, xp=xp)
    d_params = _weight_gradients(d_gates, x, cache, xp=xp)
    d_x = d_gates @ params.weight_ih  # (T, B, 4H) -> (T, B, I)
    return Gradients(d_params, CellInputs(x=d_x, lengths=None, h0=d_h, c0=d_c))


def _weight_gradients(d_gates: Array, x: Array, cache: LSTMCache, *, xp: Any) -> LSTMPeepholeParams:
    """One GEMM a matrix over all steps; a diagonal's is the sum of its products."""
    steps, H = x.shape[0], cache.hidden.shape[2]
    flat = d_gates.reshape(-1, GATES * H)
    d_i, d_f, _, d_o = gates_of(flat)
    before = cache.cell[:steps].reshape(-1, H)
    after = cache.cell[1 : steps + 1].reshape(-1, H)
    met = (d_i * before, d_f * before, d_o * after)
    return LSTMPeepholeParams(
        weight_ih=flat.T @ x.reshape(-1, x.shape[2]),
        weight_hh=flat.T @ cache.hidden[:steps].reshape(-1, H),
        bias=flat.sum(axis=0),
        peephole=xp.concatenate([product.sum(axis=0) for product in met]),
    )


def peepholes_of(peephole: Array) -> tuple[Array, Array, Array]:
    """Views of the weights of i, f, o, each (H,) or (H, ...)."""
    H = peephole.shape[0] // PEEPHOLES
    return peephole[:H], peephole[H : 2 * H], peephole[2 * H :]


def lstm_peephole_validate(params: LSTMPeepholeParams, inputs: CellInputs) -> None:
    validate_cell("lstm_peephole", GATES, params, inputs, memory=True)
    hidden = params.weight_hh.shape[1]
    check_shape("lstm_peephole", "peephole", params.peephole, (PEEPHOLES * hidden,))


def lstm_peephole_shapes(dims: CellDims) -> dict[str, tuple[int, ...]]:
    return recurrent_shapes(GATES, dims) | {"peephole": (PEEPHOLES * dims.H,)}


def lstm_peephole_flops(dims: CellDims, grad: bool) -> int:
    """As the LSTM, and six operations a unit forward, 12 backward, for the peepholes."""
    return recurrent_flops(dims, grad, gates=GATES, pointwise=(23, 40))


def lstm_peephole_bytes(dims: CellDims, grad: bool, itemsize: int) -> int:
    """Kept a unit and step: four gates, c, h."""
    weights = GATES * dims.H * (dims.I + dims.H + 1) + PEEPHOLES * dims.H
    return recurrent_bytes(dims, grad, itemsize, weights=weights, cached=6, states=2)


LSTM_PEEPHOLE = Contract(
    id="A12",
    kind="cell",
    name="lstm_peephole",
    summary="LSTM with diagonal peepholes: i, f see c_prev, o sees c",
    source="Gers & Schmidhuber (2000), section 2.2; the full gradient",
    Params=LSTMPeepholeParams,
    Inputs=CellInputs,
    Outputs=CellOutputs,
    Dims=CellDims,
    dims=cell_dims,
    validate=lstm_peephole_validate,
    flops=lstm_peephole_flops,
    bytes=lstm_peephole_bytes,
    transcendentals=functools.partial(recurrent_transcendentals, units=5),
    steps=recurrent_steps,
    cache=lstm_cache,
    forward=lstm_peephole_forward,
    backward=lstm_peephole_backward,
    shapes=lstm_peephole_shapes,
    state=("h", "c"),
)
