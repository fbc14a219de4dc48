"""A34's spectrograms, tuned: SciPy's real FFT on chunks of frames that stay in the cache.

Each sequence is copied once with its ends padded, so frames are a strided view; a chunk of them is
windowed, transformed and squared before the next is looked at. SciPy's transform keeps float32,
with several transforms in one vector register; `numpy.fft` took up to five times as long. It is
called below `scipy.fft.rfft`, which takes no `out` and costs 5 us a chunk; where a SciPy has moved
it, by that.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.fft

try:
    from scipy.fft._pocketfft.pypocketfft import r2c
except ImportError:  # a SciPy that has moved it
    r2c = None

from seqbench.interfaces import Backend, Contract, Gradients, Implementation, Plan, UnsupportedError
from seqbench.kernels.log_mel import LOG_BASES, LogMelInputs, LogMelOutputs
from seqbench.kernels.stft import StftInputs, StftOutputs, frame_lengths, num_frames

CHUNK = 128
"""Frames at once: 128 of 512 float32 samples, their windows and their spectrum are 0.8 MB, within a
second-level cache of 1 MB; 64 took longer for log-mels."""

BAND = 16
"""Filters multiplied at once: a third of the products of the whole bank at 80 mels."""


class _Spectrogram(Implementation):
    """Serves every size in float32 and float64."""

    tier = "own"
    plan_type: type[Plan]

    def __init__(self, contract: Contract, backend: Backend) -> None:
        self.contract, self.backend = contract, backend
        self.impl_id = f"numpy.{contract.name}"
        self.dtypes = contract.dtypes

    def _plan(self, dims: Any, dtype: str, *, grad: bool) -> Plan:
        return self.plan_type(dims, np.dtype(dtype))  # type: ignore[call-arg]


class _FramesPlan(Plan):
    """A padded sequence, a chunk of frames and its powers; N and T are capacities."""

    def __init__(self, dims: Any, dtype: np.dtype, width: int) -> None:
        self._padded = np.empty(dims.N + 2 * dims.W, dtype)
        self._frames = np.zeros((CHUNK, dims.P), dtype)
        self._windows = np.zeros((CHUNK, dims.P), dtype)
        self._spectrum = np.empty((CHUNK, dims.P // 2 + 1), np.result_type(dtype, np.complex64))
        self._power = np.empty((CHUNK, dims.P // 2 + 1), dtype)
        self._out = np.empty((dims.T, dims.B, width), dtype)
        held = (self._padded, self._frames, self._windows, self._spectrum, self._power, self._out)
        self.nbytes = sum(a.nbytes for a in held)
        self._params: Any = None

    def load(self, params: Any) -> None:
        """The window under every frame, zeros past it: a product of whole arrays has one loop."""
        self._params = params
        self._windows[:, : len(params.window)] = params.window

    def backward(self, d_outputs: Any) -> Gradients:
        raise UnsupportedError("a spectrogram takes no gradient; train what reads it")

    def _run(self, inputs: Any) -> tuple[np.ndarray, np.ndarray]:
        """(T, B, width) results and (B,) frames of each sequence."""
        size, hop = len(self._params.window), inputs.hop_length
        samples = len(inputs.signal)
        out = self._out[: num_frames(samples, size, hop, inputs.padding)]
        frames = frame_lengths(inputs.lengths, size, hop, inputs.padding, xp=np)
        for column, count in enumerate(frames.tolist()):
            padded = self._pad(inputs.signal[:, column], int(inputs.lengths[column]), size, inputs)
            view = np.lib.stride_tricks.sliding_window_view(padded, size)[::hop]
            for first in range(0, count, CHUNK):
                last = min(first + CHUNK, count)
                self._finish(self._transform(view[first:last]), out[first:last, column], inputs)
            out[count:, column] = 0
        return out, frames

    def _transform(self, frames: np.ndarray) -> np.ndarray:
        """(n, W) samples -> (n, P // 2 + 1) complex."""
        count, size = frames.shape
        chunk = self._frames[:count]
        np.copyto(chunk[:, :size], frames)
        np.multiply(chunk, self._windows[:count], out=chunk)
        if r2c is None:
            return scipy.fft.rfft(chunk, axis=1)
        return r2c(chunk, (1,), True, 0, self._spectrum[:count], 1)

    def _pad(self, signal: np.ndarray, length: int, size: int, inputs: Any) -> np.ndarray:
        """The sequence with half a window before it and more than half after it."""
        before = 0 if inputs.padding == "none" else size // 2
        padded = self._padded[: length + size]
        padded[before : before + length] = signal[:length]
        padded[:before] = 0
        padded[before + length :] = 0
        if inputs.padding == "reflect" and length:
            after = size - before
            padded[:before] = padded[before + 1 : 2 * before + 1][::-1]
            stop = before + length - 1  # the last sample, about which the end is mirrored
            padded[stop + 1 :] = padded[stop - after : stop][::-1]
        return padded

    def _finish(self, spectrum: np.ndarray, out: np.ndarray, inputs: Any) -> None:
        raise NotImplementedError


class StftPlan(_FramesPlan):
    """Powers as they are."""

    def __init__(self, dims: Any, dtype: np.dtype) -> None:
        super().__init__(dims, dtype, dims.P // 2 + 1)

    def forward(self, inputs: StftInputs) -> StftOutputs:
        return StftOutputs(*self._run(inputs))

    def _finish(self, spectrum: np.ndarray, out: np.ndarray, inputs: Any) -> None:
        magnitudes = np.abs(
            spectrum, out=self._power[: len(spectrum)]
        )  # vectorised; re² + im² is not
        np.multiply(magnitudes, magnitudes, out=out)


class LogMelPlan(_FramesPlan):
    """Powers through the filters, their logarithms."""

    def __init__(self, dims: Any, dtype: np.dtype) -> None:
        super().__init__(dims, dtype, dims.M)
        self._mels = np.empty((CHUNK, dims.M), dtype)
        self.nbytes += self._mels.nbytes
        self._bands: list[tuple[slice, slice, np.ndarray]] = []

    def load(self, params: Any) -> None:
        """Filters in bands, each with the bins that it reaches: a triangle is zero elsewhere."""
        super().load(params)
        self._bands = []
        for first in range(0, params.filters.shape[1], BAND):
            some = slice(first, first + BAND)
            reached = np.flatnonzero(params.filters[:, some].any(axis=1))
            bins = slice(int(reached[0]), int(reached[-1]) + 1) if reached.size else slice(0, 0)
            self._bands.append((bins, some, np.ascontiguousarray(params.filters[bins, some])))

    def forward(self, inputs: LogMelInputs) -> LogMelOutputs:
        return LogMelOutputs(*self._run(inputs))

    def _finish(self, spectrum: np.ndarray, out: np.ndarray, inputs: Any) -> None:
        power = np.abs(spectrum, out=self._power[: len(spectrum)])
        np.multiply(power, power, out=power)
        mels = self._mels[: len(power)]
        for bins, some, filters in self._bands:
            np.matmul(power[:, bins], filters, out=mels[:, some])
        np.maximum(mels, inputs.floor, out=mels)
        np.log(mels, out=mels)
        np.multiply(mels, LOG_BASES[inputs.log_base], out=out)


class Stft(_Spectrogram):
    plan_type = StftPlan


class LogMel(_Spectrogram):
    plan_type = LogMelPlan
