"""What every recurrent cell shares: its inputs, outputs, sizes, checks and freezing by length."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from seqbench.interfaces import Array, Backend, RangeError, ShapeError


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
    I: int  # noqa: E741
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
    return shapes | {bias: (rows,) for bias in biases}


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


def validate_cell(name: str, gates: int, params: Any, inputs: CellInputs, biases: tuple[str, ...]):
    """The checks every cell makes: shapes of x, states, weights; lengths within the time axis."""
    if inputs.x.ndim != 3:
        raise ShapeError(
            f"{name}: x has shape {tuple(inputs.x.shape)}, expected (T, B, I); "
            "add the missing axis or transpose to time-major"
        )
    steps, batch, input_size = inputs.x.shape
    hidden = params.weight_hh.shape[-1]
    check_shape(name, "weight_hh", params.weight_hh, (gates * hidden, hidden))
    check_shape(name, "weight_ih", params.weight_ih, (gates * hidden, input_size))
    for bias in biases:
        check_shape(name, bias, getattr(params, bias), (gates * hidden,))
    check_shape(name, "h0", inputs.h0, (batch, hidden))
    if inputs.c0 is not None:
        check_shape(name, "c0", inputs.c0, (batch, hidden))
    validate_lengths(name, inputs.lengths, steps, batch)


def validate_lengths(name: str, lengths: Array, steps: int, batch: int, minimum: int = 0) -> None:
    """Raise unless lengths is (B,) integers in [minimum, steps]."""
    check_shape(name, "lengths", lengths, (batch,))
    if batch == 0:
        return
    low, high = int(lengths.min()), int(lengths.max())
    if low < minimum or high > steps:
        bad = low if low < minimum else high
        raise RangeError(
            f"{name}: a length is {bad}, expected {minimum} to T = {steps}; "
            "cut the sequence or pad the batch further"
        )


def zeros(shape: tuple[int, ...], dtype: str, backend: Backend) -> Array:
    return backend.xp.zeros(shape, dtype=dtype)


def without_padding(x: Array, inside: Array, *, xp: Any) -> Array:
    """x with zeros past each length, by selection: padding may hold anything, NaN included."""
    return xp.where(inside, x, xp.zeros_like(x))
