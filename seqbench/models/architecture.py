"""What the small models of A05 share: a recurrent stack (A14), an output layer, a softmax loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from seqbench.interfaces import Array, Kernels
from seqbench.kernels._cell import CellDims

from .dropout_stream import DropoutStream
from .kernel_layer import KernelLayer
from .linear import linear_backward, linear_flops, linear_shapes
from .parameters import Parameters, Shape
from .recurrent import State
from .stacked_layer import StackedLayer


@dataclass(frozen=True, slots=True)
class ArchitectureConfig:
    """cell : a registered name; input_size : of a step's vector, or of the one vector.

    num_labels : what the softmax chooses from; dropout : between the layers of the stack
    """

    cell: str = "gru"
    input_size: int = 16
    hidden_size: int = 32
    num_labels: int = 8
    num_layers: int = 1
    bidirectional: bool = False
    dropout: float = 0.0
    dtype: str = "float32"

    @property
    def feature_size(self) -> int:
        """Width of the stack's outputs."""
        return self.hidden_size * (2 if self.bidirectional else 1)


@dataclass(frozen=True, slots=True)
class ArchitectureBatch:
    """Host arrays; what is many is time-major, and `lengths` (B,) int32 are its.

    x : (T, B, I), or (B, I) for one-to-many; targets : (T, B) int32, or (B,) for many-to-one
    """

    x: Array
    lengths: Array
    targets: Array


class Architecture:
    """What the forms share: parameters, a stack, an output layer and its softmax loss.

    `loss` then `backward`, which writes `parameters.gradient`.
    """

    def __init__(self, kernels: Kernels, config: ArchitectureConfig, *, grad: bool = True) -> None:
        self.config, self.backend = config, kernels.backend
        cell = kernels.get("cell", config.cell).contract
        shapes = StackedLayer.shapes(
            "rnn",
            cell,
            self._step_size(config),
            config.hidden_size,
            num_layers=config.num_layers,
            bidirectional=config.bidirectional,
        )
        shapes |= linear_shapes("output", config.feature_size, config.num_labels)
        self.parameters = Parameters(shapes | self._shapes(config), config.dtype, kernels.backend)
        self._stack = StackedLayer(
            kernels,
            config.cell,
            self.parameters,
            "rnn",
            grad=grad,
            num_layers=config.num_layers,
            bidirectional=config.bidirectional,
            dropout=config.dropout,
        )
        self._loss = KernelLayer(kernels, "loss/softmax_cross_entropy", self.parameters, grad=grad)
        self._layers: list[Any] = [self._stack, self._loss]
        self._features: Array = None

    @staticmethod
    def _step_size(config: ArchitectureConfig) -> int:
        """Width of what the stack reads a step."""
        return config.input_size

    @staticmethod
    def _shapes(config: ArchitectureConfig) -> dict[str, Shape]:
        """Tensors beside the stack's and the output layer's."""
        return {}

    def initialise(self, seed: int) -> None:
        """Draw the parameters."""
        self.parameters.initialise(seed)
        self._stack.open_forget_gates()
        self.load()

    def load(self) -> None:
        """Let every plan take the parameters' current values; after each update."""
        for layer in self._layers:
            layer.load()

    def _run(self, x: Array, lengths: Array, stream: DropoutStream | None) -> tuple[Array, State]:
        """The stack over (T, B, I) from a state of zeros: its output and final state."""
        state = self._stack.zero_state(x.shape[1], self.config.hidden_size)
        return self._stack.forward(x, lengths, state, capacity=x.shape[0], stream=stream)

    def _cross_entropy(self, logits: Array, batch: ArchitectureBatch, reduction: str) -> Array:
        device = self.backend.to_device
        targets = device(batch.targets).reshape(logits.shape[:2])
        lengths = self._loss_lengths(device(batch.lengths))
        inputs = self._loss.contract.Inputs(logits, targets, lengths, reduction, 0.0)
        return self._loss.forward(inputs).loss

    def _loss_lengths(self, lengths: Array) -> Array:
        """Steps that have a target."""
        return lengths

    def _d_features(self) -> Array:
        """Back through loss and output layer."""
        d_logits = self._loss.backward(self._loss.contract.Outputs(None)).logits
        return linear_backward(self.parameters, "output", self._features, d_logits)

    def flops(self, steps: int, batch: int, *, grad: bool) -> int:
        """Operations over (T, B), padding included; the loss is not counted."""
        config = self.config
        dims = CellDims(steps, batch, self._step_size(config), config.hidden_size)
        rows = self._num_outputs(steps) * batch
        output = linear_flops(rows, config.feature_size, config.num_labels, grad)
        return self._stack.flops(dims, grad) + output

    def _num_outputs(self, steps: int) -> int:
        return steps
