"""A10, the gated recurrent unit, in both reset variants.

Cho et al. (2014), equations 5 to 8 (`gru_reset_before`, the notes and ONNX linear_before_reset=0);
cuDNN and torch apply the reset gate after the recurrent product (`gru`). In both, z multiplies the
old state: h = (1 - z) n + z h_prev, so the notes' update gate is 1 - z.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from seqbench.interfaces import Array, Backend, Contract, Gradients

from ._cell import (
    CellDims,
    CellInputs,
    CellOutputs,
    cell_dims,
    recurrent_shapes,
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


def _forward(params, inputs, cache, *, reset_after: bool, xp: Any) -> CellOutputs:
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


def _backward(d_out, params, inputs, cache, *, reset_after: bool, xp: Any) -> Gradients:
    steps, H = inputs.x.shape[0], params.weight_hh.shape[1]
    w_rz, w_n = params.weight_hh[: 2 * H], params.weight_hh[2 * H :]
    inside = step_masks(inputs.lengths, steps, xp=xp)
    d_projected = xp.zeros_like(cache.gates[:steps])  # gradients before the nonlinearities, r z n
    d_recurrent = xp.zeros_like(cache.gates[:steps])  # the same, as weight_hh and bias_hh see them
    reset_h = xp.zeros_like(cache.recurrent_n[:steps])  # what weight_hh's n rows multiplied
    d_h = xp.zeros_like(inputs.h0) if d_out.h is None else d_out.h
    for t in range(steps - 1, -1, -1):
        h = cache.hidden[t]
        gates = cache.gates[t]
        r, z, n = gates[:, :H], gates[:, H : 2 * H], gates[:, 2 * H :]
        upstream = d_h if d_out.output is None else d_h + d_out.output[t]
        d_new = xp.where(inside[t], upstream, 0)  # h = (1 - z) n + z h_prev
        d_n = d_new * (1 - z) * (1 - n * n)
        d_z = d_new * (h - n) * z * (1 - z)
        if reset_after:  # n = tanh(.. + r recurrent)
            d_rec_n = d_n * r
            d_r = d_n * cache.recurrent_n[t] * r * (1 - r)
            d_prev = d_new * z + d_rec_n @ w_n
            reset_h[t] = h
        else:  # n = tanh(.. + W (r h))
            d_rec_n = d_n
            d_reset = d_n @ w_n
            d_r = d_reset * h * r * (1 - r)
            d_prev = d_new * z + d_reset * r
            reset_h[t] = r * h
        d_projected[t, :, :H], d_projected[t, :, H : 2 * H] = d_r, d_z
        d_projected[t, :, 2 * H :] = d_n
        d_recurrent[t, :, : 2 * H] = d_projected[t, :, : 2 * H]
        d_recurrent[t, :, 2 * H :] = d_rec_n
        d_prev = d_prev + d_projected[t, :, : 2 * H] @ w_rz
        d_h = xp.where(inside[t], d_prev, d_h)  # past the length the state froze
    x = without_padding(inputs.x, inside, xp=xp)
    flat = d_projected.reshape(-1, 3 * H)
    flat_rec = d_recurrent.reshape(-1, 3 * H)
    before = cache.hidden[:steps].reshape(-1, H)
    d_params = GRUParams(
        weight_ih=flat.T @ x.reshape(-1, x.shape[2]),
        weight_hh=xp.concatenate(
            [flat_rec[:, : 2 * H].T @ before, flat_rec[:, 2 * H :].T @ reset_h.reshape(-1, H)]
        ),
        bias_ih=flat.sum(axis=0),
        bias_hh=flat_rec.sum(axis=0),
    )
    d_x = d_projected @ params.weight_ih  # (T, B, 3H) -> (T, B, I)
    return Gradients(d_params, CellInputs(x=d_x, lengths=None, h0=d_h))


def gru_validate(params: GRUParams, inputs: CellInputs) -> None:
    validate_cell("gru", GATES, params, inputs, ("bias_ih", "bias_hh"))


def gru_shapes(dims: CellDims) -> dict[str, tuple[int, ...]]:
    return recurrent_shapes(GATES, dims, ("bias_ih", "bias_hh"))


def gru_flops(dims: CellDims, grad: bool) -> int:
    """Two GEMMs a step (input, recurrent), 13 pointwise operations a unit; backward twice that."""
    T, B, I, H = dims  # noqa: E741
    gemm = 2 * T * B * 3 * H * (I + H)
    pointwise = T * B * H
    return (3 * gemm + (13 + 24) * pointwise) if grad else gemm + 13 * pointwise


def gru_bytes(dims: CellDims, grad: bool, itemsize: int) -> int:
    """x, weights and states once, outputs once; with backward also their gradients and the cache."""
    T, B, I, H = dims  # noqa: E741
    weights = 3 * H * (I + H + 2)
    forward = T * B * (I + H) + weights + 2 * B * H
    cache = T * B * 4 * H
    return itemsize * ((2 * forward + weights + 2 * cache) if grad else forward)


def _contract(name: str, summary: str, forward: Any, backward: Any) -> Contract:
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
        validate=gru_validate,
        flops=gru_flops,
        bytes=gru_bytes,
        cache=gru_cache,
        forward=forward,
        backward=backward,
        shapes=gru_shapes,
        state=("h",),
    )


GRU = _contract("gru", "GRU, reset after the recurrent product (torch)", gru_forward, gru_backward)
GRU_RESET_BEFORE = _contract(
    "gru_reset_before",
    "GRU, reset before the recurrent product (the notes)",
    gru_reset_before_forward,
    gru_reset_before_backward,
)
