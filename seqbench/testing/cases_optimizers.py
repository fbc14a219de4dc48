"""Random inputs of the optimizers: an update under way, its state not zero."""

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

from .cases import builder

COUNTS = {"tiny": 8, "odd": 129, "one": 1, "empty": 0}


def _draw(rng: np.random.Generator, size: str) -> tuple[np.ndarray, ...]:
    """A weight, a state of any sign, one that is positive, and a gradient."""
    weight, signed, positive, gradient = rng.normal(size=(4, COUNTS.get(size, 5)))
    return weight, signed, positive**2, gradient


@builder("optimizer/adam")
def adam_case(rng: np.random.Generator, size: str) -> tuple[Any, Any]:
    """`odd` decays its weights."""
    weight, m, v, gradient = _draw(rng, size)
    decay = 0.1 if size == "odd" else 0.0
    return AdamParams(weight, m, v), AdamInputs(gradient, 3, 0.01, weight_decay=decay)


@builder("optimizer/adagrad")
def adagrad_case(rng: np.random.Generator, size: str) -> tuple[Any, Any]:
    weight, _, squares, gradient = _draw(rng, size)
    return AdaGradParams(weight, squares), AdaGradInputs(gradient, 3, 0.01)


@builder("optimizer/sgd")
def sgd_case(rng: np.random.Generator, size: str) -> tuple[Any, Any]:
    weight, velocity, _, gradient = _draw(rng, size)
    return SGDParams(weight, velocity), SGDInputs(gradient, 3, 0.01, momentum=0.9)
