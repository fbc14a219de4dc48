"""Random inputs of the embeddings; ids repeat."""

from __future__ import annotations

from typing import Any

import numpy as np

from seqbench.kernels.embedding import EmbeddingInputs, EmbeddingParams

from .cases import builder, extents


@builder("embedding/gather")
@builder("embedding/one_hot")
def embedding_case(rng: np.random.Generator, size: str) -> tuple[Any, Any]:
    T, B = extents(size)
    V, E = (13, 7) if size == "odd" else (4, 3)
    ids = rng.integers(0, V, (T, B)).astype(np.int32)
    return EmbeddingParams(rng.normal(size=(V, E))), EmbeddingInputs(ids)
