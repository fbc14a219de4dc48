"""A01: token ids as one-hot vectors, (T, B) to (T, B, V)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from seqbench.interfaces import Array, Backend, Contract, RangeError, ShapeError

from ._cell import step_masks, validate_lengths, zeros
from ._ids import check_ids
from .losses import NoParams


@dataclass(frozen=True, slots=True)
class OneHotInputs:
    """ids : (T, B) int32 in [0, V), anything past the lengths; lengths : (B,) int32 in [0, T].

    vocab_size : V
    """

    ids: Array
    lengths: Array
    vocab_size: int


@dataclass(frozen=True, slots=True)
class OneHotOutputs:
    """one_hot : (T, B, V), a single 1 a token, zero past each length."""

    one_hot: Array


class OneHotDims(NamedTuple):
    """Time, batch, vocabulary."""

    T: int
    B: int
    V: int


@dataclass(frozen=True, slots=True)
class OneHotBuffer:
    """What forward fills and returns."""

    one_hot: Array  # (T, B, V)


def one_hot_dims(params: NoParams, inputs: OneHotInputs) -> OneHotDims:
    steps, batch = inputs.ids.shape
    return OneHotDims(steps, batch, inputs.vocab_size)


def one_hot_buffer(dims: OneHotDims, dtype: str, *, backend: Backend) -> OneHotBuffer:
    return OneHotBuffer(zeros(tuple(dims), dtype, backend))


def one_hot_forward(
    params: NoParams, inputs: OneHotInputs, cache: OneHotBuffer, *, backend: Backend
) -> OneHotOutputs:
    """Zeros, then a 1 at one place of each row: rows are distinct, so no place is met twice."""
    xp = backend.xp
    steps, batch = inputs.ids.shape
    inside = step_masks(inputs.lengths, steps, xp=xp)[..., 0]  # (T, B)
    found = cache.one_hot[:steps]
    found[...] = 0
    rows = found.reshape(steps * batch, inputs.vocab_size)
    ids = xp.where(inside, inputs.ids, 0).reshape(-1)
    rows[xp.arange(steps * batch), ids] = inside.reshape(-1).astype(found.dtype)
    return OneHotOutputs(found)


def one_hot_validate(params: NoParams, inputs: OneHotInputs) -> None:
    if inputs.ids.ndim != 2:
        raise ShapeError(
            f"one_hot: ids have shape {tuple(inputs.ids.shape)}, expected (T, B); add the missing "
            "axis"
        )
    if inputs.vocab_size < 1:
        raise RangeError(
            f"one_hot: vocab_size is {inputs.vocab_size}, expected at least 1; give the size of "
            "the vocabulary"
        )
    validate_lengths("one_hot", inputs.lengths, *inputs.ids.shape)
    check_ids("one_hot", "ids", inputs.ids, inputs.vocab_size, inputs.lengths)


def one_hot_flops(dims: OneHotDims, grad: bool) -> int:
    """An address a token."""
    return dims.T * dims.B


def one_hot_bytes(dims: OneHotDims, grad: bool, itemsize: int) -> int:
    """Ids and lengths read, the vectors written."""
    tokens = dims.T * dims.B
    return 4 * tokens + 4 * dims.B + itemsize * tokens * dims.V


ONE_HOT = Contract(
    id="A01",
    kind="feature",
    name="one_hot",
    summary="token ids as one-hot vectors",
    source="Bengio et al. (2003), section 2",
    Params=NoParams,
    Inputs=OneHotInputs,
    Outputs=OneHotOutputs,
    Dims=OneHotDims,
    dims=one_hot_dims,
    validate=one_hot_validate,
    flops=one_hot_flops,
    bytes=one_hot_bytes,
    cache=one_hot_buffer,
    forward=one_hot_forward,
)
