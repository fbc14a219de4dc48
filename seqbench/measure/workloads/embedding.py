"""Look-ups of word vectors, one-hot vectors, sampled words; ids are uniform."""

from __future__ import annotations

from typing import Any

import numpy as np

from seqbench.kernels.embedding import EmbeddingInputs, EmbeddingParams
from seqbench.kernels.losses import NoParams
from seqbench.kernels.one_hot import OneHotInputs
from seqbench.kernels.sample import SampleInputs

from . import workload
from .cells import full

Built = tuple[Any, Any]


def _ids(rng: np.random.Generator, V: int, *shape: int) -> np.ndarray:
    return rng.integers(0, V, shape).astype(np.int32)


@workload("embedding/gather", T=64, B=32, V=10_000, E=256)
@workload("embedding/one_hot", T=64, B=32, V=1000, E=256)
def _(rng: np.random.Generator, T: int, B: int, V: int, E: int) -> Built:
    weight = rng.standard_normal((V, E))
    return EmbeddingParams(weight), EmbeddingInputs(_ids(rng, V, T, B))


@workload("feature/one_hot", T=64, B=32, V=1000)
def _(rng: np.random.Generator, T: int, B: int, V: int) -> Built:
    return NoParams(), OneHotInputs(_ids(rng, V, T, B), full(T, B), V)


@workload("decoder/sample", B=64, V=10_000)
def _(rng: np.random.Generator, B: int, V: int) -> Built:
    return NoParams(), SampleInputs(3.0 * rng.standard_normal((B, V)), seed=1)
