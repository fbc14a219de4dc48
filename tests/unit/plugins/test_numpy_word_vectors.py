"""The tuned steps of word vectors where the conformance suite does not reach: plans used again.

Chunks of several lengths, another tree, longer paths than before, and both ways to add rows.
"""

from __future__ import annotations

import numpy as np
import pytest
from seqbench_numpy import _scatter, cbow, skipgram, word_trees
from seqbench_numpy._word_vectors import add_by_unique
from seqbench_numpy.backend import NumpyBackend

from seqbench.data.huffman import huffman_tree
from seqbench.interfaces import UnsupportedError
from seqbench.kernels import cbow as cbow_text
from seqbench.kernels import skipgram as skipgram_text
from seqbench.kernels._word_vectors import NegativeChunk, TreeChunk, VectorParams, VectorUpdate
from seqbench.testing.reference import reference

V, D, R, BLOCK, M = 60, 12, 3, 4, 5
NOISY = {
    "skipgram_ns": (skipgram.skipgram_ns, skipgram_text.SKIPGRAM_NS_UPDATE),
    "cbow_ns": (cbow.cbow_ns, cbow_text.CBOW_NS_UPDATE),
    "cbow_ns_word2vec": (cbow.cbow_ns_word2vec, cbow_text.CBOW_NS_WORD2VEC),
    "skipgram_ns_unique": (skipgram.skipgram_ns_unique, skipgram_text.SKIPGRAM_NS_UPDATE),
}
TREES = {
    "skipgram_hs": (word_trees.skipgram_hs, skipgram_text.SKIPGRAM_HS_UPDATE),
    "cbow_hs": (word_trees.cbow_hs, cbow_text.CBOW_HS_UPDATE),
    "cbow_hs_word2vec": (word_trees.cbow_hs_word2vec, cbow_text.CBOW_HS_WORD2VEC),
}
LENGTHS = (24, 5, 24, 1, 0, 17)


def tokens(rng, count, low=0):
    ids = rng.integers(low, V, count).astype(np.int32)
    place = np.arange(count)
    reach = rng.integers(0, R + 1, count)
    sides = (np.minimum(reach, side) for side in (place, count - 1 - place))
    return ids, *(side.astype(np.int32) for side in sides)


def noisy(rng, count):
    negatives = rng.integers(0, V, (-(-count // BLOCK), M)).astype(np.int32)
    return NegativeChunk(*tokens(rng, count), negatives, R, BLOCK, 5)


def treed(rng, count, tree, low):
    return TreeChunk(*tokens(rng, count, low), tree.nodes, tree.signs, R)


def matrices(rng, rows):
    return VectorParams(rng.normal(size=(V, D)), rng.normal(size=(rows, D)))


def follow(make, contract, params, chunks):
    """The same steps by the tuned plan and by the shared text, a plan each for all of them."""
    mine = VectorParams(params.weight_in.copy(), params.weight_out.copy())
    dims = contract.dims(params, VectorUpdate(chunks[0], 0.0))
    tuned = make(contract, NumpyBackend()).plan(dims, "float64")
    tuned.load(mine)
    exact = reference(contract).plan(dims, "float64")
    exact.load(params)
    for number, chunk in enumerate(chunks):
        update = VectorUpdate(chunk, 0.1, damping=0.5 * (number % 2))
        tuned.forward(update)
        exact.forward(update)
        np.testing.assert_allclose(mine.weight_in, params.weight_in, rtol=0, atol=1e-11)
        np.testing.assert_allclose(mine.weight_out, params.weight_out, rtol=0, atol=1e-11)
    return tuned


@pytest.mark.parametrize("name", NOISY)
def test_one_plan_serves_many_chunks_with_noise(name):
    rng = np.random.default_rng(0)
    follow(*NOISY[name], matrices(rng, V), [noisy(rng, count) for count in LENGTHS])


@pytest.mark.parametrize("name", TREES)
def test_one_plan_serves_many_chunks_and_trees(name):
    """Rare words first, whose paths are long, then frequent ones, then another tree."""
    rng = np.random.default_rng(1)
    steep, flat = huffman_tree(1 << np.arange(V)[::-1] // 3), huffman_tree(np.ones(V, int))
    chunks = [
        treed(rng, count, tree, low)
        for tree, low in ((flat, 0), (steep, 40), (steep, 0), (flat, 0))
        for count in LENGTHS
    ]
    tuned = follow(*TREES[name], matrices(rng, V - 1), chunks)
    assert tuned.nbytes > 0


def test_both_ways_to_add_rows_agree():
    rng = np.random.default_rng(2)
    ids = rng.integers(0, 9, 40).astype(np.int32)
    rows, sums = rng.normal(size=(40, 3)), np.zeros((2, 9, 3))
    _scatter.add_by_columns(sums[0], ids, rows)
    add_by_unique(sums[1], ids, rows)
    np.testing.assert_allclose(sums[0], sums[1], atol=1e-13)


def test_a_scipy_without_the_private_loop_is_told(monkeypatch):
    rng = np.random.default_rng(0)
    params, chunk = matrices(rng, V), noisy(rng, 8)
    contract = skipgram_text.SKIPGRAM_NS_UPDATE
    dims = contract.dims(params, VectorUpdate(chunk, 0.1))
    monkeypatch.setattr(_scatter, "csc_matvecs", None)
    impl = skipgram.skipgram_ns(contract, NumpyBackend())
    with pytest.raises(UnsupportedError, match="no csc_matvecs; choose the implementation that"):
        impl.plan(dims, "float64")
    assert skipgram.skipgram_ns_unique(contract, NumpyBackend()).plan(dims, "float64").nbytes > 0


def test_an_update_has_no_gradient():
    contract = cbow_text.CBOW_NS_UPDATE
    rng = np.random.default_rng(0)
    params, chunk = matrices(rng, V), noisy(rng, 8)
    plan = cbow.cbow_ns(contract, NumpyBackend()).plan(
        contract.dims(params, VectorUpdate(chunk, 0.1)), "float64"
    )
    with pytest.raises(UnsupportedError, match="this is an update, not a layer"):
        plan.backward(None)
