"""Word vectors on the device: sizes on both sides of every branch, and whole trainers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from emulated import backend, implementation, implementations

from seqbench.data.word_corpus import word_corpus
from seqbench.interfaces import SharedText, UnsupportedError
from seqbench.kernels._word_vectors import (
    NegativeChunk,
    SoftmaxChunk,
    TreeChunk,
    VectorDims,
    VectorLoss,
    VectorParams,
    VectorUpdate,
)
from seqbench.kernels.cooccurrence import CooccurrenceInputs, NoTable
from seqbench.kernels.word_vectors import VectorSettings
from seqbench.models.glove import GloveSettings, GloveTrainer
from seqbench.models.word2vec import WordVectorTrainer
from seqbench.testing.comparing import require_equal
from seqbench.testing.fixed_kernels import FixedKernels
from seqbench.testing.reference import HostBackend, reference
from seqbench.testing.trees import tree_map

KINDS = ("skipgram_ns", "skipgram_hs", "cbow_ns", "cbow_hs", "skipgram_softmax")
WINDOW = 4


def chunk_of(kind, rng, count=70, vocab=50, window=WINDOW, noise=40, block=16):
    ids = rng.integers(0, vocab, count).astype(np.int32)
    place, reach = np.arange(count), rng.integers(0, window + 1, count)
    left, right = np.minimum(reach, place), np.minimum(reach, count - 1 - place)
    tokens = ids, left.astype(np.int32), right.astype(np.int32)
    if kind.endswith("softmax"):
        return SoftmaxChunk(*tokens, window)
    if kind.endswith("_ns"):
        negatives = rng.integers(0, vocab, (-(-count // block), noise)).astype(np.int32)
        return NegativeChunk(*tokens, negatives, window, block, 5)
    lengths = rng.integers(1, 8, (vocab, 1))
    inside = np.arange(7) < lengths
    nodes = np.where(inside, rng.integers(0, vocab - 1, (vocab, 7)), 0).astype(np.int32)
    signs = np.where(inside, rng.choice([-1, 1], (vocab, 7)), 0).astype(np.int8)
    return TreeChunk(*tokens, nodes, signs, window)


def params_of(kind, rng, size, vocab=50):
    rows = vocab - 1 if kind.endswith("_hs") else vocab
    return VectorParams(*(rng.normal(0, 0.5, (n, size)) for n in (vocab, rows)))


def require_gradient(kind, params, chunk):
    """Loss and dense gradients as the shared text has them."""
    impl = implementation(f"vectors/{kind}")
    exact = reference(impl.contract)
    dims, d_loss = impl.contract.dims(params, chunk), VectorLoss(np.array(0.7))
    plans = [i.plan(dims, "float64", grad=True) for i in (impl, exact)]
    for plan in plans:
        plan.load(params)
    found, expected = (plan.forward(chunk) for plan in plans)
    require_equal("loss", found, expected, 1e-10)
    found, expected = (plan.backward(d_loss).params for plan in plans)
    require_equal("gradient", found, expected, 1e-10)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [1, 31, 33, 128, 129, 257])
def test_vectors_of_any_size(kind, size):
    """Lanes with nothing, and each number of registers a lane."""
    rng = np.random.default_rng(size)
    require_gradient(kind, params_of(kind, rng, size), chunk_of(kind, rng))


@pytest.mark.parametrize("noise", [0, 1, 32, 33, 70])
@pytest.mark.parametrize("kind", ["skipgram_ns", "cbow_ns"])
def test_noise_words_of_any_number(kind, noise):
    """None, one, a warp of them, more: shares are counted over all of them."""
    rng = np.random.default_rng(noise)
    chunk = chunk_of(kind, rng, vocab=9, noise=noise)
    require_gradient(kind, params_of(kind, rng, 6, vocab=9), chunk)


@pytest.mark.parametrize("vocab", [2, 33, 1000])
def test_softmax_over_one_warp_and_many(vocab):
    """Words that stand several times in one window among them."""
    rng = np.random.default_rng(vocab)
    chunk = chunk_of("skipgram_softmax", rng, count=20, vocab=vocab)
    require_gradient("skipgram_softmax", params_of("skipgram_softmax", rng, 6, vocab), chunk)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("damping", [0.0, 0.4])
def test_one_plan_over_many_chunks(kind, damping):
    """Shorter ones too: nothing is left of the chunk before."""
    impl = implementation(f"vectors/{kind}_update")
    rng = np.random.default_rng(3)
    held = params_of(kind, rng, 20)
    exact = tree_map(np.array, held)
    chunks = [chunk_of(kind, rng, count=n, noise=6) for n in (70, 9, 0, 64)]
    dims = impl.contract.dims(held, VectorUpdate(chunks[0], 0.1))
    for made, params in ((impl, held), (reference(impl.contract), exact)):
        plan = made.plan(dims, "float64")
        plan.load(params)
        for chunk in chunks:
            plan.forward(VectorUpdate(chunk, 0.1, damping))
    require_equal("vectors", held, exact, 1e-10)


def test_vectors_that_a_warp_cannot_hold_are_refused():
    impl = implementation("vectors/skipgram_ns_update")
    with pytest.raises(UnsupportedError, match="vectors of 513 numbers, a warp holds 512"):
        impl.plan(VectorDims(10, 5, 513, 2, 3, 1), "float32")


# -- counts --------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [{}, {"symmetric": False}, {"weighted": False}])
@pytest.mark.parametrize("vocab", [1, 5, 300])
def test_counts_of_frequent_and_of_rare_pairs(vocab, options):
    """Runs longer than a warp, runs of one; sentences of no, one and many words."""
    rng = np.random.default_rng(vocab)
    ids = rng.integers(0, vocab, 500).astype(np.int32)
    starts = np.array([0, 0, 1, 40, 40, 499, 500])
    inputs = CooccurrenceInputs(ids, starts, vocab, 7, **options)
    impl = implementation("vectors/cooccurrence")
    expected = reference(impl.contract)(NoTable(), inputs)
    require_equal("counts", impl(NoTable(), inputs), expected, 1e-12)


def test_words_too_many_for_32_bits_of_a_key():
    ids = np.array([69_999, 0, 69_998, 69_999], np.int32)
    inputs = CooccurrenceInputs(ids, np.array([0, 4]), 70_000, 2)
    impl = implementation("vectors/cooccurrence")
    expected = reference(impl.contract)(NoTable(), inputs)
    require_equal("counts", impl(NoTable(), inputs), expected, 1e-12)


# -- trainers ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def corpus():
    rng = np.random.default_rng(0)
    words = [[f"w{n}" for n in rng.zipf(1.4, 15).clip(max=30)] for _ in range(40)]
    return word_corpus(words, min_count=1)


SETTINGS = VectorSettings(
    size=12, epochs=2, window=3, chunk=64, block=8, shared_negatives=6, dtype="float64"
)


def both(*keys):
    """Kernels of the device, and the shared text on NumPy."""
    own = [next(i for i in implementations() if i.contract.key == key) for key in keys]
    host = HostBackend()
    shared = [SharedText(i.contract, host) for i in own]
    return FixedKernels(backend(), *own), FixedKernels(host, *shared)


MODELS = [(kind, "gradient") for kind in KINDS]
MODELS += [(kind, "word2vec") for kind in ("cbow_ns", "cbow_hs")]


@pytest.mark.parametrize(("kind", "update"), MODELS)
def test_a_trainer_gives_the_vectors_of_numpy(corpus, kind, update):
    """Draws, chunks, steps: all of training, on either backend."""
    step = f"{kind}_word2vec" if update == "word2vec" else f"{kind}_update"
    settings = replace(SETTINGS, update=update)
    found, expected = (
        WordVectorTrainer(kernels, name=kind).train(corpus, settings, seed=5)
        for kernels in both(f"vectors/{step}")
    )
    assert found.impl == f"cupy.{step}"
    require_equal("weight_in", found.weight_in, expected.weight_in, 1e-10)
    require_equal("weight_out", found.weight_out, expected.weight_out, 1e-10)


def test_glove_gives_the_vectors_of_numpy(corpus):
    settings = GloveSettings(size=10, window=4, epochs=3, chunk=50, tile_words=12, dtype="float64")
    found, expected = (
        GloveTrainer(kernels).train(corpus, settings, seed=5)
        for kernels in both("vectors/cooccurrence", "vectors/glove_update")
    )
    assert (found.impl, found.num_counts) == ("cupy.glove_update", expected.num_counts)
    require_equal("vectors", found.vectors, expected.vectors, 1e-10)
    np.testing.assert_allclose(found.objective, expected.objective, rtol=1e-10)
