"""Attention forward and backward against eager torch, float32: a source of 50, size 256, B = 32.

The additive score is bound by its 20 million tanh, where the target stands. With one query, and
with the dot and general scores, the time is matrix products: shown, bound by nothing.
"""

from __future__ import annotations

import numpy as np
import pytest
from ratio_sides import normal, sides

from seqbench.kernels.attention import (
    AdditiveParams,
    AttentionInputs,
    AttentionOutputs,
    GeneralParams,
)
from seqbench.kernels.losses import NoParams

pytestmark = pytest.mark.peer("torch")

T, B, SIZE = 50, 32, 256
AT_MOST = {("additive", T): 0.25}


def params_of(name, rng):
    if name == "dot":
        return NoParams()
    square = normal(rng, SIZE, SIZE)
    if name == "general":
        return GeneralParams(square)
    return AdditiveParams(square, normal(rng, SIZE, SIZE), normal(rng, SIZE), normal(rng, SIZE))


@pytest.mark.parametrize(
    ("name", "queries"), [("additive", T), ("additive", 1), ("dot", T), ("general", T)]
)
def test_attention(name, queries, compare, torch_on_one_thread):
    rng = np.random.default_rng(0)
    lengths = np.full(B, T, np.int32)
    inputs = AttentionInputs(normal(rng, queries, B, SIZE), normal(rng, T, B, SIZE), lengths)
    d_outputs = AttentionOutputs(normal(rng, queries, B, SIZE), None)
    ours, peer = sides(f"attention/{name}", params_of(name, rng), inputs, d_outputs)
    compare(
        f"attention/{name}",
        f"Tq{queries} B{B} Tx{T} D{SIZE}",
        ours,
        peer,
        at_most=AT_MOST.get((name, queries)),
    )
