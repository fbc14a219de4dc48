"""Embedded sentences to one vector each: by averaging (A23), or by a recurrent network (A24)."""

from __future__ import annotations

from typing import Protocol

from seqbench.interfaces import Array, Kernels
from seqbench.kernels._cell import CellDims

from .bidirectional import BidirectionalLayer
from .classifier_configuration import ClassifierConfig
from .kernel_layer import KernelLayer
from .parameters import Parameters, Shape
from .recurrent import RecurrentLayer


class SentenceEncoder(Protocol):
    """What stands between the embeddings and the classes."""

    feature_size: int

    def __init__(
        self, config: ClassifierConfig, kernels: Kernels, params: Parameters, *, grad: bool
    ) -> None: ...

    @staticmethod
    def shapes(config: ClassifierConfig, kernels: Kernels) -> dict[str, Shape]: ...

    @staticmethod
    def size_of(config: ClassifierConfig) -> int: ...

    def load(self) -> None: ...

    def forward(self, x: Array, lengths: Array, *, capacity: int) -> Array:
        """x (T, B, E) -> features (B, F)."""
        ...

    def backward(self, d_features: Array) -> Array:
        """d_features (B, F) -> d_x (T, B, E); writes the parameter gradients."""
        ...

    def flops(self, T: int, B: int, grad: bool) -> int: ...


class AveragingEncoder:
    """The mean of the embeddings: whatever their order, the same features."""

    def __init__(
        self, config: ClassifierConfig, kernels: Kernels, params: Parameters, *, grad: bool
    ) -> None:
        self.feature_size = config.embedding_size
        self._pool = KernelLayer(kernels, "feature/mean_pool", params, grad=grad)

    @staticmethod
    def shapes(config: ClassifierConfig, kernels: Kernels) -> dict[str, Shape]:
        return {}

    @staticmethod
    def size_of(config: ClassifierConfig) -> int:
        return config.embedding_size

    def load(self) -> None:
        self._pool.load()

    def forward(self, x: Array, lengths: Array, *, capacity: int) -> Array:
        inputs = self._pool.contract.Inputs(x, lengths)
        pooled: Array = self._pool.forward(inputs, T=capacity).pooled
        return pooled

    def backward(self, d_features: Array) -> Array:
        d_x: Array = self._pool.backward(self._pool.contract.Outputs(d_features)).x
        return d_x

    def flops(self, T: int, B: int, grad: bool) -> int:
        contract = self._pool.contract
        return int(contract.flops(contract.Dims(T, B, self.feature_size), grad))


class RecurrentEncoder:
    """Layers of any cell; what leaves is the last final state, or a pool of the last outputs."""

    def __init__(
        self, config: ClassifierConfig, kernels: Kernels, params: Parameters, *, grad: bool
    ) -> None:
        self._config, self._xp = config, kernels.backend.xp
        self.feature_size = self.size_of(config)
        layer = _layer(config)
        self._layers = [
            layer(kernels, config.cell, params, name, grad=grad) for name in _names(config)
        ]
        self._pool = (
            None
            if config.pooling == "final"
            else KernelLayer(kernels, f"feature/{config.pooling}_pool", params, grad=grad)
        )

    @staticmethod
    def shapes(config: ClassifierConfig, kernels: Kernels) -> dict[str, Shape]:
        cell = kernels.get("cell", config.cell).contract
        shapes: dict[str, Shape] = {}
        for name, size in zip(_names(config), _input_sizes(config), strict=True):
            shapes |= _layer(config).shapes(name, cell, size, config.hidden_size)
        return shapes

    @staticmethod
    def size_of(config: ClassifierConfig) -> int:
        return config.hidden_size * (2 if config.bidirectional else 1)

    def load(self) -> None:
        for layer in self._layers:
            layer.load()
        if self._pool is not None:
            self._pool.load()

    def forward(self, x: Array, lengths: Array, *, capacity: int) -> Array:
        zero = self._xp.zeros((x.shape[1], self._config.hidden_size), dtype=x.dtype)
        for layer in self._layers:
            state = (zero,) * len(layer.contract.state)
            x, final = layer.forward(x, lengths, state, capacity=capacity)
        if self._pool is None:
            return final[0]
        inputs = self._pool.contract.Inputs(x, lengths)
        pooled: Array = self._pool.forward(inputs, T=capacity).pooled
        return pooled

    def backward(self, d_features: Array) -> Array:
        if self._pool is None:
            d_x, d_state = None, self._final_gradient(d_features)
        else:
            d_x = self._pool.backward(self._pool.contract.Outputs(d_features)).x
            d_state = None
        for layer in reversed(self._layers):
            d_x, _ = layer.backward(d_x, d_state)
            d_state = None  # only the last layer's final state leaves
        return d_x

    def _final_gradient(self, d_features: Array) -> tuple[Array, ...]:
        others = len(self._layers[-1].contract.state) - 1
        return (d_features,) + (self._xp.zeros_like(d_features),) * others

    def flops(self, T: int, B: int, grad: bool) -> int:
        total = 0
        for layer, size in zip(self._layers, _input_sizes(self._config), strict=True):
            total += layer.flops(CellDims(T, B, size, self._config.hidden_size), grad)
        if self._pool is not None:
            contract = self._pool.contract
            total += contract.flops(contract.Dims(T, B, self.feature_size), grad)
        return total


def _layer(config: ClassifierConfig) -> type[BidirectionalLayer] | type[RecurrentLayer]:
    return BidirectionalLayer if config.bidirectional else RecurrentLayer


def _names(config: ClassifierConfig) -> list[str]:
    return [f"layer{number}" for number in range(config.num_layers)]


def _input_sizes(config: ClassifierConfig) -> list[int]:
    return [config.embedding_size] + [RecurrentEncoder.size_of(config)] * (config.num_layers - 1)
