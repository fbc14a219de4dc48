"""A34 on the device: a frame's window, FFT, power and mel bands in one kernel.

An FFT size that is a power of two is transformed in shared memory, a warp a frame, and nothing but
the result is written. Any other goes through the library's FFT; `notes["fft"]` names which ran.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from seqbench.kernels.log_mel import LOG_BASES, LogMelInputs, LogMelOutputs
from seqbench.kernels.stft import PADDINGS, StftInputs, StftOutputs, num_frames

from .implementation import CudaImplementation, CudaPlan
from .launch import Launch, ceil_div, elementwise
from .runtime import DeviceProperties
from .sources import C_TYPES, FLOATS, CudaSource

SOURCE = CudaSource(
    "features.cu",
    {
        "spectrum": tuple((*types, mel) for types in FLOATS for mel in ("true", "false")),
        "filter_bands": FLOATS,
        "frame_counts": ((),),
        "windowed": FLOATS,
        "powers": FLOATS,
        "logarithms": FLOATS,
    },
)
WARPS = 8
"""Frames of a block, where shared memory holds as many."""


def fft_in_warp(points: int, itemsize: int, properties: DeviceProperties) -> bool:
    """Whether a warp can transform `points` in shared memory."""
    power_of_two = points >= 4 and points & (points - 1) == 0
    return power_of_two and 2 * points * itemsize <= properties.shared_bytes


def frames_launch(
    rows: int, points: int, itemsize: int, properties: DeviceProperties
) -> tuple[Launch, int]:
    """(launch, shared bytes): a warp a frame, each with two buffers of points / 2 complex."""
    each = 2 * points * itemsize
    warps = max(1, min(WARPS, properties.shared_bytes // each))
    return Launch((ceil_div(rows, warps),), (warps * properties.warp_size,)), warps * each


def twiddle_table(points: int, dtype: str) -> np.ndarray:
    """(P, 2): cosine and sine of -2 pi k / P, rounded once."""
    angles = -2 * np.pi * np.arange(points) / points
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(dtype)


class SpectrumPlan(CudaPlan):
    """Frames of a batch of signals to rows of `row` numbers; T and N are capacities."""

    row = 0

    def _allocate(self) -> None:
        T, B, _, W, P = self.dims[:5]
        self._in_warp = fft_in_warp(P, np.dtype(self.dtype).itemsize, self.runtime.properties)
        self._out = self.empty((T * B * self.row,))
        self._frames = self.empty((B,), "int32")
        if self._in_warp:
            self._twiddles = self.runtime.to_device(twiddle_table(P, self.dtype))
            self.nbytes += int(self._twiddles.nbytes)
        else:
            self._framed = self.empty((T * B * W,))
            self._power = self.empty((T * B * (P // 2 + 1),))

    @property
    def notes(self) -> dict[str, Any]:
        """`fft`: which transform ran, a warp's own or the library's."""
        return {"fft": "warp" if self._in_warp else "library"}

    def _kernel(self, name: str, *more: str) -> Any:
        return self.runtime.kernel(SOURCE, name, C_TYPES[self.dtype], *more)

    def _rows(self, inputs: Any) -> tuple[int, int]:
        """(frames, batch) of this call; leaves each sequence's frames behind."""
        (samples, B), W = inputs.signal.shape, len(self._params.window)
        sizes = (B, W, inputs.hop_length, PADDINGS.index(inputs.padding))
        grid, block = elementwise(B, self.runtime.properties)
        counts = self.runtime.kernel(SOURCE, "frame_counts")
        counts(grid, block, inputs.lengths, self._frames, *sizes)
        return num_frames(samples, W, inputs.hop_length, inputs.padding), B

    def _spectrum(self, inputs: Any, out: Any, filters: Any = None, bands: Any = None) -> None:
        """One kernel from samples to powers or, with filters, to log-mel features."""
        rows, P, W = out.shape[0] * out.shape[1], inputs.fft_size, len(self._params.window)
        itemsize = out.dtype.itemsize
        launch, shared = frames_launch(rows, P, itemsize, self.runtime.properties)
        mel = filters is not None
        scaling = (inputs.floor, LOG_BASES[inputs.log_base]) if mel else (1.0, 1.0)
        padding = PADDINGS.index(inputs.padding)
        self._kernel("spectrum", "true" if mel else "false")(
            *launch,
            inputs.signal,
            inputs.lengths,
            self._params.window,
            self._twiddles,
            filters,
            bands,
            out,
            *(rows, out.shape[1], W, P, out.shape[2], inputs.hop_length, padding),
            *scaling,
            shared_bytes=shared,
        )

    def _library_power(self, inputs: Any, frames: int) -> Any:
        """(T, B, F) powers by the library's FFT of windowed frames."""
        B, W, P = inputs.signal.shape[1], len(self._params.window), inputs.fft_size
        framed = self._framed[: frames * B * W].reshape(frames, B, W)
        properties = self.runtime.properties
        self._kernel("windowed")(
            *elementwise(framed.size, properties),
            inputs.signal,
            inputs.lengths,
            self._params.window,
            framed,
            *(framed.size, B, W, inputs.hop_length, PADDINGS.index(inputs.padding)),
        )
        bins = P // 2 + 1
        power = self._power[: frames * B * bins].reshape(frames, B, bins)
        if power.size:
            spectrum = self.runtime.xp.fft.rfft(framed, n=P, axis=-1)
            parts = self.runtime.xp.ascontiguousarray(spectrum).view(power.dtype)
            self._kernel("powers")(*elementwise(power.size, properties), parts, power, power.size)
        return power


class StftPlan(SpectrumPlan):
    """Rows are the powers of P // 2 + 1 bins."""

    def _allocate(self) -> None:
        self.row = self.dims.P // 2 + 1
        super()._allocate()

    def forward(self, inputs: StftInputs) -> StftOutputs:
        frames, B = self._rows(inputs)
        if not self._in_warp:
            return StftOutputs(self._library_power(inputs, frames), self._frames)
        power = self._out[: frames * B * self.row].reshape(frames, B, self.row)
        self._spectrum(inputs, power)
        return StftOutputs(power, self._frames)


class LogMelPlan(SpectrumPlan):
    """Rows are M log-mel features; the support of each filter is found when filters are loaded."""

    def _allocate(self) -> None:
        self.row = self.dims.M
        super()._allocate()
        self._bands = self.empty((self.dims.M, 2), "int32")

    def load(self, params: Any) -> None:
        super().load(params)
        bins, mels = params.filters.shape
        grid, block = elementwise(mels, self.runtime.properties)
        self._kernel("filter_bands")(grid, block, params.filters, self._bands, bins, mels)

    def forward(self, inputs: LogMelInputs) -> LogMelOutputs:
        frames, B = self._rows(inputs)
        features = self._out[: frames * B * self.row].reshape(frames, B, self.row)
        if self._in_warp:
            self._spectrum(inputs, features, self._params.filters, self._bands)
        else:
            self._library_features(inputs, frames, features)
        return LogMelOutputs(features, self._frames)

    def _library_features(self, inputs: LogMelInputs, frames: int, features: Any) -> None:
        power, B = self._library_power(inputs, frames), inputs.signal.shape[1]
        bins = power.shape[2]
        if features.size:
            flat = features.reshape(-1, self.row)
            self.runtime.gemm(power.reshape(-1, bins), self._params.filters, flat)
        self._kernel("logarithms")(
            *elementwise(features.size, self.runtime.properties),
            features,
            self._frames,
            *(features.size, B, self.row),
            *(inputs.floor, LOG_BASES[inputs.log_base]),
        )


class Stft(CudaImplementation):
    """Serves every size in float32 and float64."""

    plan_type = StftPlan


class LogMel(CudaImplementation):
    """Serves every size in float32 and float64."""

    plan_type = LogMelPlan
