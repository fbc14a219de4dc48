"""Random inputs of GloVe's kernels: sentences of every length, counts on both sides of x_max."""

from __future__ import annotations

from typing import Any

import numpy as np

from seqbench.kernels.cooccurrence import CooccurrenceInputs, NoTable
from seqbench.kernels.glove import GloveChunk, GloveParams, GloveState, GloveStep

from .cases import builder

COUNTS = {"tiny": 6, "odd": 137, "one": 1, "step": 5, "padded": 40, "empty": 0}
VOCAB, SIZE, X_MAX = 11, 5, 10.0

Built = tuple[Any, Any]


@builder("vectors/cooccurrence")
def cooccurrence_case(rng: np.random.Generator, size: str) -> Built:
    """`padded` has empty sentences and counts one side; `step` counts pairs alike."""
    count = COUNTS[size]
    inner = np.sort(rng.integers(0, count + 1, 4 if size in ("odd", "padded") else 0))
    starts = np.concatenate([[0], inner, [count]]).astype(np.int64)
    if size == "padded":
        starts[2] = starts[1]
    ids = rng.integers(0, VOCAB, count).astype(np.int32)
    options = {"symmetric": size != "padded", "weighted": size != "step"}
    return NoTable(), CooccurrenceInputs(ids, starts, VOCAB, 4, **options)


def _chunk(rng: np.random.Generator, size: str) -> GloveChunk:
    count = COUNTS[size]
    rows, columns = rng.integers(0, VOCAB, (2, count)).astype(np.int32)
    counts = X_MAX * 4.0 ** rng.normal(size=count)
    factor = 1.0 if size == "odd" else 0.5
    return GloveChunk(rows, columns, counts, X_MAX, 0.75, factor)


def _arrays(rng: np.random.Generator) -> list[np.ndarray]:
    return [rng.normal(0, 0.7, shape) for shape in [(VOCAB, SIZE)] * 2 + [(VOCAB,)] * 2]


@builder("vectors/glove", constants=("counts",))
def glove_case(rng: np.random.Generator, size: str) -> Built:
    return GloveParams(*_arrays(rng)), _chunk(rng, size)


@builder("vectors/glove_update")
def glove_update_case(rng: np.random.Generator, size: str) -> Built:
    squares = [1 + a * a for a in _arrays(rng)]
    return GloveState(*_arrays(rng), *squares), GloveStep(_chunk(rng, size), 0.05)
