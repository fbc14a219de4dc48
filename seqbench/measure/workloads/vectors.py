"""One chunk of a training of word vectors: words by Zipf's law, dynamic windows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from seqbench.data.huffman import huffman_tree
from seqbench.kernels._word_vectors import (
    NegativeChunk,
    SoftmaxChunk,
    TreeChunk,
    VectorParams,
    VectorUpdate,
)
from seqbench.kernels.cooccurrence import CooccurrenceInputs, NoTable
from seqbench.kernels.glove import GloveChunk, GloveParams, GloveState, GloveStep

from . import workload

RATE, DAMPING = 0.025, 1.0
NEGATIVES = 5
CHUNK = {"N": 512, "V": 10_000, "D": 100, "R": 5}
SENTENCE = 25
Built = tuple[Any, Any]


def _zipf(V: int) -> np.ndarray:
    return 1.0 / np.arange(1, V + 1)


def _words(rng: np.random.Generator, N: int, V: int) -> np.ndarray:
    shares = _zipf(V)
    return rng.choice(V, N, p=shares / shares.sum()).astype(np.int32)


Tokens = tuple[np.ndarray, np.ndarray, np.ndarray]


def _tokens(rng: np.random.Generator, N: int, V: int, R: int) -> Tokens:
    """ids, left, right: one run of text, each position with a window of 1 to R words a side."""
    place, reach = np.arange(N), rng.integers(1, R + 1, N)
    left, right = np.minimum(reach, place), np.minimum(reach, N - 1 - place)
    return _words(rng, N, V), left.astype(np.int32), right.astype(np.int32)


def _params(rng: np.random.Generator, V: int, D: int, rows: int) -> VectorParams:
    return VectorParams(rng.normal(0, 0.2, (V, D)), rng.normal(0, 0.2, (rows, D)))


def _softmax(rng: np.random.Generator, N: int, V: int, D: int, R: int) -> Built:
    return _params(rng, V, D, V), SoftmaxChunk(*_tokens(rng, N, V, R), R)


def _negative(
    rng: np.random.Generator, N: int, V: int, D: int, R: int, J: int, block: int
) -> Built:
    """J noise words for `block` positions, which weigh as much as five each."""
    noise = _words(rng, -(-N // block) * J, V).reshape(-1, J)
    chunk = NegativeChunk(*_tokens(rng, N, V, R), noise, R, block, NEGATIVES)
    return _params(rng, V, D, V), chunk


def _tree(rng: np.random.Generator, N: int, V: int, D: int, R: int) -> Built:
    tree = huffman_tree(np.maximum(1, (1e6 * _zipf(V)).astype(np.int64)))
    chunk = TreeChunk(*_tokens(rng, N, V, R), tree.nodes, tree.signs, R)
    return _params(rng, V, D, V - 1), chunk


def _updating(build: Callable[..., Built]) -> Callable[..., Built]:
    def built(rng: np.random.Generator, **sizes: int) -> Built:
        params, chunk = build(rng, **sizes)
        return params, VectorUpdate(chunk, RATE, DAMPING)

    return built


for _names, _build, _sizes in (
    (("skipgram_softmax",), _softmax, {**CHUNK, "V": 2000}),
    (("skipgram_hs", "cbow_hs"), _tree, CHUNK),
    (("skipgram_ns", "cbow_ns"), _negative, {**CHUNK, "J": 16, "block": 16}),
):
    for _name in _names:
        workload(f"vectors/{_name}", None, **_sizes)(_build)
        for _update in ("update", "word2vec") if _name.startswith("cbow") else ("update",):
            workload(f"vectors/{_name}_{_update}", None, **_sizes)(_updating(_build))


# -- GloVe ---------------------------------------------------------------------------------------


@workload("vectors/cooccurrence", N=100_000, V=10_000, W=10)
def _(rng: np.random.Generator, N: int, V: int, W: int) -> Built:
    """Sentences of 25 words."""
    starts = np.append(np.arange(0, N, SENTENCE), N).astype(np.int64)
    return NoTable(), CooccurrenceInputs(_words(rng, N, V), starts, V, W)


def _glove_chunk(rng: np.random.Generator, N: int, V: int) -> GloveChunk:
    rows, columns = _words(rng, N, V), _words(rng, N, V)
    return GloveChunk(rows, columns, 1 + 30 * rng.random(N))


def _glove_arrays(rng: np.random.Generator, V: int, D: int) -> list[np.ndarray]:
    return [rng.normal(0, 0.2, shape) for shape in [(V, D)] * 2 + [(V,)] * 2]


@workload("vectors/glove", N=8192, V=10_000, D=100)
def _(rng: np.random.Generator, N: int, V: int, D: int) -> Built:
    return GloveParams(*_glove_arrays(rng, V, D)), _glove_chunk(rng, N, V)


@workload("vectors/glove_update", N=8192, V=10_000, D=100)
def _(rng: np.random.Generator, N: int, V: int, D: int) -> Built:
    arrays = _glove_arrays(rng, V, D)
    state = GloveState(*arrays, *(1 + a * a for a in arrays))
    return state, GloveStep(_glove_chunk(rng, N, V), 0.05)
