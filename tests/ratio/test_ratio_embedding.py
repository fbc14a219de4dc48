"""2048 rows of a matrix of 10,000 x 256, forward and dense gradient, against torch, float32."""

from __future__ import annotations

import numpy as np
import pytest
from ratio_sides import normal, sides

from seqbench.kernels.embedding import EmbeddingInputs, EmbeddingOutputs, EmbeddingParams

pytestmark = pytest.mark.peer("torch")

T, B, VOCAB, SIZE = 64, 32, 10_000, 256


@pytest.mark.parametrize("name", ["gather", "one_hot"])
def test_embedding(name, compare, torch_on_one_thread):
    rng = np.random.default_rng(0)
    inputs = EmbeddingInputs(rng.integers(0, VOCAB, (T, B)).astype(np.int32))
    d_outputs = EmbeddingOutputs(normal(rng, T, B, SIZE))
    weight = EmbeddingParams(normal(rng, VOCAB, SIZE))
    ours, peer = sides(f"embedding/{name}", weight, inputs, d_outputs)
    compare(f"embedding/{name}", f"ids{T * B} V{VOCAB} E{SIZE}", ours, peer)
