"""The convolutional side of A26: pictures to a memory of positions and a decoder's first state."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from seqbench.interfaces import Array, Kernels, ShapeError

from .captioner_configuration import CaptionerConfig
from .kernel_layer import KernelLayer
from .linear import linear, linear_backward, linear_flops, linear_shapes
from .parameters import Parameters, Shape
from .recurrent import State

KERNEL, POOL = 3, 2  # pixels, along both axes


@dataclass(slots=True)
class ImageTape:
    """What forward keeps for backward."""

    maps: list[Array]  # (B, F, M, N) a layer, after the rectifier
    flat: Array  # (B, FMN) of the last, scaled
    initial: State  # the decoder's first state, each (B, H)


class ImageEncoder:
    """Layers of a 3 x 3 convolution, a maximum over 2 x 2 and a rectifier.

    The memory has one vector a position of the last maps, with a learnt vector of the position
    added; the first state is an affine map of all of them, through tanh. The hundreds of features
    that it adds up are scaled by the root of their number and its weights drawn so much larger
    (Karras et al. 2018, section 4.1): else a few steps of Adam saturate the tanh for good.
    """

    def __init__(
        self, config: CaptionerConfig, kernels: Kernels, params: Parameters, *, grad: bool
    ) -> None:
        self._config, self._params = config, params
        self._xp = kernels.backend.xp
        self._convolutions = [
            KernelLayer(kernels, "feature/conv2d", params, name, grad=grad)
            for name in _names(config)
        ]
        self._pools = [
            KernelLayer(kernels, "feature/max_pool2d", params, grad=grad) for _ in config.filters
        ]
        self._state_names = kernels.get("cell", config.cell).contract.state
        self._scale = (num_positions(config) * config.memory_size) ** -0.5

    @staticmethod
    def shapes(config: CaptionerConfig, kernels: Kernels) -> dict[str, Shape]:
        """Raises ShapeError where the picture is too small for so many layers."""
        shapes: dict[str, Shape] = {}
        channels = config.image_shape[0]
        for name, filters in zip(_names(config), config.filters, strict=True):
            shapes[f"{name}.weight"] = (filters, channels, KERNEL, KERNEL)
            shapes[f"{name}.bias"] = (filters,)
            channels = filters
        positions = num_positions(config)
        shapes["position_embedding"] = (positions, channels)
        for name in kernels.get("cell", config.cell).contract.state:
            shapes |= linear_shapes(f"bridge_{name}", positions * channels, config.hidden_size)
        return shapes

    def initialise(self) -> None:
        """Convolutions uniform within sqrt(6 / fan-in), for the rectifier (He et al. 2015).

        They come uniform within 1 / sqrt(C), bridges within 1 / sqrt(FMN).
        """
        for name in _names(self._config):
            self._params[f"{name}.weight"][...] *= math.sqrt(6.0) / KERNEL
        for name in self._state_names:
            self._params[f"bridge_{name}.weight"][...] /= self._scale

    def load(self) -> None:
        for layer in (*self._convolutions, *self._pools):
            layer.load()

    def forward(self, images: Array) -> tuple[Array, State, ImageTape]:
        """images (B, C, Y, X) -> memory (P, B, F), the decoder's first state, tape."""
        xp, x = self._xp, images
        maps: list[Array] = []
        for convolution, pool in zip(self._convolutions, self._pools, strict=True):
            wide = convolution.forward(convolution.contract.Inputs(x, 1, KERNEL // 2)).maps
            x = xp.maximum(pool.forward(pool.contract.Inputs(wide, POOL, POOL)).pooled, 0)
            maps.append(x)
        B, F, M, N = x.shape
        flat = x.reshape(B, F * M * N) * self._scale
        memory = x.reshape(B, F, M * N).transpose(2, 0, 1)  # (B, F, P) -> (P, B, F)
        memory = xp.ascontiguousarray(memory) + self._params["position_embedding"][:, None]
        initial = tuple(
            xp.tanh(linear(self._params, f"bridge_{name}", flat)) for name in self._state_names
        )
        return memory, initial, ImageTape(maps, flat, initial)

    def backward(self, tape: ImageTape, d_memory: Array | None, d_initial: State) -> None:
        """Gradients of everything below the memory and the decoder's first state."""
        d_flat = self._xp.zeros_like(tape.flat)
        for index, name in enumerate(self._state_names):
            d_bridge = d_initial[index] * (1 - tape.initial[index] ** 2)  # tanh(linear(flat))
            d_flat += linear_backward(self._params, f"bridge_{name}", tape.flat, d_bridge)
        d_x = d_flat.reshape(tape.maps[-1].shape) * self._scale
        if d_memory is None:
            self._params.d("position_embedding")[...] = 0
        else:
            self._params.d("position_embedding")[...] = d_memory.sum(axis=1)
            d_x = d_x + d_memory.transpose(1, 2, 0).reshape(d_x.shape)  # (P, B, F) -> (B, F, P)
        self._maps_backward(tape, d_x)

    def _maps_backward(self, tape: ImageTape, d_x: Array) -> None:
        layers = zip(self._convolutions, self._pools, tape.maps, strict=True)
        for convolution, pool, rectified in reversed(list(layers)):
            d_pooled = self._xp.where(rectified > 0, d_x, 0)  # maximum(pooled, 0)
            d_wide = pool.backward(pool.contract.Outputs(d_pooled)).images
            d_x = convolution.backward(convolution.contract.Outputs(d_wide)).images

    def flops(self, B: int, grad: bool) -> int:
        """Operations of forward, or of forward and backward, over B pictures."""
        total, (C, Y, X) = 0, self._config.image_shape
        for layer, pool, filters in zip(
            self._convolutions, self._pools, self._config.filters, strict=True
        ):
            dims: Any = layer.contract.Dims(B, C, Y, X, filters, KERNEL, KERNEL, 1, KERNEL // 2)
            total += layer.contract.flops(dims, grad)
            total += pool.contract.flops(pool.contract.Dims(B, filters, Y, X, POOL, POOL), grad)
            C, Y, X = filters, Y // POOL, X // POOL
        bridge = linear_flops(B, C * Y * X, self._config.hidden_size, grad)
        return total + len(self._state_names) * bridge


def num_positions(config: CaptionerConfig) -> int:
    """Positions of the last maps."""
    _, rows, columns = config.image_shape
    shrunk = POOL ** len(config.filters)
    if rows // shrunk < 1 or columns // shrunk < 1:
        raise ShapeError(
            f"captioner: pictures of {rows} x {columns} are too small for {len(config.filters)} "
            f"layers, expected at least {shrunk} x {shrunk}; give fewer model.options.filters"
        )
    return (rows // shrunk) * (columns // shrunk)


def _names(config: CaptionerConfig) -> list[str]:
    return [f"convolution{number}" for number in range(len(config.filters))]
