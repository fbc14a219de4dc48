"""A10, the gated recurrent unit, in both reset variants.

Cho et al. (2014), equations 5 to 8 (`gru_reset_before`, the notes and ONNX linear_before_reset=0);
cuDNN and torch apply the reset gate after the recurrent product (`gru`). In both, z multiplies the
old state: h = (1 - z) n + z h_prev, so the notes' update gate is 1 - z.
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

GATES = 3


@dataclass(frozen=True, slots=True)
class GRUParams:
    """weight_ih : (3H, I); weight_hh : (3H, H); bias_ih, bias_hh : (3H,); gate rows r, z, n."""

    weight_ih: Array
    weight_hh: Array
    bias_ih: Array
    bias_hh: Array


@dataclass(frozen=True, slots=True)
class GRUCache:
    """What forward keeps for backward."""

    gates: Array  # (T, B, 3H) r, z, n after their nonlinearities
    recurrent_n: Array  # (T, B, H) the recurrent part of n before r: W_hn h + b_hn
    hidden: Array  # (T + 1, B, H), hidden[0] is h0


def gru_cache(dims: CellDims, dtype: str, *, backend: Backend) -> GRUCache:
    T, B, _, H = dims
    return GRUCache(
        gates=zeros((T, B, 3 * H), dtype, backend),
        recurrent_n=zeros((T, B, H), dtype, backend),
        hidden=zeros((T + 1, B, H), dtype, backend),
    )


def gru_forward(
    params: GRUParams, inputs: CellInputs, cache: GRUCache, *, backend: Backend
) -> CellOutputs:
    """Reset after the recurrent product: n = tanh(W_in x + b_in + r (W_hn h + b_hn))."""
    return _forward(params, inputs, cache, reset_after=True, xp=backend.xp)


def gru_reset_before_forward(
    params: GRUParams, inputs: CellInputs, cache: GRUCache, *, backend: Backend
) -> CellOutputs:
    """Reset before the recurrent product: n = tanh(W_in x + b_in + W_hn (r h) + b_hn)."""
    return _forward(params, inputs, cache, reset_after=False, xp=backend.xp)


def _forward(
    params: GRUParams, inputs: CellInputs, cache: GRUCache, *, reset_after: bool, xp: Any
) -> CellOutputs:
    steps, H = inputs.x.shape[0], params.weight_hh.shape[1]
    w_rz, w_n = params.weight_hh[: 2 * H], params.weight_hh[2 * H :]
    b_rz, b_n = params.bias_hh[: 2 * H], params.bias_hh[2 * H :]
    inside = step_masks(inputs.lengths, steps, xp=xp)
    x = without_padding(inputs.x, inside, xp=xp)
    projected = x @ params.weight_ih.T + params.bias_ih  # (T, B, I) -> (T, B, 3H)
    hidden = cache.hidden
    hidden[0] = inputs.h0
    for t in range(steps):
        h = hidden[t]
        rz = sigmoid(projected[t, :, : 2 * H] + h @ w_rz.T + b_rz, xp=xp)
        r, z = rz[:, :H], rz[:, H:]
        if reset_after:
            recurrent = h @ w_n.T + b_n
            n = xp.tanh(projected[t, :, 2 * H :] + r * recurrent)
        else:
            recurrent = (r * h) @ w_n.T + b_n
            n = xp.tanh(projected[t, :, 2 * H :] + recurrent)
        cache.gates[t, :, : 2 * H] = rz
        cache.gates[t, :, 2 * H :] = n
        cache.recurrent_n[t] = recurrent
        hidden[t + 1] = xp.where(inside[t], (1 - z) * n + z * h, h)
    output = xp.where(inside, hidden[1 : steps + 1], xp.zeros_like(hidden[1 : steps + 1]))
    return CellOutputs(output=output, h=hidden[steps])


def gru_backward(
    d_out: CellOutputs, params: GRUParams, inputs: CellInputs, cache: GRUCache, *, backend: Backend
) -> Gradients:
    return _backward(d_out, params, inputs, cache, reset_after=True, xp=backend.xp)


def gru_reset_before_backward(
    d_out: CellOutputs, params: GRUParams, inputs: CellInputs, cache: GRUCache, *, backend: Backend
) -> Gradients:
    return _backward(d_out, params, inputs, cache, reset_after=False, xp=backend.xp)


def _backward(
    d_out: CellOutputs,
    params: GRUParams,
    inputs: CellInputs,
    cache: GRUCache,
    *,
    reset_after: bool,
    xp: Any,
) -> Gradients:
    steps, H = inputs.x.shape[0], params.weight_hh.shape[1]
    inside = step_masks(inputs.lengths, steps, xp=xp)
    d_gates = xp.zeros_like(cache.gates[:steps])  # before the nonlinearities, r z n
    step_back = _step_back_reset_after if reset_after else _step_back_reset_before
    d_h = xp.zeros_like(inputs.h0) if d_out.h is None else d_out.h
    for t in range(steps - 1, -1, -1):
        h, z, n = cache.hidden[t], cache.gates[t, :, H : 2 * H], cache.gates[t, :, 2 * H :]
        upstream = d_h if d_out.output is None else d_h + d_out.output[t]
        d_new = xp.where(inside[t], upstream, 0)  # h = (1 - z) n + z h_prev
        d_gates[t, :, 2 * H :] = d_new * (1 - z) * (1 - n * n)
        d_gates[t, :, H : 2 * H] = d_new * (h - n) * z * (1 - z)
        d_reset = step_back(d_gates[t], cache, t, params.weight_hh[2 * H :])  # writes d_r
        d_prev = d_new * z + d_reset + d_gates[t, :, : 2 * H] @ params.weight_hh[: 2 * H]
        d_h = xp.where(inside[t], d_prev, d_h)  # past the length the state froze
    x = without_padding(inputs.x, inside, xp=xp)
    d_params = _weight_gradients(d_gates, x, cache, reset_after=reset_after, xp=xp)
    d_x = d_gates @ params.weight_ih  # (T, B, 3H) -> (T, B, I)
    return Gradients(d_params, CellInputs(x=d_x, lengths=None, h0=d_h))


def _step_back_reset_after(d_gates: Array, cache: GRUCache, t: int, w_n: Array) -> Array:
    """Through n = tanh(.. + r recurrent): writes d_r, returns what reaches h."""
    H = w_n.shape[1]
    r, d_n = cache.gates[t, :, :H], d_gates[:, 2 * H :]
    d_gates[:, :H] = d_n * cache.recurrent_n[t] * r * (1 - r)
    return (d_n * r) @ w_n


def _step_back_reset_before(d_gates: Array, cache: GRUCache, t: int, w_n: Array) -> Array:
    """Through n = tanh(.. + W_hn (r h)): writes d_r, returns what reaches h."""
    H = w_n.shape[1]
    r = cache.gates[t, :, :H]
    d_reset_h = d_gates[:, 2 * H :] @ w_n
    d_gates[:, :H] = d_reset_h * cache.hidden[t] * r * (1 - r)
    return d_reset_h * r


def _weight_gradients(
    d_gates: Array, x: Array, cache: GRUCache, *, reset_after: bool, xp: Any
) -> GRUParams:
    """One GEMM a matrix over all steps; weight_hn met h (reset after) or r h (reset before)."""
    steps, H = x.shape[0], cache.hidden.shape[2]
    r, before = cache.gates[:steps, :, :H], cache.hidden[:steps]
    d_rz, d_n = d_gates[:, :, : 2 * H].reshape(-1, 2 * H), d_gates[:, :, 2 * H :]
    d_recurrent_n, met_n = (d_n * r, before) if reset_after else (d_n, r * before)
    d_recurrent_n = d_recurrent_n.reshape(-1, H)
    d_flat = d_gates.reshape(-1, 3 * H)
    return GRUParams(
        weight_ih=d_flat.T @ x.reshape(-1, x.shape[2]),
        weight_hh=xp.concatenate(
            [d_rz.T @ before.reshape(-1, H), d_recurrent_n.T @ met_n.reshape(-1, H)]
        ),
        bias_ih=d_flat.sum(axis=0),
        bias_hh=xp.concatenate([d_rz.sum(axis=0), d_recurrent_n.sum(axis=0)]),
    )


def gru_validate(params: GRUParams, inputs: CellInputs) -> None:
    validate_cell("gru", GATES, params, inputs, ("bias_ih", "bias_hh"))


def gru_reset_before_validate(params: GRUParams, inputs: CellInputs) -> None:
    validate_cell("gru_reset_before", GATES, params, inputs, ("bias_ih", "bias_hh"))


def gru_shapes(dims: CellDims) -> dict[str, tuple[int, ...]]:
    return recurrent_shapes(GATES, dims, ("bias_ih", "bias_hh"))


def gru_flops(dims: CellDims, grad: bool) -> int:
    """Two GEMMs a step; 13 pointwise operations a unit forward, 24 backward."""
    return recurrent_flops(dims, grad, gates=GATES, pointwise=(13, 24))


def gru_bytes(dims: CellDims, grad: bool, itemsize: int) -> int:
    """Kept a unit and step: r, z, n, the recurrent part of n."""
    weights = GATES * dims.H * (dims.I + dims.H + 2)
    return recurrent_bytes(dims, grad, itemsize, weights=weights, cached=4)


def _contract(name: str, summary: str, validate: Any, forward: Any, backward: Any) -> Contract:
    return Contract(
        id="A10",
        kind="cell",
        name=name,
        summary=summary,
        source="Cho et al. (2014), eq. 5-8",
        Params=GRUParams,
        Inputs=CellInputs,
        Outputs=CellOutputs,
        Dims=CellDims,
        dims=cell_dims,
        validate=validate,
        flops=gru_flops,
        bytes=gru_bytes,
        transcendentals=functools.partial(recurrent_transcendentals, units=3),
        steps=recurrent_steps,
        cache=gru_cache,
        forward=forward,
        backward=backward,
        shapes=gru_shapes,
        state=("h",),
    )


GRU = _contract(
    "gru",
    "GRU, reset after the recurrent product (torch)",
    gru_validate,
    gru_forward,
    gru_backward,
)
GRU_RESET_BEFORE = _contract(
    "gru_reset_before",
    "GRU, reset before the recurrent product (the notes)",
    gru_reset_before_validate,
    gru_reset_before_forward,
    gru_reset_before_backward,
)
