"""A convolution over time with a stride: what reads a spectrogram before a recurrent layer (A37).

Output step t sees K input steps around t * stride, zeros outside the sequence:
y[t] = bias + sum_k weight[:, k] x[t * stride + k - (K - 1) // 2].
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from seqbench.interfaces import Array, Backend, Contract, Gradients, RangeError, ShapeError

from ._cell import check_shape, step_masks, validate_dtypes, validate_lengths, zeros


@dataclass(frozen=True, slots=True)
class Conv1dParams:
    """weight : (O, K * I), a filter a row, its taps in time order, I inputs a tap; bias : (O,)."""

    weight: Array
    bias: Array


@dataclass(frozen=True, slots=True)
class Conv1dInputs:
    """x : (Tx, B, I); lengths : (B,) int32 in [0, Tx]; kernel_size : K; stride : at least 1."""

    x: Array
    lengths: Array
    kernel_size: int
    stride: int = 1


@dataclass(frozen=True, slots=True)
class Conv1dOutputs:
    """y : (T, B, O), T = ceil(Tx / stride), zero past each length; lengths : (B,) int32."""

    y: Array
    lengths: Array | None


class Conv1dDims(NamedTuple):
    """Output and input time, batch, input size, filters, taps."""

    T: int
    Tx: int
    B: int
    I: int
    O: int
    K: int


@dataclass(frozen=True, slots=True)
class Conv1dCache:
    """What forward keeps for backward."""

    columns: Array  # (T, B, K * I), the inputs that each output step sees


def conv1d_dims(params: Conv1dParams, inputs: Conv1dInputs) -> Conv1dDims:
    steps, batch, size = inputs.x.shape
    out = -(-steps // inputs.stride)
    return Conv1dDims(out, steps, batch, size, params.weight.shape[0], inputs.kernel_size)


def conv1d_shapes(dims: Conv1dDims) -> dict[str, tuple[int, ...]]:
    return {"weight": (dims.O, dims.K * dims.I), "bias": (dims.O,)}


def conv1d_cache(dims: Conv1dDims, dtype: str, *, backend: Backend) -> Conv1dCache:
    return Conv1dCache(zeros((dims.T, dims.B, dims.K * dims.I), dtype, backend))


def conv1d_forward(
    params: Conv1dParams, inputs: Conv1dInputs, cache: Conv1dCache, *, backend: Backend
) -> Conv1dOutputs:
    """One GEMM over the columns."""
    xp = backend.xp
    lengths = (inputs.lengths + (inputs.stride - 1)) // inputs.stride
    lengths = lengths.astype(inputs.lengths.dtype)
    steps = -(-inputs.x.shape[0] // inputs.stride)
    columns = cache.columns[:steps]
    _fill_columns(columns, inputs, xp=xp)
    y = columns @ params.weight.T + params.bias  # (T, B, KI) x (KI, O)
    return Conv1dOutputs(xp.where(step_masks(lengths, steps, xp=xp), y, 0), lengths)


def _fill_columns(columns: Array, inputs: Conv1dInputs, *, xp: Any) -> None:
    """Each tap is a strided slice of the input, shifted; where it leaves the input, zeros."""
    inside = step_masks(inputs.lengths, inputs.x.shape[0], xp=xp)
    x = xp.where(inside, inputs.x, 0)
    for tap, to, source in _taps(inputs, columns.shape[0]):
        size = x.shape[2]
        part = columns[:, :, tap * size : (tap + 1) * size]
        part[...] = 0
        part[to] = x[source]


def _taps(inputs: Conv1dInputs, steps: int) -> list[tuple[int, slice, slice]]:
    """(tap, output steps, input steps) of each tap that reaches into the input."""
    taps = []
    for tap in range(inputs.kernel_size):
        shift = tap - (inputs.kernel_size - 1) // 2
        first = max(0, -(shift // inputs.stride)) if shift < 0 else 0
        last = min(steps, -(-(inputs.x.shape[0] - shift) // inputs.stride))
        if first < last:
            start = first * inputs.stride + shift
            stop = (last - 1) * inputs.stride + shift + 1
            taps.append((tap, slice(first, last), slice(start, stop, inputs.stride)))
    return taps


def conv1d_backward(
    d_out: Conv1dOutputs,
    params: Conv1dParams,
    inputs: Conv1dInputs,
    cache: Conv1dCache,
    *,
    backend: Backend,
) -> Gradients:
    """Two GEMMs; what several output steps saw of one input step adds up."""
    xp = backend.xp
    steps, size = -(-inputs.x.shape[0] // inputs.stride), inputs.x.shape[2]
    columns = cache.columns[:steps]
    ends = (inputs.lengths + (inputs.stride - 1)) // inputs.stride
    d_y = xp.zeros((*columns.shape[:2], params.weight.shape[0]), dtype=columns.dtype)
    if d_out.y is not None:
        d_y = xp.where(step_masks(ends, steps, xp=xp), d_out.y, 0)
    d_rows = d_y.reshape(-1, d_y.shape[2])
    d_weight = d_rows.T @ columns.reshape(-1, columns.shape[2])  # y = columns weight.T
    d_columns = d_y @ params.weight
    d_x = xp.zeros_like(inputs.x)
    for tap, to, source in _taps(inputs, steps):
        d_x[source] += d_columns[to][:, :, tap * size : (tap + 1) * size]  # part[to] = x[source]
    d_x = xp.where(step_masks(inputs.lengths, inputs.x.shape[0], xp=xp), d_x, 0)
    d_inputs = Conv1dInputs(d_x, None, inputs.kernel_size, inputs.stride)
    return Gradients(Conv1dParams(d_weight, d_rows.sum(axis=0)), d_inputs)


def conv1d_validate(params: Conv1dParams, inputs: Conv1dInputs) -> None:
    name = "conv1d"
    if inputs.x.ndim != 3:
        raise ShapeError(
            f"{name}: x has shape {tuple(inputs.x.shape)}, expected (Tx, B, I); "
            "add the missing axis or transpose to time-major"
        )
    for setting in ("kernel_size", "stride"):
        if getattr(inputs, setting) < 1:
            raise RangeError(
                f"{name}: {setting} is {getattr(inputs, setting)}, expected at least 1; "
                f"set {setting}=1 for none"
            )
    steps, batch, size = inputs.x.shape
    filters = params.weight.shape[0]
    check_shape(name, "weight", params.weight, (filters, inputs.kernel_size * size))
    check_shape(name, "bias", params.bias, (filters,))
    validate_dtypes(name, inputs.x, params)
    validate_lengths(name, inputs.lengths, steps, batch)


def conv1d_flops(dims: Conv1dDims, grad: bool) -> int:
    """One GEMM forward, two more backward."""
    return (3 if grad else 1) * 2 * dims.T * dims.B * dims.O * dims.K * dims.I


def conv1d_bytes(dims: Conv1dDims, grad: bool, itemsize: int) -> int:
    """x, parameters and y once; with backward their gradients and the columns read once."""
    values = dims.Tx * dims.B * dims.I + dims.O * (dims.K * dims.I + 1) + dims.T * dims.B * dims.O
    columns = dims.T * dims.B * dims.K * dims.I
    return itemsize * (2 * values + columns if grad else values) + 8 * dims.B


CONV1D = Contract(
    id="A37",
    kind="feature",
    name="conv1d",
    summary="convolution over time with a stride",
    source="LeCun et al. (1989); over time: Waibel et al. (1989)",
    Params=Conv1dParams,
    Inputs=Conv1dInputs,
    Outputs=Conv1dOutputs,
    Dims=Conv1dDims,
    dims=conv1d_dims,
    validate=conv1d_validate,
    shapes=conv1d_shapes,
    flops=conv1d_flops,
    bytes=conv1d_bytes,
    cache=conv1d_cache,
    forward=conv1d_forward,
    backward=conv1d_backward,
)
