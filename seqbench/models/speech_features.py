"""Log-mel features of a batch of signals, each mel of each utterance at mean 0 and variance 1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from seqbench.interfaces import Array, Kernels, RangeError
from seqbench.kernels._cell import step_masks
from seqbench.kernels.log_mel import LogMelInputs, LogMelParams
from seqbench.kernels.mel import mel_filter_bank
from seqbench.kernels.stft import num_frames
from seqbench.kernels.windows import make_window

from .plans import PlanCache

SMALLEST_DEVIATION = 1e-3  # of a mel that never changes, so that it stays 0


@dataclass(frozen=True, slots=True)
class FeatureConfig:
    """How a signal is looked at; times in seconds.

    normalise : shift and scale each mel over each utterance, which takes the recording's loudness
        and colour out of it
    """

    window_s: float = 0.025
    hop_s: float = 0.01
    num_mels: int = 40
    window: str = "hann_periodic"
    scale: str = "htk"
    norm: str = "none"
    padding: str = "zero"
    floor: float = 1e-8
    normalise: bool = True


class SpeechFeatures:
    """A signal (N, B) of `sample_rate` to features (T, B, M); constants, nothing is trained."""

    def __init__(
        self, kernels: Kernels, config: FeatureConfig, sample_rate: int, dtype: str
    ) -> None:
        self._config, self._xp, self.dtype = config, kernels.backend.xp, dtype
        self.window = round(config.window_s * sample_rate)
        self.hop = round(config.hop_s * sample_rate)
        if self.hop < 1 or self.window < 1:
            raise RangeError(
                f"features: window {config.window_s} s and hop {config.hop_s} s are "
                f"{self.window} and {self.hop} samples at {sample_rate} Hz, expected at least 1 "
                "each; give seconds"
            )
        self.fft_size = 1 << (self.window - 1).bit_length()
        filters = mel_filter_bank(
            sample_rate=sample_rate,
            fft_size=self.fft_size,
            num_mels=config.num_mels,
            scale=config.scale,
            norm=config.norm,
            dtype=dtype,
        )
        device = kernels.backend.to_device
        window = make_window(config.window, self.window, dtype)
        self._params = LogMelParams(device(window), device(filters))
        self._implementation: Any = kernels.get("feature", "log_mel")
        self._plans = PlanCache(self._implementation, dtype, grad=False)
        self._plans.load(self._params)

    def num_frames(self, samples: int) -> int:
        return num_frames(samples, self.window, self.hop, self._config.padding)

    def __call__(
        self, signal: Array, lengths: Array, *, capacity: int | None = None
    ) -> tuple[Array, Array]:
        """(T, B, M) features and (B,) frames; `capacity`, in samples, sizes the plan."""
        config = self._config
        inputs = LogMelInputs(
            signal, lengths, self.hop, self.fft_size, config.padding, config.floor
        )
        dims = self._implementation.contract.dims(self._params, inputs)
        samples = max(capacity or 0, dims.N)
        plan = self._plans.plan(dims._replace(N=samples, T=self.num_frames(samples)))
        out = plan.forward(inputs)
        if not config.normalise:
            return self._xp.array(out.features), out.lengths
        return self._normalised(out.features, out.lengths), out.lengths

    def _normalised(self, x: Array, lengths: Array) -> Array:
        """Mean and variance over each utterance's own frames; padding stays zero."""
        xp = self._xp
        inside = step_masks(lengths, x.shape[0], xp=xp)
        count = xp.maximum(lengths, 1).astype(x.dtype)[None, :, None]
        centred = xp.where(inside, x - x.sum(axis=0, keepdims=True) / count, 0)
        variance = (centred * centred).sum(axis=0, keepdims=True) / count
        return centred / xp.maximum(xp.sqrt(variance), SMALLEST_DEVIATION)
