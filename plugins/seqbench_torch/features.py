"""torch.stft behind the spectrograms' contracts.

Where the window fills an even FFT and all sequences are full, it is the call a user would make:
`torch.stft(center=True)`. Else torch would set the window into the middle of its frame and pad at
the end of the batch, so each sequence is padded here and the window goes in with zeros after it.
"""

from __future__ import annotations

from typing import Any

import torch

from seqbench.interfaces import Backend, Contract, Gradients, Implementation, Plan, UnsupportedError
from seqbench.kernels.log_mel import LOG_BASES, LogMelInputs, LogMelOutputs
from seqbench.kernels.stft import StftInputs, StftOutputs, num_frames

MODES = {"zero": "constant", "reflect": "reflect"}


class TorchSpectrogram(Implementation):
    """Serves what torch's own padding can."""

    tier = "peer"

    def __init__(self, contract: Contract, backend: Backend, plan: type[Plan]) -> None:
        self.contract, self.backend, self._plan_type = contract, backend, plan
        self.impl_id = f"torch.{contract.name}"
        self.dtypes = contract.dtypes

    def _plan(self, dims: Any, dtype: str, *, grad: bool) -> Plan:
        return self._plan_type()


class _TorchPlan(Plan):
    """torch allocates what it returns."""

    _params: Any = None

    def load(self, params: Any) -> None:
        self._params = params

    def backward(self, d_outputs: Any) -> Gradients:
        raise UnsupportedError("a spectrogram takes no gradient; train what reads it")

    def _power(self, inputs: Any) -> tuple[torch.Tensor, torch.Tensor]:
        """(T, B, F) powers and (B,) frames."""
        window, signal = self._params.window, inputs.signal
        samples, batch = signal.shape
        size, hop, padding = len(window), inputs.hop_length, inputs.padding
        counts = [num_frames(int(n), size, hop, padding) for n in inputs.lengths]
        frames = torch.tensor(counts, dtype=torch.int32)
        steps = num_frames(samples, size, hop, padding)
        if batch and steps and bool((inputs.lengths == samples).all()):
            return self._transformed(signal.T, window, inputs), frames
        out = signal.new_zeros(steps, batch, inputs.fft_size // 2 + 1)
        for column, count in enumerate(counts):
            if count:
                one = signal[: int(inputs.lengths[column]), column][None]
                out[:count, column] = self._transformed(one, window, inputs)[:, 0]
        return out, frames

    def _transformed(self, rows: torch.Tensor, window: torch.Tensor, inputs: Any) -> torch.Tensor:
        """(B, n) full sequences -> (T, B, F)."""
        size, fft_size = len(window), inputs.fft_size
        plain = inputs.padding != "none" and size == fft_size and size % 2 == 0
        if not plain:
            if inputs.padding != "none":
                ends = (size // 2, size - size // 2)
                rows = torch.nn.functional.pad(rows, ends, MODES[inputs.padding])
            rows = torch.nn.functional.pad(rows, (0, fft_size - size))
            window = torch.nn.functional.pad(window, (0, fft_size - size))
        spectrum = torch.stft(
            rows,
            fft_size,
            inputs.hop_length,
            window=window,
            center=plain,
            pad_mode=MODES.get(inputs.padding, "constant"),
            return_complex=True,
        )  # (B, F, T)
        return spectrum.abs().square().permute(2, 0, 1).contiguous()


class TorchStftPlan(_TorchPlan):
    def forward(self, inputs: StftInputs) -> StftOutputs:
        return StftOutputs(*self._power(inputs))


class TorchLogMelPlan(_TorchPlan):
    def forward(self, inputs: LogMelInputs) -> LogMelOutputs:
        power, frames = self._power(inputs)
        mels = (power @ self._params.filters).clamp(min=inputs.floor)
        features = mels.log() * LOG_BASES[inputs.log_base]
        steps = torch.arange(len(features))[:, None, None]
        return LogMelOutputs(torch.where(steps < frames[None, :, None], features, 0), frames)


def stft(contract: Contract, backend: Backend) -> TorchSpectrogram:
    return TorchSpectrogram(contract, backend, TorchStftPlan)


def log_mel(contract: Contract, backend: Backend) -> TorchSpectrogram:
    return TorchSpectrogram(contract, backend, TorchLogMelPlan)
