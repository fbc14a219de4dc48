"""A02, the tanh recurrent network, and A03, its backward: backpropagation through time.

Elman (1990); h = tanh(W_ih x + W_hh h_prev + b). The loss is the sum over t of the steps' losses,
so the gradient that meets a state is its own output's plus the one that comes back from the next
step (Werbos 1990, section III). The notes' concatenated form W_a [a; x] is
`rnn_forward_concatenated`.
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

GATES = 1


@dataclass(frozen=True, slots=True)
class RNNParams:
    """weight_ih : (H, I); weight_hh : (H, H); bias : (H,)."""

    weight_ih: Array
    weight_hh: Array
    bias: Array


@dataclass(frozen=True, slots=True)
class RNNCache:
    """What forward keeps for backward."""

    hidden: Array  # (T + 1, B, H), hidden[0] is h0


def rnn_cache(dims: CellDims, dtype: str, *, backend: Backend) -> RNNCache:
    T, B, _, H = dims
    return RNNCache(hidden=zeros((T + 1, B, H), dtype, backend))


def rnn_forward(
    params: RNNParams, inputs: CellInputs, cache: RNNCache, *, backend: Backend
) -> CellOutputs:
    """h_t = tanh(W_ih x_t + W_hh h_(t-1) + b), the input's part in one GEMM for all steps."""
    xp = backend.xp
    steps = inputs.x.shape[0]
    inside = step_masks(inputs.lengths, steps, xp=xp)
    x = without_padding(inputs.x, inside, xp=xp)
    projected = x @ params.weight_ih.T + params.bias  # (T, B, I) -> (T, B, H)
    hidden = cache.hidden
    hidden[0] = inputs.h0
    for t in range(steps):
        new = xp.tanh(projected[t] + hidden[t] @ params.weight_hh.T)
        hidden[t + 1] = xp.where(inside[t], new, hidden[t])
    return _outputs(hidden, inside, xp=xp)


def rnn_backward(
    d_out: CellOutputs, params: RNNParams, inputs: CellInputs, cache: RNNCache, *, backend: Backend
) -> Gradients:
    """Backpropagation through time over the whole sequence."""
    xp = backend.xp
    steps, H = inputs.x.shape[0], params.weight_hh.shape[1]
    inside = step_masks(inputs.lengths, steps, xp=xp)
    d_sum = xp.zeros_like(cache.hidden[:steps])  # before the tanh
    d_h = xp.zeros_like(inputs.h0) if d_out.h is None else d_out.h
    for t in range(steps - 1, -1, -1):
        h = cache.hidden[t + 1]
        upstream = d_h if d_out.output is None else d_h + d_out.output[t]
        d_sum[t] = xp.where(inside[t], upstream * (1 - h * h), 0)  # h = tanh(sum)
        d_h = xp.where(inside[t], d_sum[t] @ params.weight_hh, d_h)  # sum = .. + W_hh h_prev
    x = without_padding(inputs.x, inside, xp=xp)
    flat = d_sum.reshape(-1, H)
    d_params = RNNParams(
        weight_ih=flat.T @ x.reshape(-1, x.shape[2]),
        weight_hh=flat.T @ cache.hidden[:steps].reshape(-1, H),
        bias=flat.sum(axis=0),
    )
    d_x = d_sum @ params.weight_ih  # (T, B, H) -> (T, B, I)
    return Gradients(d_params, CellInputs(x=d_x, lengths=None, h0=d_h))


def _outputs(hidden: Array, inside: Array, *, xp: Any) -> CellOutputs:
    steps = inside.shape[0]
    output = xp.where(inside, hidden[1 : steps + 1], xp.zeros_like(hidden[1 : steps + 1]))
    return CellOutputs(output=output, h=hidden[steps])


def rnn_forward_concatenated(
    weight: Array, bias: Array, inputs: CellInputs, cache: RNNCache, *, backend: Backend
) -> CellOutputs:
    """The notes' form: h_t = tanh(W_a [h_(t-1); x_t] + b), one GEMM a step.

    weight : (H, H + I), as `merge` makes it. Equal to `rnn_forward` up to the rounding of sums
    that are taken in another order. (The notes swap their two `concatenate` axes: W_aa and W_ax
    stand side by side, a and x above one another.)
    """
    xp = backend.xp
    steps = inputs.x.shape[0]
    inside = step_masks(inputs.lengths, steps, xp=xp)
    x = without_padding(inputs.x, inside, xp=xp)
    hidden = cache.hidden
    hidden[0] = inputs.h0
    for t in range(steps):
        new = xp.tanh(xp.concatenate([hidden[t], x[t]], axis=1) @ weight.T + bias)
        hidden[t + 1] = xp.where(inside[t], new, hidden[t])
    return _outputs(hidden, inside, xp=xp)


def merge(params: RNNParams, *, xp: Any) -> Array:
    """W_a = [W_hh | W_ih], (H, H + I)."""
    return xp.concatenate([params.weight_hh, params.weight_ih], axis=1)


def split(weight: Array, bias: Array) -> RNNParams:
    """The inverse of `merge`; views of W_a (H, H + I)."""
    H = weight.shape[0]
    return RNNParams(weight_ih=weight[:, H:], weight_hh=weight[:, :H], bias=bias)


def rnn_validate(params: RNNParams, inputs: CellInputs) -> None:
    validate_cell("rnn", GATES, params, inputs)


def rnn_shapes(dims: CellDims) -> dict[str, tuple[int, ...]]:
    return recurrent_shapes(GATES, dims)


def rnn_flops(dims: CellDims, grad: bool) -> int:
    """Two GEMMs a step; a unit adds twice and takes a tanh, backward 5 operations."""
    return recurrent_flops(dims, grad, gates=GATES, pointwise=(3, 5))


def rnn_bytes(dims: CellDims, grad: bool, itemsize: int) -> int:
    """Kept a unit and step: h."""
    weights = GATES * dims.H * (dims.I + dims.H + 1)
    return recurrent_bytes(dims, grad, itemsize, weights=weights, cached=1)


RNN = Contract(
    id="A02",
    kind="cell",
    name="rnn",
    summary="tanh recurrent network and backpropagation through time",
    source="Elman (1990); Werbos (1990), section III",
    Params=RNNParams,
    Inputs=CellInputs,
    Outputs=CellOutputs,
    Dims=CellDims,
    dims=cell_dims,
    validate=rnn_validate,
    flops=rnn_flops,
    bytes=rnn_bytes,
    transcendentals=functools.partial(recurrent_transcendentals, units=1),
    steps=recurrent_steps,
    cache=rnn_cache,
    forward=rnn_forward,
    backward=rnn_backward,
    shapes=rnn_shapes,
    state=("h",),
)
