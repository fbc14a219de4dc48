"""A26: the largest value of each window of an image, window by window.

As torch.nn.functional.max_pool2d without padding: windows that do not fit whole are left out, of
equal values the first in reading order takes the gradient, NaN counts as the largest.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from seqbench.interfaces import Array, Backend, Contract, Gradients, ShapeError

from ._cell import validate_dtypes, zeros
from .conv2d import check_window, output_size
from .losses import NoParams


@dataclass(frozen=True, slots=True)
class MaxPool2dInputs:
    """images : (B, C, Y, X); windows of `size` x `size`, `stride` apart."""

    images: Array
    size: int = 2
    stride: int = 2


@dataclass(frozen=True, slots=True)
class MaxPool2dOutputs:
    """pooled : (B, C, M, N). As `d_outputs`, None stands for zero."""

    pooled: Array


class MaxPool2dDims(NamedTuple):
    """Batch, channels, image rows and columns, window, steps."""

    B: int
    C: int
    Y: int
    X: int
    size: int
    stride: int

    @property
    def rows(self) -> int:
        return output_size(self.Y, self.size, self.stride, 0)

    @property
    def columns(self) -> int:
        return output_size(self.X, self.size, self.stride, 0)


@dataclass(frozen=True, slots=True)
class MaxPool2dCache:
    """What forward keeps for backward."""

    places: Array  # (B, C, M, N) int32, where in its window each maximum was


def max_pool2d_dims(params: NoParams, inputs: MaxPool2dInputs) -> MaxPool2dDims:
    B, C, Y, X = inputs.images.shape
    return MaxPool2dDims(B, C, Y, X, inputs.size, inputs.stride)


def max_pool2d_validate(params: NoParams, inputs: MaxPool2dInputs) -> None:
    name = "max_pool2d"
    if inputs.images.ndim != 4:
        raise ShapeError(
            f"{name}: images have shape {tuple(inputs.images.shape)}, expected (B, C, Y, X); "
            "channels come before rows and columns"
        )
    check_window(name, inputs.images.shape[2:], (inputs.size, inputs.size), inputs.stride, 0)
    validate_dtypes(name, inputs.images, ())


def max_pool2d_cache(dims: MaxPool2dDims, dtype: str, *, backend: Backend) -> MaxPool2dCache:
    return MaxPool2dCache(zeros((dims.B, dims.C, dims.rows, dims.columns), "int32", backend))


def pool_slices(dims: MaxPool2dDims) -> Iterator[tuple[int, slice, slice]]:
    """(place, rows, columns): the pixels at one place of every window, in reading order."""
    for place in range(dims.size**2):
        p, q = divmod(place, dims.size)
        rows = slice(p, p + dims.stride * (dims.rows - 1) + 1, dims.stride)
        columns = slice(q, q + dims.stride * (dims.columns - 1) + 1, dims.stride)
        yield place, rows, columns


def max_pool2d_forward(
    params: NoParams, inputs: MaxPool2dInputs, cache: MaxPool2dCache, *, backend: Backend
) -> MaxPool2dOutputs:
    xp, images = backend.xp, inputs.images
    largest = None
    for place, rows, columns in pool_slices(max_pool2d_dims(params, inputs)):
        values = images[:, :, rows, columns]
        if largest is None:
            largest = xp.array(values, order="C")
            cache.places[...] = 0
            continue
        wins = (values > largest) | (values != values)
        largest = xp.where(wins, values, largest)
        cache.places[...] = xp.where(wins, place, cache.places)
    return MaxPool2dOutputs(largest)


def max_pool2d_backward(
    d_out: MaxPool2dOutputs,
    params: NoParams,
    inputs: MaxPool2dInputs,
    cache: MaxPool2dCache,
    *,
    backend: Backend,
) -> Gradients:
    """Each window's gradient goes to the pixel that was largest; windows that overlap add up."""
    xp = backend.xp
    d_images = xp.zeros_like(inputs.images, order="C")
    if d_out.pooled is not None:
        none = xp.zeros((), dtype=d_images.dtype)
        for place, rows, columns in pool_slices(max_pool2d_dims(params, inputs)):
            d_images[:, :, rows, columns] += xp.where(cache.places == place, d_out.pooled, none)
    return Gradients(NoParams(), MaxPool2dInputs(d_images))


def max_pool2d_flops(dims: MaxPool2dDims, grad: bool) -> int:
    """A comparison a value of a window; backward an addition."""
    values = max(1, dims.B) * dims.C * dims.rows * dims.columns * dims.size**2
    return 2 * values if grad else values


def max_pool2d_bytes(dims: MaxPool2dDims, grad: bool, itemsize: int) -> int:
    """Images once, the result; with backward both gradients and the places."""
    results = max(1, dims.B) * dims.C * dims.rows * dims.columns
    forward = itemsize * (max(1, dims.B) * dims.C * dims.Y * dims.X + results)
    return 2 * forward + 2 * 4 * results if grad else forward


MAX_POOL2D = Contract(
    id="A26",
    kind="feature",
    name="max_pool2d",
    summary="the largest value of each window of an image",
    source="Jarrett et al. (2009), section 2.1",
    Params=NoParams,
    Inputs=MaxPool2dInputs,
    Outputs=MaxPool2dOutputs,
    Dims=MaxPool2dDims,
    dims=max_pool2d_dims,
    validate=max_pool2d_validate,
    flops=max_pool2d_flops,
    bytes=max_pool2d_bytes,
    cache=max_pool2d_cache,
    forward=max_pool2d_forward,
    backward=max_pool2d_backward,
)
