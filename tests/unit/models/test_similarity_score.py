"""Spearman's correlation by hand, and what an evaluation covers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

import seqbench
from seqbench.data.word_similarity import SimilarityPairs
from seqbench.data.word_vectors import WordVectors
from seqbench.interfaces import DataError, RangeError, ShapeError
from seqbench.models.word_similarity import average_ranks, spearman, spearman_change

PAIRS = SimilarityPairs(
    "mine", (("A", "b"), ("a", "c"), ("b", "c"), ("a", "zebra")), (9.0, 5.0, 1.0, 3.0)
)
VECTORS = np.array([[1.0, 0.0], [2.0, 0.2], [-0.5, 1.0]])


def vectors(values=VECTORS):
    return WordVectors(("a", "b", "c"), values)


def metric():
    return seqbench.get("metric", "word_similarity")


def test_ties_share_the_mean_of_their_ranks():
    assert average_ranks(np.array([5.0, 1.0, 5.0, 0.0])).tolist() == [3.5, 2.0, 3.5, 1.0]


@pytest.mark.parametrize("levels", [3, 1000])
def test_spearman_equals_scipy(levels):
    rng = np.random.default_rng(levels)
    a, b = rng.integers(0, levels, 200).astype(float), rng.normal(size=200)
    assert spearman(a, b) == pytest.approx(stats.spearmanr(a, b).statistic, abs=1e-12)


def test_a_constant_has_no_correlation():
    assert math.isnan(spearman(np.ones(3), np.arange(3.0)))


def test_pairs_without_vectors_are_left_out_and_counted():
    score = metric().score(vectors(), PAIRS)
    assert (score.num_covered, score.num_pairs) == (3, 4)
    assert score.given.tolist() == [9.0, 5.0, 1.0]
    assert score.predicted[0] == pytest.approx(2.0 / math.hypot(2.0, 0.2))
    assert score.spearman == pytest.approx(0.5)  # cosines rank a-b, b-c, a-c


def test_case_is_kept_on_request():
    assert metric().score(vectors(), PAIRS, lower=False).num_covered == 2


def test_too_few_pairs():
    few = SimilarityPairs("few", (("a", "b"), ("x", "y")), (1.0, 2.0))
    with pytest.raises(DataError, match=r"1 of 2 pairs of few have vectors, expected at least 2"):
        metric().score(vectors(), few)


def test_a_zero_vector_has_no_cosine():
    zero = VECTORS * np.array([[1.0], [0.0], [1.0]])
    with pytest.raises(RangeError, match="zero"):
        metric().score(vectors(zero), PAIRS)


def test_what_spearman_refuses():
    with pytest.raises(ShapeError, match=r"spearman: values of shapes \(2,\) and \(3,\), expected"):
        spearman(np.ones(2), np.ones(3))
    with pytest.raises(RangeError, match="spearman: a value is NaN"):
        spearman(np.array([1.0, math.nan]), np.ones(2))


def test_vectors_are_checked():
    with pytest.raises(ShapeError, match=r"2 words and vectors of shape \(3, 2\), expected"):
        WordVectors(("a", "b"), VECTORS)
    with pytest.raises(DataError, match=r"'a' is there twice, expected each word once"):
        WordVectors(("a", "b", "a"), VECTORS)


def test_a_change_of_nothing_is_nothing():
    predicted = np.random.default_rng(0).normal(size=30)
    assert spearman_change(predicted, predicted, predicted**3) == (0.0, 0.0, 0.0)


def test_a_change_is_inside_its_interval_which_narrows_with_pairs():
    rng = np.random.default_rng(0)
    given = rng.normal(size=400)
    before, after = given + rng.normal(size=400), given + 2 * rng.normal(size=400)
    change, low, high = spearman_change(before, after, given)
    assert change == spearman(after, given) - spearman(before, given)
    assert low < change < high < 0
    _, few_low, few_high = spearman_change(before[:40], after[:40], given[:40])
    assert few_high - few_low > 2 * (high - low)
