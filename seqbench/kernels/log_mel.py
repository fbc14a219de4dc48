"""A34: the log-mel spectrogram, logarithms of the power in bands that widen as the ear's do.

log(max(power @ filters, floor)) with the power spectrogram of `stft` and a filter bank of `mel`,
which names scale and normalisation. It takes no gradient: filters and signals are data.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

from seqbench.interfaces import Array, Backend, Contract, DtypeError, RangeError, unknown_name

from ._cell import check_shape
from .stft import num_frames, validate_signal, windowed_frames

LOG_BASES = {"e": 1.0, "2": 1 / math.log(2), "10": 1 / math.log(10), "decibel": 10 / math.log(10)}
"""What a natural logarithm is multiplied by; `decibel` is 10 log10."""


@dataclass(frozen=True, slots=True)
class LogMelParams:
    """window : (W,), see `windows.make_window`; filters : (F, M), see `mel.mel_filter_bank`."""

    window: Array
    filters: Array


@dataclass(frozen=True, slots=True)
class LogMelInputs:
    """signal, lengths, hop_length, fft_size, padding : as for `stft`.

    floor : the least power whose logarithm is taken; log_base : one of LOG_BASES
    """

    signal: Array
    lengths: Array
    hop_length: int
    fft_size: int
    padding: str = "reflect"
    floor: float = 1e-10
    log_base: str = "e"


@dataclass(frozen=True, slots=True)
class LogMelOutputs:
    """features : (T, B, M), zero past each sequence's frames; lengths : (B,) int32, frames."""

    features: Array
    lengths: Array


class LogMelDims(NamedTuple):
    """Frames, batch, samples, window, FFT size, mels."""

    T: int
    B: int
    N: int
    W: int
    P: int
    M: int


def log_mel_dims(params: LogMelParams, inputs: LogMelInputs) -> LogMelDims:
    samples, batch = inputs.signal.shape
    window, mels = params.window.shape[0], params.filters.shape[1]
    frames = num_frames(samples, window, inputs.hop_length, inputs.padding)
    return LogMelDims(frames, batch, samples, window, inputs.fft_size, mels)


def log_mel_shapes(dims: LogMelDims) -> dict[str, tuple[int, ...]]:
    return {"window": (dims.W,), "filters": (dims.P // 2 + 1, dims.M)}


def log_mel_cache(dims: LogMelDims, dtype: str, *, backend: Backend) -> None:
    """There is no backward pass."""


def log_mel_forward(
    params: LogMelParams, inputs: LogMelInputs, cache: None, *, backend: Backend
) -> LogMelOutputs:
    xp = backend.xp
    frames, lengths = windowed_frames(params.window, inputs, xp=xp)  # type: ignore[arg-type]
    spectrum = xp.fft.rfft(frames, n=inputs.fft_size, axis=-1)
    mels = (spectrum.real**2 + spectrum.imag**2) @ params.filters  # (T, B, F) x (F, M)
    features = xp.log(xp.maximum(mels, inputs.floor)) * LOG_BASES[inputs.log_base]
    steps = xp.arange(features.shape[0])[:, None, None]
    return LogMelOutputs(xp.where(steps < lengths[None, :, None], features, 0), lengths)


def log_mel_validate(params: LogMelParams, inputs: LogMelInputs) -> None:
    name = "log_mel"
    validate_signal(name, params.window, inputs)
    bins, mels = inputs.fft_size // 2 + 1, params.filters.shape[-1]
    check_shape(name, "filters", params.filters, (bins, mels))
    if str(params.filters.dtype) != str(inputs.signal.dtype):
        raise DtypeError(
            f"{name}: filters are {params.filters.dtype}, expected {inputs.signal.dtype} as the "
            "signal; cast one of them"
        )
    empty = (params.filters == 0).all(axis=0)
    if mels == 0 or bool(empty.any()):
        raise RangeError(
            f"{name}: {int(empty.sum())} of {mels} filters are empty, expected every one to hold a "
            "bin; lower num_mels or raise fft_size"
        )
    if not inputs.floor > 0:
        raise RangeError(
            f"{name}: floor is {inputs.floor}, expected above 0: silence has no logarithm; 1e-10 "
            "is usual"
        )
    if inputs.log_base not in LOG_BASES:
        raise unknown_name("log base", inputs.log_base, LOG_BASES)


def log_mel_flops(dims: LogMelDims, grad: bool) -> int:
    """As `stft`, then the product with the filters and three operations a mel."""
    bins = dims.P // 2 + 1
    transform = int(2.5 * dims.P * math.log2(max(2, dims.P)))
    mels = 2 * bins * dims.M + 3 * dims.M
    return dims.T * dims.B * (dims.W + transform + 3 * bins + mels)


def log_mel_bytes(dims: LogMelDims, grad: bool, itemsize: int) -> int:
    """Samples, window and filters once, features once, both lengths."""
    params = dims.W + (dims.P // 2 + 1) * dims.M
    return itemsize * (dims.N * dims.B + params + dims.T * dims.B * dims.M) + 8 * dims.B


def log_mel_transcendentals(dims: LogMelDims, grad: bool) -> int:
    """A logarithm a mel."""
    return dims.T * dims.B * dims.M


LOG_MEL = Contract(
    id="A34",
    kind="feature",
    name="log_mel",
    summary="log-mel spectrogram, scale and normalisation in its filter bank",
    source="Davis & Mermelstein (1980)",
    Params=LogMelParams,
    Inputs=LogMelInputs,
    Outputs=LogMelOutputs,
    Dims=LogMelDims,
    dims=log_mel_dims,
    validate=log_mel_validate,
    shapes=log_mel_shapes,
    flops=log_mel_flops,
    bytes=log_mel_bytes,
    transcendentals=log_mel_transcendentals,
    cache=log_mel_cache,
    forward=log_mel_forward,
)
