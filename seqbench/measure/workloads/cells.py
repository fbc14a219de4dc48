"""Cells: weights as torch initialises them, so that no unit saturates, and a full batch."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from seqbench.interfaces import Contract

SIZES = {"T": 64, "B": 32, "I": 128, "H": 128}


def build(
    contract: Contract, rng: np.random.Generator, T: int, B: int, I: int, H: int
) -> tuple[Any, Any]:
    assert contract.shapes is not None, contract.key
    params = contract.Params(
        **{
            name: recurrent_weights(rng, shape, H)
            for name, shape in contract.shapes(contract.Dims(T, B, I, H)).items()
        }
    )
    first = {f"{name}0": recurrent_weights(rng, (B, H), H) for name in contract.state}
    x = rng.standard_normal((T, B, I))
    return params, contract.Inputs(x=x, lengths=full(T, B), **first)


def recurrent_weights(rng: np.random.Generator, shape: tuple[int, ...], H: int) -> np.ndarray:
    bound = 1 / math.sqrt(H)
    return rng.uniform(-bound, bound, shape)


def full(steps: int, batch: int) -> np.ndarray:
    """(B,) int32 lengths of sequences without padding."""
    return np.full(batch, steps, np.int32)
