"""One update of N weights, its state under way."""

from __future__ import annotations

from typing import Any

import numpy as np

from seqbench.kernels.optimizers import (
    AdaGradInputs,
    AdaGradParams,
    AdamInputs,
    AdamParams,
    SGDInputs,
    SGDParams,
)

from . import workload

RATE = 1e-3
Built = tuple[Any, Any]


def _weight_and_gradient(rng: np.random.Generator, N: int) -> tuple[np.ndarray, np.ndarray]:
    return rng.standard_normal(N), rng.standard_normal(N)


@workload("optimizer/adam", N=1_000_000)
def _(rng: np.random.Generator, N: int) -> Built:
    weight, gradient = _weight_and_gradient(rng, N)
    params = AdamParams(weight, 0.1 * rng.standard_normal(N), rng.random(N))
    return params, AdamInputs(gradient, 10, RATE)


@workload("optimizer/adagrad", N=1_000_000)
def _(rng: np.random.Generator, N: int) -> Built:
    weight, gradient = _weight_and_gradient(rng, N)
    return AdaGradParams(weight, rng.random(N)), AdaGradInputs(gradient, 10, RATE)


@workload("optimizer/sgd", N=1_000_000)
def _(rng: np.random.Generator, N: int) -> Built:
    weight, gradient = _weight_and_gradient(rng, N)
    params = SGDParams(weight, rng.standard_normal(N))
    return params, SGDInputs(gradient, 10, RATE, momentum=0.9)
