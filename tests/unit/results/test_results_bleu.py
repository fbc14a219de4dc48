"""BLEU over resamples equals the model's own scorer on each, whatever the smoothing."""

from __future__ import annotations

import numpy as np
import pytest
from made_records import SIGNATURE, statistics

from seqbench.interfaces import UnsupportedError
from seqbench.models.bleu_score import Smoothing as ScorerSmoothing
from seqbench.models.bleu_score import bleu_score
from seqbench.results.bleu import (
    Smoothing,
    bleu_of_sums,
    bleu_resamples,
    draws,
    has_statistics,
    resampled_sums,
    smoothing_of,
    statistics_matrix,
)


def random_sums(count=300, orders=4):
    """Corpora from empty to long, with orders that have no match or no n-gram at all."""
    rng = np.random.default_rng(5)
    lengths = rng.integers(0, 30, count)
    totals = np.maximum(lengths[:, None] - np.arange(orders), 0)
    matches = rng.binomial(totals, rng.choice([0.0, 0.2, 0.6, 1.0], (count, orders)))
    references = rng.integers(0, 30, count)
    return np.column_stack([matches, totals, lengths, references]).astype(float)


@pytest.mark.parametrize("effective_order", [False, True])
@pytest.mark.parametrize(
    ("name", "value"), [("exp", None), ("none", None), ("floor", 0.1), ("add-k", 1.0)]
)
@pytest.mark.parametrize("orders", [4, 2])
def test_every_corpus_has_the_scorers_bleu(name, value, effective_order, orders):
    sums = random_sums(orders=orders)
    found = bleu_of_sums(sums, Smoothing(name, value or 0.0, effective_order))
    for row, score in zip(sums, found, strict=True):
        expected = bleu_score(
            row[:orders],
            row[orders : 2 * orders],
            row[-2],
            row[-1],
            smoothing=ScorerSmoothing(name, value),
            effective_order=effective_order,
        )
        assert score == pytest.approx(expected.score, rel=1e-12, abs=1e-12)


def test_the_signature_says_the_smoothing():
    assert smoothing_of(SIGNATURE) == Smoothing("exp", 0.0, False)
    assert smoothing_of("eff:yes|smooth:floor[0.10]") == Smoothing("floor", 0.1, True)
    assert smoothing_of("smooth:add-k[1.00]") == Smoothing("add-k", 1.0, False)
    with pytest.raises(UnsupportedError, match="says smooth:odd, expected none, exp, floor or add"):
        smoothing_of("smooth:odd")


def test_a_draw_takes_as_many_sentences_as_there_are():
    (counts,) = draws(50, 20)
    assert counts.shape == (20, 50)
    assert (counts.sum(axis=1) == 50).all()
    # with replacement: 1/e of the sentences are not drawn
    assert 0.30 < (counts == 0).mean() < 0.43


def test_draws_are_the_same_for_equally_many_sentences_and_in_chunks(monkeypatch):
    (whole,) = draws(50, 20)
    monkeypatch.setattr("seqbench.results.bleu.CHUNK", 150)
    chunks = list(draws(50, 20))
    assert [len(chunk) for chunk in chunks] == [3, 3, 3, 3, 3, 3, 2]
    assert np.array_equal(np.concatenate(chunks), whole)


def test_sums_of_a_resample_are_sums_of_its_sentences():
    matrix = np.arange(12.0).reshape(4, 3)
    (counts,) = draws(4, 5)
    expected = [
        sum((matrix[i] * n for i, n in enumerate(row)), np.zeros(3)) for row in counts.tolist()
    ]
    assert np.allclose(resampled_sums(matrix, 5), expected)


def test_cases_are_paired_and_equal_sentences_have_no_spread():
    one = bleu_resamples(statistics(300), Smoothing())
    assert np.array_equal(one, bleu_resamples(statistics(300), Smoothing()))
    better = bleu_resamples(statistics(310), Smoothing())
    # Paired: the difference varies far less than either score
    assert (better - one).std() < one.std() / 2
    perfect = bleu_resamples(statistics(400), Smoothing())
    assert perfect == pytest.approx(100.0)


def test_statistics_may_be_missing():
    assert has_statistics(statistics(10))
    assert not has_statistics({})
    assert not has_statistics({**statistics(10), "bleu_matches": []})
    assert statistics_matrix(statistics(300)).shape == (40, 10)
