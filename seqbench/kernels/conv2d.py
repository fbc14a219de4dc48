"""A26: convolution over images, a product with the columns of their windows (im2col).

Images are (B, C, Y, X) and weights (F, C, P, Q), as torch.nn.functional.conv2d has them; like every
deep-learning library's "convolution" it is a cross-correlation, the kernel is not turned. `padding`
zeros stand around the image; windows start `stride` apart and lie inside what is padded. NaN in a
window comes through.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from seqbench.interfaces import Array, Backend, Contract, Gradients, RangeError, ShapeError

from ._cell import check_shape, validate_dtypes, zeros


@dataclass(frozen=True, slots=True)
class Conv2dParams:
    """weight : (F, C, P, Q); bias : (F,)."""

    weight: Array
    bias: Array


@dataclass(frozen=True, slots=True)
class Conv2dInputs:
    """images : (B, C, Y, X); stride >= 1 and padding >= 0 along both axes."""

    images: Array
    stride: int = 1
    padding: int = 0


@dataclass(frozen=True, slots=True)
class Conv2dOutputs:
    """maps : (B, F, M, N). As `d_outputs`, None stands for zero."""

    maps: Array


class Conv2dDims(NamedTuple):
    """Batch, channels, image rows and columns, filters, kernel rows and columns, steps, border."""

    B: int
    C: int
    Y: int
    X: int
    F: int
    P: int
    Q: int
    stride: int
    padding: int

    @property
    def rows(self) -> int:
        return output_size(self.Y, self.P, self.stride, self.padding)

    @property
    def columns(self) -> int:
        return output_size(self.X, self.Q, self.stride, self.padding)

    @property
    def window(self) -> int:
        """Numbers in one window."""
        return self.C * self.P * self.Q

    @property
    def places(self) -> int:
        """Windows in one image."""
        return self.rows * self.columns


@dataclass(frozen=True, slots=True)
class Conv2dCache:
    """What forward keeps for backward."""

    windows: Array  # (B, C, P, Q, M, N)


def output_size(size: int, kernel: int, stride: int, padding: int) -> int:
    """Windows along one axis: floor((size + 2 padding - kernel) / stride) + 1.

    >>> output_size(32, 3, 1, 1), output_size(7, 3, 2, 0)
    (32, 3)
    """
    return (size + 2 * padding - kernel) // stride + 1


def conv2d_dims(params: Conv2dParams, inputs: Conv2dInputs) -> Conv2dDims:
    B, C, Y, X = inputs.images.shape
    F, _, P, Q = params.weight.shape
    return Conv2dDims(B, C, Y, X, F, P, Q, inputs.stride, inputs.padding)


def conv2d_shapes(dims: Conv2dDims) -> dict[str, tuple[int, ...]]:
    return {"weight": (dims.F, dims.C, dims.P, dims.Q), "bias": (dims.F,)}


def conv2d_validate(params: Conv2dParams, inputs: Conv2dInputs) -> None:
    name = "conv2d"
    if inputs.images.ndim != 4:
        raise ShapeError(
            f"{name}: images have shape {tuple(inputs.images.shape)}, expected (B, C, Y, X); "
            "channels come before rows and columns"
        )
    if params.weight.ndim != 4:
        raise ShapeError(
            f"{name}: weight has shape {tuple(params.weight.shape)}, expected (F, C, P, Q); "
            "give one kernel a filter and channel"
        )
    F, C, P, Q = params.weight.shape
    if inputs.images.shape[1] != C:
        raise ShapeError(
            f"{name}: images have {inputs.images.shape[1]} channels, expected the weight's C = {C}"
            "; channels come before rows and columns"
        )
    check_shape(name, "bias", params.bias, (F,))
    check_window(name, inputs.images.shape[2:], (P, Q), inputs.stride, inputs.padding)
    validate_dtypes(name, inputs.images, params)


def check_window(
    name: str, image: tuple[int, ...], kernel: tuple[int, int], stride: int, padding: int
) -> None:
    """Raise unless the steps make sense and the kernel fits the padded image."""
    if stride < 1:
        raise RangeError(f"{name}: stride is {stride}, expected at least 1; set stride=1")
    if padding < 0:
        raise RangeError(f"{name}: padding is {padding}, expected at least 0; set padding=0")
    padded = tuple(size + 2 * padding for size in image)
    if min(kernel) < 1 or any(k > size for k, size in zip(kernel, padded, strict=True)):
        raise ShapeError(
            f"{name}: the kernel is {kernel}, expected 1 to the padded image's {padded}; "
            "take a smaller kernel or pad more"
        )


def conv2d_cache(dims: Conv2dDims, dtype: str, *, backend: Backend) -> Conv2dCache:
    shape = (dims.B, dims.C, dims.P, dims.Q, dims.rows, dims.columns)
    return Conv2dCache(zeros(shape, dtype, backend))


def window_slices(dims: Conv2dDims) -> Iterator[tuple[int, int, slice, slice]]:
    """(p, q, rows, columns): the pixels of the padded image that entry (p, q) of a kernel meets."""
    stride = dims.stride
    for p in range(dims.P):
        for q in range(dims.Q):
            rows = slice(p, p + stride * (dims.rows - 1) + 1, stride)
            columns = slice(q, q + stride * (dims.columns - 1) + 1, stride)
            yield p, q, rows, columns


def conv2d_forward(
    params: Conv2dParams, inputs: Conv2dInputs, cache: Conv2dCache, *, backend: Backend
) -> Conv2dOutputs:
    dims = conv2d_dims(params, inputs)
    padded = pad_images(inputs.images, dims.padding, xp=backend.xp)
    windows = cache.windows
    for p, q, rows, columns in window_slices(dims):
        windows[:, :, p, q] = padded[:, :, rows, columns]
    flat = windows.reshape(dims.B, dims.window, dims.places)  # (B, CPQ, MN)
    maps = params.weight.reshape(dims.F, -1) @ flat  # (F, CPQ) x (B, CPQ, MN) -> (B, F, MN)
    maps = maps + params.bias[:, None]
    return Conv2dOutputs(maps.reshape(dims.B, dims.F, dims.rows, dims.columns))


def conv2d_backward(
    d_out: Conv2dOutputs,
    params: Conv2dParams,
    inputs: Conv2dInputs,
    cache: Conv2dCache,
    *,
    backend: Backend,
) -> Gradients:
    xp, dims = backend.xp, conv2d_dims(params, inputs)
    if d_out.maps is None:
        d_params = Conv2dParams(xp.zeros_like(params.weight), xp.zeros_like(params.bias))
        return Gradients(d_params, Conv2dInputs(xp.zeros_like(inputs.images)))
    d_maps = d_out.maps.reshape(dims.B, dims.F, dims.places)  # (B, F, MN)
    flat = cache.windows.reshape(dims.B, dims.window, dims.places)
    d_weight = (d_maps @ flat.transpose(0, 2, 1)).sum(axis=0)  # maps = weight @ flat
    weight = params.weight.reshape(dims.F, -1)
    d_windows = (weight.T @ d_maps).reshape(cache.windows.shape)
    border = 2 * dims.padding
    shape = (dims.B, dims.C, dims.Y + border, dims.X + border)
    d_padded = xp.zeros(shape, dtype=d_maps.dtype)
    for p, q, rows, columns in window_slices(dims):
        d_padded[:, :, rows, columns] += d_windows[:, :, p, q]  # windows[.., p, q] = padded[..]
    d_images = cropped(d_padded, dims, xp=xp)
    d_bias = d_maps.sum(axis=(0, 2))  # maps += bias
    d_params = Conv2dParams(d_weight.reshape(params.weight.shape), d_bias)
    return Gradients(d_params, Conv2dInputs(d_images))


def pad_images(images: Array, padding: int, *, xp: Any) -> Array:
    """(B, C, Y, X) with `padding` zeros on every side."""
    if padding == 0:
        return images
    B, C, Y, X = images.shape
    padded = xp.zeros((B, C, Y + 2 * padding, X + 2 * padding), dtype=images.dtype)
    padded[:, :, padding : padding + Y, padding : padding + X] = images
    return padded


def cropped(padded: Array, dims: Conv2dDims, *, xp: Any) -> Array:
    """The inverse of padding, and its transpose."""
    inner = slice(dims.padding, dims.padding + dims.Y), slice(dims.padding, dims.padding + dims.X)
    return xp.ascontiguousarray(padded[:, :, inner[0], inner[1]])


def conv2d_flops(dims: Conv2dDims, grad: bool) -> int:
    """One GEMM forward, two more backward; an addition an output for the bias, each way."""
    outputs = max(1, dims.B) * dims.F * dims.rows * dims.columns
    gemm = 2 * outputs * dims.C * dims.P * dims.Q
    return (3 * gemm + 2 * outputs) if grad else gemm + outputs


def conv2d_bytes(dims: Conv2dDims, grad: bool, itemsize: int) -> int:
    """Images, weights and maps once; with backward their gradients, and the operands again."""
    images = dims.B * dims.C * dims.Y * dims.X
    maps = dims.B * dims.F * dims.rows * dims.columns
    weights = dims.F * (dims.C * dims.P * dims.Q + 1)
    forward = images + maps + weights
    return itemsize * (2 * forward + images + weights if grad else forward)


CONV2D = Contract(
    id="A26",
    kind="feature",
    name="conv2d",
    summary="convolution over images, with stride, zero padding and bias",
    source="LeCun et al. (1998), section II; im2col: Chellapilla et al. (2006)",
    Params=Conv2dParams,
    Inputs=Conv2dInputs,
    Outputs=Conv2dOutputs,
    Dims=Conv2dDims,
    dims=conv2d_dims,
    validate=conv2d_validate,
    flops=conv2d_flops,
    bytes=conv2d_bytes,
    cache=conv2d_cache,
    forward=conv2d_forward,
    backward=conv2d_backward,
    shapes=conv2d_shapes,
)
