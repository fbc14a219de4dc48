"""Random chunks for the trainers of word vectors: two sentences, windows of every width.

`one` is a single word, which has no context; `step` a chunk of one word; `empty` has no token.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from seqbench.kernels._word_vectors import (
    NegativeChunk,
    SoftmaxChunk,
    TreeChunk,
    VectorParams,
    VectorUpdate,
)

from .cases import builder

COUNTS = {"tiny": 6, "odd": 37, "one": 1, "step": 1, "padded": 20, "empty": 0}
WINDOW, VOCAB, SIZE = 3, 7, 5
RATE = 0.3

Built = tuple[Any, Any]


def _tokens(rng: np.random.Generator, size: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """ids, left, right: two sentences, each position with a window of its own, some with none."""
    count = COUNTS[size]
    ids = rng.integers(0, VOCAB, count)
    place = np.arange(count)
    border = np.where(place < count // 3, 0, count // 3)
    end = np.where(place < count // 3, count // 3, count)
    reach = rng.integers(0 if size == "padded" else 1, WINDOW + 1, count)
    left, right = np.minimum(reach, place - border), np.minimum(reach, end - 1 - place)
    return ids.astype(np.int32), left.astype(np.int32), right.astype(np.int32)


def _params(rng: np.random.Generator, rows: int) -> VectorParams:
    return VectorParams(rng.normal(0, 0.7, (VOCAB, SIZE)), rng.normal(0, 0.7, (rows, SIZE)))


def _softmax(rng: np.random.Generator, size: str) -> Built:
    return _params(rng, VOCAB), SoftmaxChunk(*_tokens(rng, size), WINDOW)


def _negative(rng: np.random.Generator, size: str) -> Built:
    """`odd` and `padded` share noise words in blocks of 4; the rest has a word's own."""
    block, columns = (4, 6) if size in ("odd", "padded") else (1, 3)
    ids, left, right = _tokens(rng, size)
    rows = -(-len(ids) // block)
    negatives = rng.integers(0, VOCAB, (rows, columns)).astype(np.int32)
    chunk = NegativeChunk(ids, left, right, negatives, WINDOW, block, 3)
    return _params(rng, VOCAB), chunk


def _tree(rng: np.random.Generator, size: str) -> Built:
    """Paths of 1 to 4 turns, which need not be those of a tree."""
    lengths = rng.integers(1, 5, (VOCAB, 1))
    inside = np.arange(4) < lengths
    nodes = np.where(inside, rng.integers(0, VOCAB - 1, (VOCAB, 4)), 0).astype(np.int32)
    signs = np.where(inside, rng.choice([-1, 1], (VOCAB, 4)), 0).astype(np.int8)
    chunk = TreeChunk(*_tokens(rng, size), nodes, signs, WINDOW)
    return _params(rng, VOCAB - 1), chunk


def _updating(build: Callable[..., Built]) -> Callable[..., Built]:
    def built(rng: np.random.Generator, size: str) -> Built:
        params, chunk = build(rng, size)
        return params, VectorUpdate(chunk, RATE, 0.5 if size in ("odd", "step") else 0.0)

    return built


for _names, _build in (
    (("skipgram_softmax",), _softmax),
    (("skipgram_hs", "cbow_hs"), _tree),
    (("skipgram_ns", "cbow_ns"), _negative),
):
    for _name in _names:
        builder(f"vectors/{_name}")(_build)
        builder(f"vectors/{_name}_update")(_updating(_build))
for _name, _build in (("cbow_ns", _negative), ("cbow_hs", _tree)):
    builder(f"vectors/{_name}_word2vec")(_updating(_build))
