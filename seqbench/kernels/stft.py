"""A34: the power spectrogram, squared magnitudes of the short-time Fourier transform.

Time is the first axis of the result and frequency the last; the notes' sentence has them the other
way round. Frame t holds W samples from t * hop on (padding `none`), or around t * hop: a sequence
goes on past its own ends as zeros (`zero`) or mirrored about its end samples (`reflect`). They are
multiplied by the window and followed by zeros up to the FFT size. It takes no gradient: signals and
windows are data.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

from seqbench.interfaces import (
    Array,
    Backend,
    Contract,
    DtypeError,
    RangeError,
    ShapeError,
    unknown_name,
)

from ._cell import validate_lengths
from ._ids import inside_lengths

PADDINGS = ("none", "zero", "reflect")


@dataclass(frozen=True, slots=True)
class StftParams:
    """window : (W,), as `windows.make_window` makes it."""

    window: Array


@dataclass(frozen=True, slots=True)
class StftInputs:
    """A padded batch of signals.

    signal : (N, B) samples; lengths : (B,) int32, samples, each in [0, N]
    hop_length : samples from frame to frame; fft_size : at least W
    padding : `none`: whole windows only, frame 0 starts at sample 0; `zero`, `reflect`: frame t is
        centred at sample t * hop_length
    """

    signal: Array
    lengths: Array
    hop_length: int
    fft_size: int
    padding: str = "reflect"


@dataclass(frozen=True, slots=True)
class StftOutputs:
    """power : (T, B, F), F = fft_size // 2 + 1, zero past each sequence's frames.

    lengths : (B,) int32, frames: 1 + (n - W) // hop, 0 where n < W, with padding `none`, else
    1 + n // hop, 0 where n = 0.
    """

    power: Array
    lengths: Array


class StftDims(NamedTuple):
    """Frames, batch, samples, window, FFT size."""

    T: int
    B: int
    N: int
    W: int
    P: int


def num_frames(samples: int, window: int, hop: int, padding: str) -> int:
    """Frames of one sequence."""
    if padding == "none":
        return 1 + (samples - window) // hop if samples >= window else 0
    return 1 + samples // hop if samples > 0 else 0


def frame_lengths(lengths: Array, window: int, hop: int, padding: str, *, xp: Any) -> Array:
    """(B,) int32: `num_frames` of each length."""
    if padding == "none":
        frames = xp.where(lengths >= window, 1 + (lengths - window) // hop, 0)
    else:
        frames = xp.where(lengths > 0, 1 + lengths // hop, 0)
    return frames.astype(lengths.dtype)


def stft_dims(params: StftParams, inputs: StftInputs) -> StftDims:
    samples, batch = inputs.signal.shape
    window = params.window.shape[0]
    frames = num_frames(samples, window, inputs.hop_length, inputs.padding)
    return StftDims(frames, batch, samples, window, inputs.fft_size)


def stft_shapes(dims: StftDims) -> dict[str, tuple[int, ...]]:
    return {"window": (dims.W,)}


def stft_cache(dims: StftDims, dtype: str, *, backend: Backend) -> None:
    """There is no backward pass."""


def stft_forward(
    params: StftParams, inputs: StftInputs, cache: None, *, backend: Backend
) -> StftOutputs:
    xp = backend.xp
    frames, lengths = windowed_frames(params.window, inputs, xp=xp)
    spectrum = xp.fft.rfft(frames, n=inputs.fft_size, axis=-1)  # (T, B, W) -> (T, B, F)
    return StftOutputs(spectrum.real**2 + spectrum.imag**2, lengths)


def windowed_frames(window: Array, inputs: StftInputs, *, xp: Any) -> tuple[Array, Array]:
    """(T, B, W) frames times the window, zero past each sequence's; (B,) frames of each."""
    samples, batch = inputs.signal.shape
    size, hop = window.shape[0], inputs.hop_length
    frames = frame_lengths(inputs.lengths, size, hop, inputs.padding, xp=xp)
    steps = xp.arange(num_frames(samples, size, hop, inputs.padding))[:, None, None]
    start = 0 if inputs.padding == "none" else size // 2
    place = steps * hop + xp.arange(size)[None, None, :] - start  # (T, 1, W)
    last = inputs.lengths[None, :, None] - 1  # (1, B, 1)
    if inputs.padding == "reflect":
        place = last - xp.abs(last - xp.abs(place))  # mirrored at sample 0, then at the last
    inside = (place >= 0) & (place <= last) & (steps < frames[None, :, None])
    values = inputs.signal[xp.where(inside, place, 0), xp.arange(batch)[None, :, None]]
    return xp.where(inside, values, 0) * window, frames


def stft_validate(params: StftParams, inputs: StftInputs) -> None:
    validate_signal("stft", params.window, inputs)


def validate_signal(name: str, window: Array, inputs: Any) -> None:
    """The checks of every feature of a signal; reads every sample."""
    if inputs.signal.ndim != 2:
        raise ShapeError(
            f"{name}: signal has shape {tuple(inputs.signal.shape)}, expected (N, B); give one "
            "column a sequence"
        )
    if window.ndim != 1 or window.shape[0] < 1:
        raise ShapeError(
            f"{name}: window has shape {tuple(window.shape)}, expected (W,), W at least 1; make it "
            "with make_window"
        )
    samples, batch = inputs.signal.shape
    _validate_framing(name, window.shape[0], inputs)
    _validate_dtype(name, window, inputs.signal)
    validate_lengths(name, inputs.lengths, samples, batch)
    if batch == 0:
        return
    _validate_reach(name, window.shape[0], inputs)
    finite = abs(inputs.signal) < math.inf  # NaN is not
    bad = ~finite & inside_lengths(inputs.signal, inputs.lengths)
    if bool(bad.any()):
        raise RangeError(
            f"{name}: a sample is {float(inputs.signal[bad][0])}, expected finite numbers; mend "
            "the recording or leave it out"
        )


def _validate_framing(name: str, window: int, inputs: Any) -> None:
    if inputs.hop_length < 1:
        raise RangeError(
            f"{name}: hop_length is {inputs.hop_length} samples, expected at least 1; "
            "a quarter of the window is usual"
        )
    if inputs.fft_size < window:
        raise RangeError(
            f"{name}: fft_size is {inputs.fft_size}, expected at least the window's {window} "
            "samples; raise it to the next power of two"
        )
    if inputs.padding not in PADDINGS:
        raise unknown_name("padding", inputs.padding, PADDINGS)


def _validate_dtype(name: str, window: Array, signal: Array) -> None:
    dtype = str(signal.dtype)
    if "float" not in dtype:
        raise DtypeError(
            f"{name}: signal is {dtype}, expected a floating dtype; divide 16-bit samples by 32768"
        )
    if str(window.dtype) != dtype:
        raise DtypeError(
            f"{name}: window is {window.dtype}, expected {dtype} as the signal; cast one of them"
        )


def _validate_reach(name: str, window: int, inputs: Any) -> None:
    """A batch without a whole window, or a sequence too short to be mirrored, is a mistake."""
    longest = int(inputs.lengths.max())
    if inputs.padding == "none" and longest < window:
        raise RangeError(
            f"{name}: the longest signal has {longest} samples, expected at least the window's "
            f"{window}; shorten the window or set padding='zero'"
        )
    least = window - window // 2 + 1
    short = (inputs.lengths > 0) & (inputs.lengths < least)
    if inputs.padding == "reflect" and bool(short.any()):
        raise RangeError(
            f"{name}: a signal has {int(inputs.lengths[short][0])} samples, expected at least "
            f"{least} to mirror half a window of {window}; set padding='zero'"
        )


def stft_flops(dims: StftDims, grad: bool) -> int:
    """A frame: the window, 2.5 P log2 P for a real FFT of P, three operations a bin."""
    transform = int(2.5 * dims.P * math.log2(max(2, dims.P)))
    return dims.T * dims.B * (dims.W + transform + 3 * (dims.P // 2 + 1))


def stft_bytes(dims: StftDims, grad: bool, itemsize: int) -> int:
    """Samples and window once, powers once, both lengths."""
    values = dims.N * dims.B + dims.W + dims.T * dims.B * (dims.P // 2 + 1)
    return itemsize * values + 8 * dims.B


STFT = Contract(
    id="A34",
    kind="feature",
    name="stft",
    summary="power spectrogram by the short-time Fourier transform",
    source="Allen & Rabiner (1977)",
    Params=StftParams,
    Inputs=StftInputs,
    Outputs=StftOutputs,
    Dims=StftDims,
    dims=stft_dims,
    validate=stft_validate,
    shapes=stft_shapes,
    flops=stft_flops,
    bytes=stft_bytes,
    cache=stft_cache,
    forward=stft_forward,
)
