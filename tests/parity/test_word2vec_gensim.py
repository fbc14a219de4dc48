"""Word vectors beside gensim's: tables, trees, losses of equal vectors, and steps it determines."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

import seqbench
from seqbench.data.huffman import huffman_tree
from seqbench.interfaces import UnsupportedError
from seqbench.kernels import word_sampling as sampling
from seqbench.kernels._word_vectors import NegativeChunk, TreeChunk, VectorParams, VectorUpdate
from seqbench.kernels.cbow import CBOW_HS_UPDATE, CBOW_HS_WORD2VEC, CBOW_NS_WORD2VEC
from seqbench.kernels.skipgram import SKIPGRAM_HS, SKIPGRAM_HS_UPDATE
from seqbench.kernels.word_vectors import VectorSettings
from seqbench.testing.reference import reference

pytestmark = pytest.mark.peer("gensim")

COUNTS = np.unique(np.random.default_rng(0).integers(3, 10**6, 300))[::-1].copy()
RATE = 1e-3
TABLE = 0.04
"""gensim reads sigmoids off a table of 1000 places by 83 (1000 / 6 / 2 in integers) places a unit:
what it reads is that of a score up to 0.05 lower."""


def model(counts, **options):
    """gensim's model of words "0", "1", ... with these counts, before any training."""
    from gensim.models import Word2Vec

    settings = {"vector_size": 16, "window": 2, "min_count": 1, "workers": 1, "sample": 0}
    settings |= {"shrink_windows": False, "alpha": RATE, "min_alpha": RATE, "seed": 1}
    made = Word2Vec(**(settings | options))
    made.build_vocab_from_freq({str(w): int(n) for w, n in enumerate(counts)}, corpus_count=1)
    return made


def drawn(made, rows):
    """Both matrices set to the same random numbers, gensim's in float32."""
    rng = np.random.default_rng(1)
    made.wv.vectors[:] = rng.normal(0, 0.5, made.wv.vectors.shape)
    rows[:] = rng.normal(0, 0.5, rows.shape)
    return VectorParams(made.wv.vectors.astype("float64"), rows.astype("float64"))


def gensims_tree(made):
    from seqbench_gensim.word2vec import tree_of

    return tree_of(made, np.arange(len(made.wv)))


@pytest.mark.parametrize("power", [0.75, 1.0, 0.0])
def test_noise_distribution_is_that_of_the_cumulative_table(power):
    """gensim rounds the cumulative distribution to 31 bits."""
    made = model(COUNTS, sg=1, negative=5, ns_exponent=power)
    table = np.diff(np.concatenate([[0], made.cum_table.astype("float64")])) / made.cum_table[-1]
    ours = sampling.noise_table(sampling.noise_probabilities(COUNTS, power, xp=np), xp=np)
    found = sampling.table_probabilities(ours, xp=np)
    np.testing.assert_allclose(found, table, atol=2 / 2**31)


def test_subsampling_keeps_what_gensim_keeps():
    made = model(COUNTS, sg=1, sample=1e-3)
    theirs = np.array([made.wv.get_vecattr(w, "sample_int") for w in range(len(COUNTS))])
    ours = sampling.keep_probabilities(COUNTS, 1e-3, "word2vec.c", xp=np)
    np.testing.assert_allclose(ours, theirs / 2.0**32, rtol=1e-9)


def test_huffman_codes_are_as_long():
    """Sums of these counts hold no tie, so the optimal tree is one."""
    made = model(COUNTS, sg=1, hs=1, negative=0)
    lengths = [len(made.wv.get_vecattr(w, "code")) for w in range(len(COUNTS))]
    assert huffman_tree(COUNTS).lengths.tolist() == lengths


def test_trees_of_tied_counts_cost_the_same():
    counts = np.sort(np.random.default_rng(2).integers(1, 20, 100))[::-1].copy()
    made = model(counts, sg=1, hs=1, negative=0)
    lengths = np.array([len(made.wv.get_vecattr(w, "code")) for w in made.wv.index_to_key])
    ours = huffman_tree(counts)
    order = np.array([int(w) for w in made.wv.index_to_key])
    assert (counts[order] * lengths).sum() == (counts * ours.lengths).sum()


def test_hierarchical_loss_of_equal_vectors():
    """gensim's score of a sentence: log p of its words, each from each of its context."""
    counts = COUNTS[:40]
    made = model(counts, sg=1, hs=1, negative=0)
    params = drawn(made, made.syn1[:-1])  # the last row is nobody's
    ids = np.array([3, 1, 7, 30, 3], np.int32)
    nodes, signs = gensims_tree(made)
    place = np.arange(5)
    left, right = (np.minimum(2, side).astype(np.int32) for side in (place, 4 - place))
    chunk = TreeChunk(ids, left, right, nodes, signs, 2)
    ours = float(reference(SKIPGRAM_HS)(params, chunk).loss)
    theirs = -made.score([[str(w) for w in ids]], total_sentences=1)[0]
    assert theirs == pytest.approx(ours, rel=TABLE)


def moves(made, rows, params, contract, chunk, sentence):
    """(ours, gensim's) change of both matrices by one step over one sentence, over the rate."""
    mine = VectorParams(params.weight_in.copy(), params.weight_out.copy())
    reference(contract)(mine, VectorUpdate(chunk, RATE))
    before = made.wv.vectors.copy(), rows.copy()
    words = [str(w) for w in sentence]
    made.train([words], total_examples=1, total_words=len(words), epochs=1)
    ours = np.concatenate([mine.weight_in - params.weight_in, mine.weight_out - params.weight_out])
    theirs = np.concatenate([made.wv.vectors - before[0], rows - before[1]])
    return ours / RATE, theirs / RATE


@dataclass(frozen=True)
class Step:
    contract: object
    sg: int


@pytest.mark.parametrize(
    "step", [Step(SKIPGRAM_HS_UPDATE, 1), Step(CBOW_HS_WORD2VEC, 0)], ids=lambda s: s.contract.name
)
def test_one_sentence_down_a_tree(step):
    """With a small rate the order of gensim's updates is of second order."""
    made = model(COUNTS[:40], sg=step.sg, hs=1, negative=0)
    params = drawn(made, made.syn1[:-1])  # the last row is nobody's
    ids = np.array([3, 1, 7, 30, 3, 9], np.int32)
    place = np.arange(6)
    left, right = (np.minimum(2, side).astype(np.int32) for side in (place, 5 - place))
    chunk = TreeChunk(ids, left, right, *gensims_tree(made), 2)
    ours, theirs = moves(made, made.syn1[:-1], params, step.contract, chunk, ids)
    assert np.abs(ours - theirs).max() < TABLE * np.abs(ours).max()


def test_gensims_cbow_is_not_the_gradient():
    """The same sentence: the step by the gradient is another one."""
    made = model(COUNTS[:40], sg=0, hs=1, negative=0)
    params = drawn(made, made.syn1[:-1])  # the last row is nobody's
    ids = np.array([3, 1, 7, 30, 3, 9], np.int32)
    place = np.arange(6)
    left, right = (np.minimum(2, side).astype(np.int32) for side in (place, 5 - place))
    chunk = TreeChunk(ids, left, right, *gensims_tree(made), 2)
    ours, theirs = moves(made, made.syn1[:-1], params, CBOW_HS_UPDATE, chunk, ids)
    assert np.abs(ours - theirs).max() > 0.3 * np.abs(theirs).max()


def test_one_sentence_with_noise_words():
    """Two words: the noise can only be the other one; equal to the target gensim leaves it out.

    Its draws are random, so K = 1 leaves two outcomes a position; ours must be among the four.
    """
    counts = np.array([1000, 900])
    made = model(counts, sg=0, negative=1, cbow_mean=1)
    params = drawn(made, made.syn1neg)
    ids = np.array([0, 1], np.int32)
    left, right = np.array([0, 1], np.int32), np.array([1, 0], np.int32)
    before = made.wv.vectors.copy(), made.syn1neg.copy()
    made.train([["0", "1"]], total_examples=1, total_words=2, epochs=1)
    theirs = np.concatenate([made.wv.vectors - before[0], made.syn1neg - before[1]]) / RATE
    found = []
    for noise in ((0, 0), (0, 1), (1, 0), (1, 1)):
        mine = VectorParams(params.weight_in.copy(), params.weight_out.copy())
        chunk = NegativeChunk(ids, left, right, np.array(noise, np.int32)[:, None], 1, 1, 1)
        reference(CBOW_NS_WORD2VEC)(mine, VectorUpdate(chunk, RATE))
        ours = [mine.weight_in - params.weight_in, mine.weight_out - params.weight_out]
        found.append(np.abs(np.concatenate(ours) / RATE - theirs).max() / np.abs(theirs).max())
    assert min(found) < TABLE


def small_corpus():
    from seqbench.data.word_corpus import word_corpus

    rng = np.random.default_rng(0)
    sentences = [[f"w{n}" for n in rng.zipf(1.4, 30) if n < 60] for _ in range(200)]
    return word_corpus(sentences, min_count=2)


@pytest.mark.parametrize("name", ["skipgram_ns", "skipgram_hs", "cbow_ns", "cbow_hs"])
def test_the_peer_trains_through_the_registry(name):
    corpus = small_corpus()
    trainer = seqbench.get("model", name, backend="gensim")
    settings = VectorSettings(size=8, epochs=2, update="word2vec")
    told = []
    found = trainer.train(corpus, settings, seed=3, report=lambda done, text: told.append(done))
    assert found.impl == f"gensim.{name}"
    assert found.weight_in.shape == (len(corpus.words), 8)
    assert np.isfinite(found.weight_in).all()
    assert told == [0.5, 1.0]
    again = trainer.train(corpus, settings, seed=3)
    np.testing.assert_array_equal(found.weight_in, again.weight_in)


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("cbow_ns", {}, "update of CBOW is 'gradient', expected 'word2vec'"),
        ("skipgram_ns", {"subsampling": "paper"}, "expected 'word2vec.c' or 'none'"),
        ("skipgram_ns", {"dtype": "float64"}, "dtype is float64, expected float32"),
    ],
)
def test_what_gensim_lacks_is_told(name, options, words):
    trainer = seqbench.get("model", name, backend="gensim")
    with pytest.raises(UnsupportedError, match=words):
        trainer.train(small_corpus(), VectorSettings(size=8, epochs=1, **options))
