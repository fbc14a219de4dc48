"""Pooling over time, convolution and pooling over images."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from seqbench.kernels.conv2d import Conv2dInputs, Conv2dParams
from seqbench.kernels.losses import NoParams
from seqbench.kernels.max_pool2d import MaxPool2dInputs
from seqbench.kernels.time_pooling import PoolInputs

from . import workload
from .cells import full

Built = tuple[Any, Any]


@workload("feature/mean_pool", T=64, B=32, E=256)
@workload("feature/max_pool", T=64, B=32, E=256)
def _(rng: np.random.Generator, T: int, B: int, E: int) -> Built:
    return NoParams(), PoolInputs(rng.standard_normal((T, B, E)), full(T, B))


@workload("feature/conv2d", B=32, C=16, Y=16, X=16, F=32, P=3)
def _(rng: np.random.Generator, B: int, C: int, Y: int, X: int, F: int, P: int) -> Built:
    """Square filters of P x P, the image's size kept where P is odd."""
    weight = rng.standard_normal((F, C, P, P)) / math.sqrt(C * P * P)
    images = rng.standard_normal((B, C, Y, X))
    return Conv2dParams(weight, rng.standard_normal(F)), Conv2dInputs(images, 1, P // 2)


@workload("feature/max_pool2d", B=32, C=16, Y=32, X=32, size=2)
def _(rng: np.random.Generator, B: int, C: int, Y: int, X: int, size: int) -> Built:
    return NoParams(), MaxPool2dInputs(rng.standard_normal((B, C, Y, X)), size, size)
