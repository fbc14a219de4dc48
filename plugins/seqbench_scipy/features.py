"""`scipy.signal.ShortTimeFFT` behind the spectrogram's contract, one sequence at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.signal import ShortTimeFFT

from seqbench.interfaces import Backend, Contract, Gradients, Implementation, Plan, UnsupportedError
from seqbench.kernels.stft import StftInputs, StftOutputs, StftParams, frame_lengths, num_frames


class ScipyStft(Implementation):
    """Serves every size; padding `reflect` is SciPy's `even`."""

    tier = "peer"

    def __init__(self, contract: Contract, backend: Backend) -> None:
        self.contract, self.backend = contract, backend
        self.impl_id = "scipy.stft"
        self.dtypes = contract.dtypes

    def _plan(self, dims: Any, dtype: str, *, grad: bool) -> Plan:
        return ScipyStftPlan()


class ScipyStftPlan(Plan):
    """SciPy allocates what it returns."""

    _params: Any = None

    def load(self, params: StftParams) -> None:
        self._params = params

    def forward(self, inputs: StftInputs) -> StftOutputs:
        window, signal = self._params.window, inputs.signal
        size, hop, padding = len(window), inputs.hop_length, inputs.padding
        frames = frame_lengths(inputs.lengths, size, hop, padding, xp=np)
        steps = num_frames(len(signal), size, hop, padding)
        out = np.zeros((steps, signal.shape[1], inputs.fft_size // 2 + 1), signal.dtype)
        for column, count in enumerate(frames.tolist()):
            if count:
                samples = np.ascontiguousarray(signal[: inputs.lengths[column], column])
                out[:count, column] = self._spectrogram(samples, window, inputs, count)
        return StftOutputs(out, frames)

    def _spectrogram(
        self, samples: np.ndarray, window: np.ndarray, inputs: Any, count: int
    ) -> np.ndarray:
        """(count, F) powers. SciPy centres frame p at p * hop; unpadded, the signal starts late."""
        transform = ShortTimeFFT(window, inputs.hop_length, fs=1.0, mfft=inputs.fft_size)
        if inputs.padding == "none":
            first = -(-(len(window) // 2) // inputs.hop_length)  # the first frame inside
            late = first * inputs.hop_length - len(window) // 2
            samples, start = np.concatenate([np.zeros(late, samples.dtype), samples]), first
            spectrum = transform.stft(samples, start, start + count)
        else:
            ends = {"zero": "zeros", "reflect": "even"}[inputs.padding]
            spectrum = transform.stft(samples, 0, count, padding=ends)
        power: np.ndarray = np.abs(spectrum) ** 2
        return power.T

    def backward(self, d_outputs: Any) -> Gradients:
        raise UnsupportedError("a spectrogram takes no gradient; train what reads it")
