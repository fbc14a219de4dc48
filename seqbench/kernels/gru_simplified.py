"""A09, the GRU without its reset gate.

Cho et al. (2014), equations 6 to 8 with r = 1: h = (1 - z) n + z h_prev. The notes let their update
gate multiply the candidate: their Γu is 1 - z, had by negating the z rows of weights and bias.
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

GATES = 2


@dataclass(frozen=True, slots=True)
class GRUSimplifiedParams:
    """weight_ih : (2H, I); weight_hh : (2H, H); bias : (2H,); gate rows z, n."""

    weight_ih: Array
    weight_hh: Array
    bias: Array


@dataclass(frozen=True, slots=True)
class GRUSimplifiedCache:
    """What forward keeps for backward."""

    gates: Array  # (T, B, 2H) z, n after their nonlinearities
    hidden: Array  # (T + 1, B, H), hidden[0] is h0


def gru_simplified_cache(dims: CellDims, dtype: str, *, backend: Backend) -> GRUSimplifiedCache:
    T, B, _, H = dims
    return GRUSimplifiedCache(
        gates=zeros((T, B, 2 * H), dtype, backend),
        hidden=zeros((T + 1, B, H), dtype, backend),
    )


def gru_simplified_forward(
    params: GRUSimplifiedParams,
    inputs: CellInputs,
    cache: GRUSimplifiedCache,
    *,
    backend: Backend,
) -> CellOutputs:
    """z = sigmoid, n = tanh of W_ih x + W_hh h + b; h = (1 - z) n + z h_prev."""
    xp = backend.xp
    steps, H = inputs.x.shape[0], params.weight_hh.shape[1]
    inside = step_masks(inputs.lengths, steps, xp=xp)
    x = without_padding(inputs.x, inside, xp=xp)
    projected = x @ params.weight_ih.T + params.bias  # (T, B, I) -> (T, B, 2H)
    hidden = cache.hidden
    hidden[0] = inputs.h0
    for t in range(steps):
        h = hidden[t]
        sums = projected[t] + h @ params.weight_hh.T
        z, n = sigmoid(sums[:, :H], xp=xp), xp.tanh(sums[:, H:])
        cache.gates[t, :, :H], cache.gates[t, :, H:] = z, n
        hidden[t + 1] = xp.where(inside[t], (1 - z) * n + z * h, h)
    output = xp.where(inside, hidden[1 : steps + 1], xp.zeros_like(hidden[1 : steps + 1]))
    return CellOutputs(output=output, h=hidden[steps])


def gru_simplified_backward(
    d_out: CellOutputs,
    params: GRUSimplifiedParams,
    inputs: CellInputs,
    cache: GRUSimplifiedCache,
    *,
    backend: Backend,
) -> Gradients:
    xp = backend.xp
    steps, H = inputs.x.shape[0], params.weight_hh.shape[1]
    inside = step_masks(inputs.lengths, steps, xp=xp)
    d_gates = xp.zeros_like(cache.gates[:steps])  # before the nonlinearities, z n
    d_h = xp.zeros_like(inputs.h0) if d_out.h is None else d_out.h
    for t in range(steps - 1, -1, -1):
        h, z, n = cache.hidden[t], cache.gates[t, :, :H], cache.gates[t, :, H:]
        upstream = d_h if d_out.output is None else d_h + d_out.output[t]
        d_new = xp.where(inside[t], upstream, 0)  # h = (1 - z) n + z h_prev
        d_gates[t, :, :H] = d_new * (h - n) * z * (1 - z)
        d_gates[t, :, H:] = d_new * (1 - z) * (1 - n * n)
        d_prev = d_new * z + d_gates[t] @ params.weight_hh
        d_h = xp.where(inside[t], d_prev, d_h)  # past the length the state froze
    x = without_padding(inputs.x, inside, xp=xp)
    flat = d_gates.reshape(-1, 2 * H)
    d_params = GRUSimplifiedParams(
        weight_ih=flat.T @ x.reshape(-1, x.shape[2]),
        weight_hh=flat.T @ cache.hidden[:steps].reshape(-1, H),
        bias=flat.sum(axis=0),
    )
    d_x = d_gates @ params.weight_ih  # (T, B, 2H) -> (T, B, I)
    return Gradients(d_params, CellInputs(x=d_x, lengths=None, h0=d_h))


def gru_simplified_validate(params: GRUSimplifiedParams, inputs: CellInputs) -> None:
    validate_cell("gru_simplified", GATES, params, inputs)


def gru_simplified_shapes(dims: CellDims) -> dict[str, tuple[int, ...]]:
    return recurrent_shapes(GATES, dims)


def gru_simplified_flops(dims: CellDims, grad: bool) -> int:
    """Two GEMMs a step; a unit takes 10 operations forward, 15 backward."""
    return recurrent_flops(dims, grad, gates=GATES, pointwise=(10, 15))


def gru_simplified_bytes(dims: CellDims, grad: bool, itemsize: int) -> int:
    """Kept a unit and step: z, n, h."""
    weights = GATES * dims.H * (dims.I + dims.H + 1)
    return recurrent_bytes(dims, grad, itemsize, weights=weights, cached=3)


GRU_SIMPLIFIED = Contract(
    id="A09",
    kind="cell",
    name="gru_simplified",
    summary="GRU without a reset gate",
    source="Cho et al. (2014), eq. 6-8 with r = 1",
    Params=GRUSimplifiedParams,
    Inputs=CellInputs,
    Outputs=CellOutputs,
    Dims=CellDims,
    dims=cell_dims,
    validate=gru_simplified_validate,
    flops=gru_simplified_flops,
    bytes=gru_simplified_bytes,
    transcendentals=functools.partial(recurrent_transcendentals, units=2),
    steps=recurrent_steps,
    cache=gru_simplified_cache,
    forward=gru_simplified_forward,
    backward=gru_simplified_backward,
    shapes=gru_simplified_shapes,
    state=("h",),
)
