"""What every recurrent cell shares: its inputs, outputs, sizes, checks and freezing by length."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from seqbench.interfaces import Array, Backend, DtypeError, RangeError, ShapeError, arrays_of


@dataclass(frozen=True, slots=True)
class CellInputs:
    """A padded batch.

    x : (T, B, I); lengths : (B,) int32, each in [0, T]
    h0 : (B, H); c0 : (B, H) for a cell with a memory (LSTM), else None
    """

    x: Array
    lengths: Array
    h0: Array
    c0: Array | None = None


@dataclass(frozen=True, slots=True)
class CellOutputs:
    """output : (T, B, H), zero past each length; h, c : (B, H), the state at length - 1.

    A zero length returns the initial state. As `d_outputs`, a field may be None for zero.
    """

    output: Array
    h: Array
    c: Array | None = None


class CellDims(NamedTuple):
    """Time, batch, input and hidden size."""

    T: int
    B: int
    I: int
    H: int


def cell_dims(params: Any, inputs: CellInputs) -> CellDims:
    """The sizes, read off `x` and `weight_hh`."""
    steps, batch, input_size = inputs.x.shape
    return CellDims(steps, batch, input_size, params.weight_hh.shape[1])


def recurrent_shapes(
    gates: int, dims: CellDims, biases: tuple[str, ...] = ("bias",)
) -> dict[str, tuple[int, ...]]:
    """The tensors of a cell with `gates` gates: weight_ih, weight_hh and its biases."""
    rows = gates * dims.H
    shapes = {"weight_ih": (rows, dims.I), "weight_hh": (rows, dims.H)}
    return shapes | dict.fromkeys(biases, (rows,))


def step_masks(lengths: Array, steps: int, *, xp: Any) -> Array:
    """(T, B, 1) bool: whether step t is inside each sequence."""
    return (xp.arange(steps, dtype=lengths.dtype)[:, None] < lengths[None, :])[:, :, None]


def check_shape(operation: str, name: str, array: Array, expected: tuple[int, ...]) -> None:
    """Raise ShapeError unless `array.shape == expected`."""
    if tuple(array.shape) != tuple(expected):
        raise ShapeError(
            f"{operation}: {name} is {tuple(array.shape)}, expected {tuple(expected)}; "
            "sequences are time-major (T, B, ...)"
        )


def validate_cell(
    name: str,
    gates: int,
    params: Any,
    inputs: CellInputs,
    biases: tuple[str, ...] = ("bias",),
    *,
    memory: bool = False,
) -> None:
    """The checks every cell makes: shapes and dtypes of x, states, weights; lengths within T."""
    if inputs.x.ndim != 3:
        raise ShapeError(
            f"{name}: x has shape {tuple(inputs.x.shape)}, expected (T, B, I); "
            "add the missing axis or transpose to time-major"
        )
    steps, batch, input_size = inputs.x.shape
    hidden = params.weight_hh.shape[-1]
    shapes = recurrent_shapes(gates, CellDims(steps, batch, input_size, hidden), biases)
    for tensor, shape in shapes.items():
        check_shape(name, tensor, getattr(params, tensor), shape)
    check_shape(name, "h0", inputs.h0, (batch, hidden))
    validate_memory(name, inputs.c0, (batch, hidden), memory=memory)
    validate_dtypes(name, inputs.x, (params, inputs.h0, inputs.c0))
    validate_lengths(name, inputs.lengths, steps, batch)


def validate_memory(name: str, c0: Array | None, shape: tuple[int, ...], *, memory: bool) -> None:
    """A cell with a memory needs c0; one without must not be given any."""
    if memory and c0 is None:
        raise ShapeError(
            f"{name}: c0 is None, expected (B, H) = {shape}; give zeros to start afresh"
        )
    if memory:
        check_shape(name, "c0", c0, shape)
    elif c0 is not None:
        raise ShapeError(
            f"{name}: c0 is {tuple(c0.shape)}, expected None; this cell has no memory: leave it out"
        )


def validate_dtypes(name: str, x: Array, others: Any) -> None:
    """One floating dtype for everything: nothing is promoted behind the caller's back."""
    expected = str(x.dtype)
    if "float" not in expected:
        raise DtypeError(f"{name}: x is {expected}, expected a floating dtype; cast it with astype")
    for array in arrays_of(others):
        if str(array.dtype) != expected:
            raise DtypeError(
                f"{name}: a tensor of shape {tuple(array.shape)} is {array.dtype}, "
                f"expected {expected} as x; cast one of them"
            )


def validate_lengths(name: str, lengths: Array, steps: int, batch: int, minimum: int = 0) -> None:
    """Raise unless lengths is (B,) int32 in [minimum, steps]."""
    check_shape(name, "lengths", lengths, (batch,))
    if str(lengths.dtype).removeprefix("torch.") != "int32":
        raise DtypeError(
            f"{name}: lengths are {lengths.dtype}, expected int32; cast them with astype"
        )
    if batch == 0:
        return
    low, high = int(lengths.min()), int(lengths.max())
    if low < minimum or high > steps:
        bad = low if low < minimum else high
        raise RangeError(
            f"{name}: a length is {bad}, expected {minimum} to T = {steps}; "
            "cut the sequence or pad the batch further"
        )


def recurrent_flops(dims: CellDims, grad: bool, *, gates: int, pointwise: tuple[int, int]) -> int:
    """Two GEMMs a step (input, recurrent) and `pointwise` = (forward, backward) operations a unit.

    Backward takes twice the GEMMs: one for the operand, one for the weight.
    """
    T, B, I, H = dims
    gemm = 2 * T * B * gates * H * (I + H)
    forward = gemm + pointwise[0] * T * B * H
    return forward + (2 * gemm + pointwise[1] * T * B * H) * grad


def recurrent_bytes(
    dims: CellDims, grad: bool, itemsize: int, *, weights: int, cached: int, states: int = 1
) -> int:
    """x, weights and states once, outputs once; with backward also their gradients and the cache.

    weights : numbers in all weights; cached : numbers kept a unit and step; states : h, or h and c
    """
    T, B, I, H = dims
    forward = T * B * (I + H) + weights + 2 * states * B * H
    cache = T * B * cached * H
    return itemsize * (2 * forward + weights + 2 * cache if grad else forward)


def recurrent_transcendentals(dims: CellDims, grad: bool, *, units: int) -> int:
    """`units` a hidden unit and step forward: one a gate, one for the tanh of a memory.

    Backward needs none: it works on what forward kept.
    """
    return units * dims.T * dims.B * dims.H


def recurrent_steps(dims: CellDims) -> int:
    """Each step starts from the last one's state."""
    return dims.T


def zeros(shape: tuple[int, ...], dtype: str, backend: Backend) -> Array:
    return backend.xp.zeros(shape, dtype=dtype)


def without_padding(x: Array, inside: Array, *, xp: Any) -> Array:
    """x with zeros past each length, by selection: padding may hold anything, NaN included."""
    return xp.where(inside, x, xp.zeros_like(x))


def reverse_by_length(x: Array, lengths: Array, *, xp: Any, out: Array | None = None) -> Array:
    """(T, B, ...) with each sequence's first `length` steps backwards; padding stays in place.

    Its own inverse, and its own transpose: gradients go back through the same call. Into `out`
    where it is given: a permutation can be scattered, which makes no copy to copy from.
    """
    steps = xp.arange(x.shape[0], dtype=lengths.dtype)[:, None]
    other = xp.where(steps < lengths[None, :], lengths[None, :] - 1 - steps, steps)  # (T, B)
    target = xp.empty(x.shape, dtype=x.dtype) if out is None else out
    target[other, xp.arange(x.shape[1])[None, :]] = x
    return target
