"""A17 to A20: what the objectives sum, what a step does, and the errors of chunks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from seqbench.data.huffman import huffman_tree
from seqbench.interfaces import DtypeError, RangeError, ShapeError
from seqbench.kernels import cbow, skipgram
from seqbench.kernels._word_vectors import (
    NegativeChunk,
    SoftmaxChunk,
    TreeChunk,
    VectorLoss,
    VectorParams,
    VectorUpdate,
)
from seqbench.testing.cases import cases
from seqbench.testing.reference import reference

OBJECTIVES = [
    skipgram.SKIPGRAM_SOFTMAX,
    skipgram.SKIPGRAM_HS,
    skipgram.SKIPGRAM_NS,
    cbow.CBOW_NS,
    cbow.CBOW_HS,
]
UPDATES = [
    skipgram.SKIPGRAM_SOFTMAX_UPDATE,
    skipgram.SKIPGRAM_HS_UPDATE,
    skipgram.SKIPGRAM_NS_UPDATE,
    cbow.CBOW_NS_UPDATE,
    cbow.CBOW_HS_UPDATE,
]
IDS = np.array([0, 1, 2, 1, 3], np.int32)
LEFT, RIGHT = np.array([0, 1, 1, 0, 1], np.int32), np.array([1, 1, 0, 1, 0], np.int32)
PAIRS = [(0, 1), (1, 0), (1, 2), (2, 1), (3, 4), (4, 3)]  # two sentences, window 1


def log_sigmoid(x):
    return -np.logaddexp(0, -x)


@pytest.fixture
def params():
    rng = np.random.default_rng(3)
    return VectorParams(rng.normal(size=(4, 3)), rng.normal(size=(4, 3)))


def loss_of(contract, params, chunk):
    return float(reference(contract)(params, chunk).loss)


def test_softmax_sums_over_the_pairs(params):
    expected = 0.0
    for centre, word in PAIRS:
        scores = params.weight_out @ params.weight_in[IDS[centre]]
        expected -= scores[IDS[word]] - np.log(np.exp(scores).sum())
    chunk = SoftmaxChunk(IDS, LEFT, RIGHT, 1)
    assert loss_of(skipgram.SKIPGRAM_SOFTMAX, params, chunk) == pytest.approx(expected, rel=1e-12)


def test_noise_sums_over_the_pairs_and_shares_k(params):
    negatives = np.array([[0, 3, 3], [2, 2, 1], [2, 2, 2]], np.int32)  # blocks of two positions
    expected = 0.0
    for centre, word in PAIRS:
        v, target = params.weight_in[IDS[centre]], IDS[word]
        others = [n for n in negatives[centre // 2] if n != target]
        expected -= log_sigmoid(params.weight_out[target] @ v)
        for n in others:
            expected -= 5 / len(others) * log_sigmoid(-params.weight_out[n] @ v)
    chunk = NegativeChunk(IDS, LEFT, RIGHT, negatives, 1, 2, 5)
    assert loss_of(skipgram.SKIPGRAM_NS, params, chunk) == pytest.approx(expected, rel=1e-12)


def test_cbow_scores_the_mean_of_the_context(params):
    negatives = np.array([[1], [3], [0], [0], [2]], np.int32)
    expected = 0.0
    for centre, context in ((0, [1]), (1, [0, 2]), (2, [1]), (3, [4]), (4, [3])):
        hidden = params.weight_in[IDS[context]].mean(axis=0)
        expected -= log_sigmoid(params.weight_out[IDS[centre]] @ hidden)
        expected -= log_sigmoid(-params.weight_out[negatives[centre, 0]] @ hidden)
    chunk = NegativeChunk(IDS, LEFT, RIGHT, negatives, 1, 1, 1)
    assert loss_of(cbow.CBOW_NS, params, chunk) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("vocab_size", [2, 3, 50, 400])
def test_a_tree_gives_probabilities_that_sum_to_one(vocab_size):
    """p(w | c) of every word w beside one centre, as chunks of two words."""
    rng = np.random.default_rng(vocab_size)
    tree = huffman_tree(rng.zipf(1.3, vocab_size).clip(max=10**6))
    params = VectorParams(rng.normal(size=(vocab_size, 8)), rng.normal(size=(vocab_size - 1, 8)))
    total = 0.0
    for word in range(vocab_size):
        ids = np.array([1, word], np.int32)
        left, right = np.array([0, 0], np.int32), np.array([1, 0], np.int32)
        chunk = TreeChunk(ids, left, right, tree.nodes, tree.signs, 1)
        total += np.exp(-loss_of(skipgram.SKIPGRAM_HS, params, chunk))
    assert abs(total - 1) < 1e-12


STEPS = list(zip(OBJECTIVES, UPDATES, strict=True))


@pytest.mark.parametrize("pair", STEPS, ids=lambda p: p[0].name)
@pytest.mark.parametrize("size", ["tiny", "odd", "padded"])
def test_a_step_is_minus_the_rate_times_the_gradient(pair, size):
    objective, update = pair
    (case,) = cases(objective, (size,))
    plan = reference(objective).plan(objective.dims(case.params, case.inputs), "float64", grad=True)
    plan.load(case.params)
    plan.forward(case.inputs)
    gradient = plan.backward(VectorLoss(np.float64(1.0))).params
    moved = VectorParams(case.params.weight_in.copy(), case.params.weight_out.copy())
    reference(update)(moved, VectorUpdate(case.inputs, 0.25))
    for name in ("weight_in", "weight_out"):
        expected = getattr(case.params, name) - 0.25 * getattr(gradient, name)
        np.testing.assert_allclose(getattr(moved, name), expected, rtol=1e-12, atol=1e-12)


def test_word2vecs_update_moves_context_vectors_by_the_undivided_gradient():
    """Of a position with n context words each moves n times as far as by the gradient."""
    rng = np.random.default_rng(0)
    start = VectorParams(rng.normal(size=(4, 3)), rng.normal(size=(4, 3)))
    ids, negatives = np.array([1, 0, 2], np.int32), np.full((3, 1), 3, np.int32)
    left, right = np.array([0, 1, 0], np.int32), np.array([0, 1, 0], np.int32)
    chunk = NegativeChunk(ids, left, right, negatives, 1, 1, 1)
    moves = []
    for contract in (cbow.CBOW_NS_UPDATE, cbow.CBOW_NS_WORD2VEC):
        moved = VectorParams(start.weight_in.copy(), start.weight_out.copy())
        reference(contract)(moved, VectorUpdate(chunk, 0.1))
        moves.append(moved)
    by_gradient, as_gensim = (m.weight_in - start.weight_in for m in moves)
    np.testing.assert_allclose(as_gensim, 2 * by_gradient, rtol=1e-12)
    np.testing.assert_array_equal(moves[0].weight_out, moves[1].weight_out)


def test_a_word_without_context_changes_nothing(params):
    none = np.zeros(5, np.int32)
    chunk = NegativeChunk(IDS, none, none, np.zeros((5, 2), np.int32), 1, 1, 5)
    for contract in (skipgram.SKIPGRAM_NS, cbow.CBOW_NS):
        assert loss_of(contract, params, chunk) == 0


GOOD = NegativeChunk(IDS, LEFT, RIGHT, np.zeros((5, 2), np.int32), 1, 1, 5)
MISTAKES = [
    (replace(GOOD, ids=IDS + 1), RangeError, "one of the ids is 4, expected 0 to 3"),
    (replace(GOOD, ids=IDS - 1), RangeError, "one of the ids is -1, expected 0 to 3"),
    (replace(GOOD, ids=IDS[None]), ShapeError, r"ids have shape \(1, 5\), expected \(N,\)"),
    (replace(GOOD, ids=IDS.astype(float)), DtypeError, "ids are float64, expected int32"),
    (replace(GOOD, window=0), RangeError, "window is 0, expected at least 1; without a window"),
    (replace(GOOD, left=LEFT + 1), RangeError, "left is 1 somewhere, expected 0 to the window"),
    (replace(GOOD, right=RIGHT + 1), RangeError, "right is 2 somewhere, expected 0 to the"),
    (replace(GOOD, left=LEFT.astype(float)), DtypeError, "left is float64, expected int32"),
    (replace(GOOD, left=LEFT[:3]), ShapeError, r"left is \(3,\), expected \(5,\)"),
    (replace(GOOD, num_negatives=-1), RangeError, "num_negatives is -1, expected at least 0"),
    (replace(GOOD, block=0), RangeError, "block is 0, expected at least 1 position"),
    (replace(GOOD, block=2), ShapeError, r"negatives are \(5, 2\), expected \(3, M\)"),
    (replace(GOOD, negatives=GOOD.negatives + 9), RangeError, "one of the negatives is 9"),
]


@pytest.mark.parametrize(("chunk", "error", "words"), MISTAKES)
def test_mistakes_in_a_chunk_are_told(params, chunk, error, words):
    with pytest.raises(error, match=words):
        reference(skipgram.SKIPGRAM_NS)(params, chunk)


def test_mistakes_in_the_matrices_are_told(params):
    nan = params.weight_in.copy()
    nan[2, 1] = np.nan
    with pytest.raises(RangeError, match="weight_in holds NaN, expected finite numbers; lower"):
        reference(skipgram.SKIPGRAM_NS)(VectorParams(nan, params.weight_out), GOOD)
    short = VectorParams(params.weight_in, params.weight_out[:3])
    with pytest.raises(ShapeError, match=r"weight_out is \(3, 3\), expected \(4, 3\)"):
        reference(skipgram.SKIPGRAM_NS)(short, GOOD)


def test_mistakes_in_a_tree_are_told(params):
    tree = huffman_tree(np.array([4, 3, 2, 1]))
    inner = VectorParams(params.weight_in, params.weight_out[:3])
    chunk = TreeChunk(IDS, LEFT, RIGHT, tree.nodes, tree.signs, 1)
    contract = reference(skipgram.SKIPGRAM_HS)
    with pytest.raises(ShapeError, match=r"path_nodes are \(2, .\), expected \(V, L\) with V = 4"):
        contract(inner, replace(chunk, path_nodes=tree.nodes[:2]))
    with pytest.raises(RangeError, match="one of the path_nodes is 12, expected 0 to 2"):
        contract(inner, replace(chunk, path_nodes=tree.nodes + 10))
    with pytest.raises(RangeError, match=r"path_signs go past 1, expected \+1, -1 or 0"):
        contract(inner, replace(chunk, path_signs=2 * tree.signs))


@pytest.mark.parametrize("rate", [-0.1, np.nan, np.inf])
def test_a_rate_that_is_none_is_told(params, rate):
    with pytest.raises(RangeError, match=f"learning_rate is {rate}, expected a finite number"):
        reference(skipgram.SKIPGRAM_NS_UPDATE)(params, VectorUpdate(GOOD, rate))
