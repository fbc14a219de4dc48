"""Random inputs of sampling and one-hot vectors."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from seqbench.kernels.losses import NoParams
from seqbench.kernels.one_hot import OneHotInputs
from seqbench.kernels.sample import SampleInputs

from .cases import builder, extents, lengths

SETTINGS: dict[str, dict[str, Any]] = {
    "odd": {"temperature": 0.7, "top_k": 5},
    "step": {"temperature": 0.0},
    "padded": {"temperature": 2.0, "seed": 1 << 40, "stream": 3, "offset": 17},
}


@builder("decoder/sample")
def sample_case(rng: np.random.Generator, size: str) -> tuple[Any, Any]:
    """`odd` has equal logits at its top-k's edge; `padded` tokens that cannot be drawn."""
    B = extents(size)[1]
    V = {"odd": 131, "one": 1, "padded": 300}.get(size, 5)
    logits = 3.0 * rng.normal(size=(B, V))
    if size == "odd":
        logits = np.round(2 * logits) / 2
    if size == "padded":
        logits[:, rng.random(V) < 0.5] = -np.inf
        logits[:, 7] = 0.0
    return NoParams(), SampleInputs(logits, **SETTINGS.get(size, {}))


def fill_ids(inputs: OneHotInputs, fill: float) -> OneHotInputs:
    """Ids that no vocabulary has past the lengths; another for each `fill`."""
    outside = np.arange(len(inputs.ids))[:, None] >= inputs.lengths[None, :]
    strange = np.int32(-7) if np.isnan(fill) else np.int32(inputs.vocab_size + 3)
    return replace(inputs, ids=np.where(outside, strange, inputs.ids))


@builder("feature/one_hot", padding=fill_ids)
def one_hot_case(rng: np.random.Generator, size: str) -> tuple[Any, Any]:
    V = {"odd": 13, "one": 1}.get(size, 5)
    ids = rng.integers(0, V, extents(size)).astype(np.int32)
    return NoParams(), OneHotInputs(ids, lengths(size), V)
