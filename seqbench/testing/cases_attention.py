"""Random inputs of the attentions: T of a size is the memory's, the queries have their own."""

from __future__ import annotations

from typing import Any

import numpy as np

from seqbench.kernels.attention import (
    AdditiveParams,
    AttentionInputs,
    GeneralParams,
)
from seqbench.kernels.losses import NoParams

from .cases import builder, extents, lengths, pad_time

QUERIES = {"one": 1, "step": 1, "odd": 5}


def _inputs(rng: np.random.Generator, size: str, query_size: int, memory_size: int) -> Any:
    Tx, B = extents(size)
    queries = rng.normal(size=(QUERIES.get(size, 2), B, query_size))
    return AttentionInputs(queries, rng.normal(size=(Tx, B, memory_size)), lengths(size))


@builder("attention/additive", padding=pad_time("memory"))
def additive_case(rng: np.random.Generator, size: str) -> tuple[Any, Any]:
    Q, A, D = (7, 9, 17) if size == "odd" else (3, 4, 5)
    draw = rng.normal
    params = AdditiveParams(draw(size=(D, Q)), draw(size=(D, A)), draw(size=D), draw(size=D))
    return params, _inputs(rng, size, Q, A)


@builder("attention/dot", padding=pad_time("memory"))
def dot_case(rng: np.random.Generator, size: str) -> tuple[Any, Any]:
    A = 9 if size == "odd" else 4
    return NoParams(), _inputs(rng, size, A, A)


@builder("attention/general", padding=pad_time("memory"))
def general_case(rng: np.random.Generator, size: str) -> tuple[Any, Any]:
    Q, A = (7, 9) if size == "odd" else (3, 4)
    return GeneralParams(rng.normal(size=(Q, A))), _inputs(rng, size, Q, A)
