"""Random inputs of pooling over time, convolution and pooling over images."""

from __future__ import annotations

from typing import Any

import numpy as np

from seqbench.kernels.losses import NoParams
from seqbench.kernels.time_pooling import PoolInputs

from .cases import builder, extents, lengths, pad_time


@builder("feature/mean_pool", padding=pad_time("x"))
@builder("feature/max_pool", padding=pad_time("x"))
def pool_case(rng: np.random.Generator, size: str) -> tuple[Any, Any]:
    T, B = extents(size)
    E = 33 if size == "odd" else 3
    return NoParams(), PoolInputs(rng.normal(size=(T, B, E)), lengths(size))
