"""Debiasing: what the formulas promise, measures by hand and by brute force."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

import seqbench
from seqbench.data.debias import load_debias
from seqbench.data.word_vectors import WordVectors
from seqbench.interfaces import DataError, RangeError, ShapeError
from seqbench.kernels._vector_ops import VectorTable
from seqbench.kernels.debias import BiasPairs, RowPairs, Rows, Subspace
from seqbench.models.bias_measures import (
    clustering_accuracy,
    direct_bias,
    most_biased,
    sembias,
    weat,
)
from seqbench.models.debias import BiasLists, pair_ids

WORDS = ("he", "she", "man", "woman", "king", "queen", "doctor", "nurse", "stone", "river")
LISTS = BiasLists((("he", "she"), ("man", "woman")), (("king", "queen"),), frozenset({"queen"}))
NEUTRAL = ["doctor", "nurse", "stone", "river"]


def vectors(seed=0, size=6):
    """Gendered words lean to either side of the first axis; so do doctor and nurse."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(len(WORDS), size))
    rows[:8, 0] += 3 * np.tile([1, -1], 4)
    return WordVectors(WORDS, rows)


def debias(**options):
    return seqbench.get("model", "hard_debias").debias(vectors(), LISTS, **options)


def kernel(name):
    return seqbench.get("vector_op", name)


@pytest.mark.parametrize("components", [1, 2])
def test_neutral_words_have_nothing_left_along_the_axis_and_are_unit(components):
    done = debias(components=components)
    assert [WORDS[n] for n in done.neutral] == NEUTRAL
    rows = done.after.vectors[done.neutral]
    np.testing.assert_allclose(rows @ done.directions.T, 0, atol=1e-15)
    np.testing.assert_allclose(np.linalg.norm(done.after.vectors, axis=1), 1)
    assert direct_bias(done.before.vectors[done.neutral], done.directions[0]) > 0.1


def test_equalised_pairs_are_equally_far_from_every_neutral_word():
    done = debias()
    assert [[WORDS[n] for n in row] for row in done.equalised] == [["king", "queen"]]
    king, queen = done.after["king"], done.after["queen"]
    neutral = done.after.vectors[done.neutral]
    np.testing.assert_allclose(neutral @ king, neutral @ queen, atol=1e-15)
    axis = done.directions[0]
    assert king @ axis == pytest.approx(-(queen @ axis))
    assert king @ axis > 0  # the pair keeps its sides


def test_what_is_definitional_but_not_equalised_stays():
    done = debias()
    for word in ("he", "she", "man", "woman"):
        np.testing.assert_array_equal(done.after[word], done.before[word])


def test_the_direction_is_numpys_first_principal_component():
    rows = vectors().vectors
    pairs = np.array([[0, 1], [2, 3], [4, 5]], np.int32)
    found = kernel("bias_direction")(VectorTable(rows), BiasPairs(pairs, 2))
    centred = np.concatenate([rows[pairs[:, side]] - rows[pairs].mean(axis=1) for side in (0, 1)])
    _, values, axes = np.linalg.svd(centred, full_matrices=False)
    np.testing.assert_allclose(np.abs((found.directions * axes[:2]).sum(axis=1)), 1)
    np.testing.assert_allclose(found.shares, values[:2] ** 2 / (values**2).sum())
    assert ((rows[pairs[:, 0]] - rows[pairs[:, 1]]) @ found.directions[0]).sum() > 0


def test_the_equalising_formula():
    rng = np.random.default_rng(1)
    axis = np.array([[0.6, 0.8, 0, 0, 0]])
    first, second = (r / np.linalg.norm(r) for r in rng.normal(size=(2, 5)))
    found = kernel("equalise")(Subspace(axis), RowPairs(first[None], second[None]))
    mu = (first + second) / 2
    mu_b = (mu @ axis[0]) * axis[0]
    nu = mu - mu_b
    for row, got in ((first, found.first[0]), (second, found.second[0])):
        inside = (row @ axis[0]) * axis[0] - mu_b
        np.testing.assert_allclose(got, nu + np.sqrt(1 - nu @ nu) * inside / np.linalg.norm(inside))


def test_a_word_that_is_all_bias_becomes_zero():
    axis = np.array([[1.0, 0.0]])
    assert kernel("neutralise")(Subspace(axis), Rows(axis.copy())).rows.tolist() == [[0.0, 0.0]]


def test_pairs_are_found_in_lower_case_and_a_word_is_moved_once():
    found = pair_ids(vectors(), [("He", "She"), ("he", "woman"), ("king", "tsar"), ("man", "Man")])
    assert found.tolist() == [[0, 1]]


AXIS = np.array([[1.0, 0.0]])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: kernel("bias_direction")(
                VectorTable(np.eye(3)), BiasPairs(np.zeros((0, 2), np.int32))
            ),
            RangeError,
            "bias_direction: there are no pairs, expected one or more",
        ),
        (
            lambda: kernel("bias_direction")(
                VectorTable(np.eye(3)), BiasPairs(np.array([[0, 1]], np.int32), 2)
            ),
            RangeError,
            "components is 2, expected 1 to 1, the smaller of pairs and vector size",
        ),
        (
            lambda: kernel("bias_direction")(
                VectorTable(np.ones((3, 2))), BiasPairs(np.array([[0, 1]], np.int32))
            ),
            RangeError,
            "both words of every pair have the same vector, expected a difference",
        ),
        (
            lambda: kernel("bias_direction")(
                VectorTable(np.eye(3)), BiasPairs(np.array([[0, 3]], np.int32))
            ),
            RangeError,
            "one of the pairs is 3, expected 0 to 2",
        ),
        (
            lambda: kernel("neutralise")(Subspace(2 * AXIS), Rows(AXIS)),
            RangeError,
            r"neutralise: directions are not orthonormal \(off by 3\), expected lengths of 1",
        ),
        (
            lambda: kernel("neutralise")(Subspace(AXIS), Rows(np.ones((2, 3)))),
            ShapeError,
            r"rows are \(2, 3\), expected \(N, 2\)",
        ),
        (
            lambda: kernel("neutralise")(Subspace(AXIS), Rows(np.array([[np.nan, 1]]))),
            RangeError,
            "row 0 of the rows is not finite, expected numbers",
        ),
        (
            lambda: kernel("equalise")(Subspace(AXIS), RowPairs(AXIS, AXIS)),
            RangeError,
            "row 0 of the pairs' differences inside the subspace is zero, expected a direction",
        ),
        (
            lambda: kernel("equalise")(Subspace(AXIS), RowPairs(AXIS, np.ones((2, 2)))),
            ShapeError,
            r"equalise: first is \(1, 2\) and second \(2, 2\), expected the same",
        ),
        (
            lambda: seqbench.get("model", "hard_debias").debias(
                vectors(), replace(LISTS, defining=(("a", "b"),))
            ),
            DataError,
            "none of 1 defining pairs has vectors, expected one or more",
        ),
        (
            lambda: seqbench.get("model", "hard_debias").debias(
                WordVectors(WORDS, vectors().vectors * (np.arange(10) != 8)[:, None]), LISTS
            ),
            RangeError,
            "row 8 of the vectors is zero, expected a direction",
        ),
        (
            lambda: seqbench.get("analysis", "bias_report").leave_one_pair_out(
                vectors(), replace(LISTS, defining=(("he", "she"), ("x", "y")))
            ),
            DataError,
            "1 of 2 defining pairs have vectors, expected at least 2 to leave one out",
        ),
    ],
)
def test_what_is_refused(call, error, message):
    with pytest.raises(error, match=message) as caught:
        call()
    assert ";" in str(caught.value)


def test_a_pair_left_out_of_the_fit_keeps_some_bias():
    found = seqbench.get("analysis", "bias_report").leave_one_pair_out(vectors(), LISTS)
    assert [x.pair for x in found] == [("he", "she"), ("man", "woman")]
    for left in found:
        assert 1e-3 < left.after < left.before
        assert left.fall == pytest.approx(1 - left.after / left.before)


def test_direct_bias_by_hand():
    rows = np.array([[1.0, 0.0], [0.0, 5.0], [3.0, 4.0]])
    axis = np.array([2.0, 0.0])
    assert direct_bias(rows, axis) == pytest.approx((1 + 0 + 0.6) / 3)
    assert direct_bias(rows, axis, 2) == pytest.approx((1 + 0 + 0.36) / 3)
    assert direct_bias(rows, axis, 0) == pytest.approx(2 / 3)
    with pytest.raises(RangeError, match="0 words and c = 1"):
        direct_bias(rows[:0], axis)
    with pytest.raises(RangeError, match="a word's vector or the direction is zero"):
        direct_bias(rows * [[1], [0], [1]], axis)


def groups(seed, n=3):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=(n, 4)) for _ in range(4)]


def test_weat_equals_its_formula_and_all_partitions():
    x, y, a, b = groups(0)
    found = weat(x, y, a, b)

    def score(w):
        def mean(rows):
            return np.mean([w @ r / np.linalg.norm(w) / np.linalg.norm(r) for r in rows])

        return mean(a) - mean(b)

    scores = [score(w) for w in (*x, *y)]
    effect = (np.mean(scores[:3]) - np.mean(scores[3:])) / np.std(scores, ddof=1)
    assert found.effect == pytest.approx(effect)
    seen = sum(scores[:3]) - sum(scores[3:])
    halves = [
        2 * sum(scores[i] for i in half) - sum(scores)
        for half in itertools.combinations(range(6), 3)
    ]
    assert found.p_value == np.mean([h >= seen - 1e-12 for h in halves])
    assert (found.exact, found.partitions) == (True, 20)


def test_weat_of_many_words_draws_partitions():
    x, y, a, b = groups(1, n=12)
    found = weat(x, y, a, b, partitions=500)
    assert (found.exact, found.partitions) == (False, 500)
    assert weat(x, y, a, b, partitions=500) == found
    assert 0 < found.p_value <= 1
    with pytest.raises(RangeError, match="X, Y, A, B have 12, 11, 12, 12 words, expected X and Y"):
        weat(x, y[:11], a, b)


def test_clustering_finds_groups_that_are_there_and_no_others():
    rng = np.random.default_rng(0)
    rows, side = rng.normal(size=(60, 5)), np.arange(60) < 30
    apart = rows + np.where(side, 9, -9)[:, None]
    assert clustering_accuracy(apart, side) == 1
    assert clustering_accuracy(apart, rng.permutation(side)) < 0.7
    with pytest.raises(RangeError, match="3 words in groups of 3 and 0, expected at least 4"):
        clustering_accuracy(rows[:3], side[:3])


def test_the_most_biased_words_are_the_ends():
    done = debias()
    ids, first = most_biased(done.before, done.neutral, done.directions[0], 1)
    along = {w: done.before[w] @ done.directions[0] for w in NEUTRAL}
    assert [WORDS[n] for n in ids] == [max(along, key=along.get), min(along, key=along.get)]
    assert first.tolist() == [True, False]
    with pytest.raises(RangeError, match="count is 3, expected 1 to 2, half of the neutral"):
        most_biased(done.before, done.neutral, done.directions[0], 3)


def test_sembias_counts_what_lies_most_along_the_direction():
    words = WordVectors(tuple("abcdefgh"), np.repeat(np.eye(4), 2, axis=0))
    words = words.replaced(words.vectors + np.array([[0, 0, 0, n] for n in range(8)]) * 0.1)
    question = (("a", "b"), ("c", "d"), ("e", "f"), ("h", "a"))
    found = sembias(words, np.array([0, 0, 0, 1.0]), [question, (("a", "x"),) * 4])
    assert (found.stereotype, found.covered, found.questions) == (1, 1, 2)
    with pytest.raises(DataError, match="none of 1 questions has vectors for all its words"):
        sembias(words, np.eye(4)[0], [(("a", "x"),) * 4])


@pytest.mark.data
@pytest.mark.parametrize(
    ("sets", "effect"),
    [
        (("flowers", "insects", "pleasant_5", "unpleasant_5a"), 1.54),
        (("male_names", "female_names", "career", "family"), 1.89),
        (("math", "arts", "male_terms", "female_terms"), 0.97),
        (("science", "arts_2", "male_terms_2", "female_terms_2"), 1.24),
    ],
)
def test_weat_on_googles_vectors_is_the_published_effect(sets, effect):
    """Caliskan et al. (2017), table 2, as the data's README recalls it."""
    data = load_debias(vectors="word2vec")
    rows = [np.stack([data.vectors[w] for w in data.weat[name]]) for name in sets]
    assert weat(*rows).effect == pytest.approx(effect, abs=0.005)


@pytest.mark.data
def test_real_vectors_are_debiased_to_nothing_on_the_axis():
    data = load_debias()
    lists = BiasLists(data.definitional_pairs, data.equalize_pairs, frozenset(data.gender_specific))
    done = seqbench.get("model", "hard_debias").debias(data.vectors, lists)
    assert direct_bias(done.before.vectors[done.neutral], done.directions[0]) > 0.1
    assert direct_bias(done.after.vectors[done.neutral], done.directions[0]) <= 1e-6
