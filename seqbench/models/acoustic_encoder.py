"""What hears: a strided convolution over the spectrogram, recurrent layers, an affine map.

The recogniser (A35, A36) and the trigger word detector (A37) share it and differ in their loss.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from seqbench.interfaces import Array, Kernels
from seqbench.kernels._cell import CellDims
from seqbench.kernels.conv1d import Conv1dDims, Conv1dInputs, Conv1dOutputs

from .dropout_stream import DropoutStream
from .kernel_layer import KernelLayer
from .linear import linear, linear_backward, linear_flops, linear_shapes
from .parameters import Parameters, Shape
from .speech_features import FeatureConfig
from .stacked_layer import StackedLayer


@dataclass(frozen=True, slots=True)
class AcousticConfig:
    """kernel_size, stride : of the convolution, in frames; filters : its outputs, rectified.

    dropout : rate between recurrent layers
    """

    cell: str = "gru"
    hidden_size: int = 128
    num_layers: int = 2
    bidirectional: bool = True
    kernel_size: int = 5
    stride: int = 2
    filters: int = 128
    dropout: float = 0.0
    dtype: str = "float32"
    features: FeatureConfig = field(default_factory=FeatureConfig)

    @property
    def width(self) -> int:
        """Of the recurrent layers' output."""
        return self.hidden_size * (2 if self.bidirectional else 1)


@dataclass(slots=True)
class Tape:
    """What forward keeps for backward."""

    heard: Array  # (T, B, O) after the rectifier
    output: Array  # (T, B, F)


class AcousticEncoder:
    """Features (Tx, B, M) to scores (T, B, V), T = ceil(Tx / stride)."""

    def __init__(
        self, config: AcousticConfig, kernels: Kernels, params: Parameters, *, grad: bool
    ) -> None:
        self.config, self._params, self._xp = config, params, kernels.backend.xp
        self._conv = KernelLayer(kernels, "feature/conv1d", params, "conv", grad=grad)
        self._recurrent = StackedLayer(
            kernels,
            config.cell,
            params,
            "layer",
            grad=grad,
            num_layers=config.num_layers,
            bidirectional=config.bidirectional,
            dropout=config.dropout,
        )
        self._tape: Tape | None = None

    @staticmethod
    def shapes(config: AcousticConfig, kernels: Kernels, num_outputs: int) -> dict[str, Shape]:
        columns = config.kernel_size * config.features.num_mels
        cell = kernels.get("cell", config.cell).contract
        recurrent = StackedLayer.shapes(
            "layer",
            cell,
            config.filters,
            config.hidden_size,
            num_layers=config.num_layers,
            bidirectional=config.bidirectional,
        )
        convolution: dict[str, Shape] = {
            "conv.weight": (config.filters, columns),
            "conv.bias": (config.filters,),
        }
        return convolution | recurrent | linear_shapes("output", config.width, num_outputs)

    def load(self) -> None:
        self._conv.load()
        self._recurrent.load()

    def open_forget_gates(self) -> None:
        self._recurrent.open_forget_gates()

    def num_steps(self, frames: int) -> int:
        return -(-frames // self.config.stride)

    def forward(
        self, features: Array, lengths: Array, *, capacity: int, stream: DropoutStream | None
    ) -> tuple[Array, Array]:
        """Scores (T, B, V) and their lengths (B,); `capacity` >= Tx sizes the plans."""
        config, steps = self.config, self.num_steps(capacity)
        inputs = Conv1dInputs(features, lengths, config.kernel_size, config.stride)
        heard = self._conv.forward(inputs, T=steps, Tx=capacity)
        x = self._xp.maximum(heard.y, 0)
        state = self._recurrent.zero_state(x.shape[1], config.hidden_size)
        output, _ = self._recurrent.forward(x, heard.lengths, state, capacity=steps, stream=stream)
        self._tape = Tape(x, output)
        return linear(self._params, "output", output), heard.lengths

    def backward(self, d_scores: Array) -> None:
        """Gradients of every parameter; features take none."""
        tape: Any = self._tape
        d_output = linear_backward(self._params, "output", tape.output, d_scores)
        d_x, _ = self._recurrent.backward(d_output, None)
        d_y = self._xp.where(tape.heard > 0, d_x, 0)  # x = max(y, 0)
        self._conv.backward(Conv1dOutputs(d_y, None))

    def flops(self, frames: int, batch: int, num_outputs: int, grad: bool) -> int:
        config, steps = self.config, self.num_steps(frames)
        mels = config.features.num_mels
        dims = Conv1dDims(steps, frames, batch, mels, config.filters, config.kernel_size)
        conv = self._conv.contract.flops(dims, grad)
        recurrent = self._recurrent.flops(
            CellDims(steps, batch, config.filters, config.hidden_size), grad
        )
        return conv + recurrent + linear_flops(steps * batch, config.width, num_outputs, grad)
