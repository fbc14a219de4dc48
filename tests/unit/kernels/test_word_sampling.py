"""Draws for word vectors: their distributions, and that they depend on their place alone."""

from __future__ import annotations

import numpy as np
import pytest

from seqbench.interfaces import RangeError
from seqbench.kernels import word_sampling as sampling

COUNTS = np.array([900, 400, 50, 7, 7, 1])


@pytest.mark.parametrize(
    ("power", "expected"),
    [(1.0, COUNTS / COUNTS.sum()), (0.0, np.full(6, 1 / 6))],
)
def test_empirical_and_uniform_noise(power, expected):
    found = sampling.noise_probabilities(COUNTS, power, xp=np)
    np.testing.assert_allclose(found, expected, rtol=1e-14)


def test_three_quarters_lift_rare_words():
    found = sampling.noise_probabilities(COUNTS, 0.75, xp=np)
    np.testing.assert_allclose(found[0] / found[5], 900**0.75, rtol=1e-12)


@pytest.mark.parametrize("power", [0.0, 0.75, 1.0])
@pytest.mark.parametrize("size", [1, 2, 6, 1000])
def test_the_table_draws_what_it_was_made_for(power, size):
    counts = np.random.default_rng(size).integers(1, 10_000, size)
    wanted = sampling.noise_probabilities(counts, power, xp=np)
    table = sampling.noise_table(wanted, xp=np)
    np.testing.assert_allclose(sampling.table_probabilities(table, xp=np), wanted, atol=1e-9)


def test_frequencies_of_a_million_draws():
    wanted = sampling.noise_probabilities(COUNTS, 0.75, xp=np)
    table = sampling.noise_table(wanted, xp=np)
    drawn = sampling.draw_noise(table, seed=3, stream=1, start=0, count=10**6, xp=np)
    found = np.bincount(drawn, minlength=6) / 10**6
    assert np.abs(found - wanted).max() < 5 * np.sqrt(0.25 / 10**6)


def test_a_draw_depends_on_its_place_alone():
    table = sampling.noise_table(sampling.noise_probabilities(COUNTS, 0.75, xp=np), xp=np)
    whole = sampling.draw_noise(table, seed=3, stream=1, start=0, count=100, xp=np)
    part = sampling.draw_noise(table, seed=3, stream=1, start=37, count=20, xp=np)
    np.testing.assert_array_equal(part, whole[37:57])
    other = sampling.draw_noise(table, seed=3, stream=2, start=0, count=100, xp=np)
    assert (other != whole).any()


def test_streams_of_purposes_and_epochs_never_meet():
    streams = {sampling.stream_of(n, e) for n in sampling.STREAMS for e in range(50)}
    assert len(streams) == 150


def test_the_two_formulas_of_subsampling():
    share, threshold = COUNTS[0] / COUNTS.sum(), 1e-2
    paper = sampling.keep_probabilities(COUNTS, threshold, "paper", xp=np)
    code = sampling.keep_probabilities(COUNTS, threshold, "word2vec.c", xp=np)
    assert paper[0] == pytest.approx(np.sqrt(threshold / share), rel=1e-14)
    assert code[0] == pytest.approx((np.sqrt(share / threshold) + 1) * threshold / share, rel=1e-12)
    assert paper[5] == code[5] == 1
    assert (sampling.keep_probabilities(COUNTS, threshold, "none", xp=np) == 1).all()


def test_tokens_stay_as_often_as_they_should():
    keep = np.array([0.0, 0.25, 1.0])
    parts, count = sampling.parts(keep, xp=np), 300_000
    for word, wanted in enumerate(keep):
        ids = np.full(count, word, np.int32)
        kept = sampling.draw_kept(parts, ids, seed=1, stream=0, start=0, xp=np)
        assert abs(kept.mean() - wanted) <= 5 * np.sqrt(0.25 / count) * (0 < wanted < 1)


def test_windows_are_uniform_from_one():
    drawn = sampling.draw_windows(5, seed=1, stream=0, start=0, count=100_000, xp=np)
    found = np.bincount(drawn, minlength=6) / 100_000
    assert found[0] == 0
    assert np.abs(found[1:] - 0.2).max() < 0.01
    assert drawn.dtype == np.int32


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: sampling.noise_probabilities(COUNTS, -0.5, xp=np), "power is -0.5, expected at"),
        (lambda: sampling.noise_probabilities(COUNTS, np.nan, xp=np), "power is nan, expected at"),
        (lambda: sampling.noise_probabilities(COUNTS[:0], 1.0, xp=np), "below 1 or there is none"),
        (lambda: sampling.noise_probabilities(COUNTS - 1, 1.0, xp=np), "count the words"),
        (lambda: sampling.keep_probabilities(COUNTS, 0.0, "paper", xp=np), "threshold is 0.0"),
        (lambda: sampling.keep_probabilities(COUNTS, 1e-3, "mine", xp=np), "formula is 'mine'"),
    ],
)
def test_mistakes_are_told(call, words):
    with pytest.raises(RangeError, match=words):
        call()
