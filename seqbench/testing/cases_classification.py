"""Random inputs of pooling over time, convolution and pooling over images."""

from __future__ import annotations

from typing import Any

import numpy as np

from seqbench.kernels.conv2d import Conv2dInputs, Conv2dParams
from seqbench.kernels.losses import NoParams
from seqbench.kernels.max_pool2d import MaxPool2dInputs
from seqbench.kernels.time_pooling import PoolInputs

from .cases import builder, extents, lengths, pad_time


@builder("feature/mean_pool", padding=pad_time("x"))
@builder("feature/max_pool", padding=pad_time("x"))
def pool_case(rng: np.random.Generator, size: str) -> tuple[Any, Any]:
    T, B = extents(size)
    E = 33 if size == "odd" else 3
    return NoParams(), PoolInputs(rng.normal(size=(T, B, E)), lengths(size))


_CONVOLUTIONS = {
    "tiny": ((2, 3, 6, 6), (4, 3, 3), 1, 1),
    "odd": ((3, 5, 9, 7), (11, 3, 2), 2, 1),
    "one": ((1, 1, 1, 1), (1, 1, 1), 1, 0),
    "step": ((5, 2, 4, 3), (3, 4, 3), 1, 0),
    "padded": ((2, 2, 5, 8), (3, 4, 5), 3, 2),
    "empty": ((0, 3, 6, 6), (4, 3, 3), 1, 1),
}
"""Images, filters with kernel rows and columns, stride, padding: unequal axes; windows overlap,
touch, or leave pixels out."""


@builder("feature/conv2d")
def convolution_case(rng: np.random.Generator, size: str) -> tuple[Any, Any]:
    images, (F, P, Q), stride, padding = _CONVOLUTIONS[size]
    params = Conv2dParams(rng.normal(0, 0.5, (F, images[1], P, Q)), rng.normal(0, 0.5, F))
    return params, Conv2dInputs(rng.normal(size=images), stride, padding)


_POOLS = {
    "tiny": ((2, 3, 6, 6), 2, 2),
    "odd": ((3, 5, 9, 7), 3, 2),
    "one": ((1, 1, 1, 1), 1, 1),
    "step": ((5, 2, 4, 3), 2, 1),
    "padded": ((2, 2, 8, 11), 2, 3),
    "empty": ((0, 3, 6, 6), 2, 2),
}


@builder("feature/max_pool2d")
def image_pool_case(rng: np.random.Generator, size: str) -> tuple[Any, Any]:
    images, window, stride = _POOLS[size]
    return NoParams(), MaxPool2dInputs(rng.normal(size=images), window, stride)
