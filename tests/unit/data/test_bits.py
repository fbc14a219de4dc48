"""Integer draws: frozen values, fair frequencies, streams apart."""

from __future__ import annotations

import numpy as np
import pytest

from seqbench.data.bits import Bits, Purpose, cumulative_zipf, permutation, philox
from seqbench.interfaces import UsageError

EXPECTED_WORDS = [1461313229704251989, 13351648611097965095]


def test_the_raw_words_are_frozen():
    words = philox(7, Purpose.SENTENCES, 2).random_raw(2)
    assert words.tolist() == EXPECTED_WORDS


def test_a_draw_is_the_high_word_of_the_product():
    bits = Bits(7, Purpose.SENTENCES, 2)
    last = int(philox(7, Purpose.SENTENCES, 2).random_raw(4096)[-1])
    assert bits.below(1000) == last * 1000 // 2**64


def test_streams_differ_by_seed_purpose_and_index():
    keys = [(s, p, i) for s in (0, 1) for p in Purpose for i in (0, 1)]
    assert len({int(philox(*key).random_raw()) for key in keys}) == len(keys)


def test_below_is_even():
    bits = Bits(0, Purpose.SENTENCES)
    counts = np.bincount([bits.below(5) for _ in range(10_000)], minlength=5)
    assert counts.size == 5
    assert abs(counts - 2000).max() < 200  # five standard deviations


def test_percent_and_weighted_follow_their_chances():
    bits = Bits(1, Purpose.SENTENCES)
    assert 2700 < sum(bits.percent(30) for _ in range(10_000)) < 3300
    counts = np.bincount([bits.weighted([60, 90, 100]) for _ in range(10_000)])
    assert abs(counts - [6000, 3000, 1000]).max() < 250


def test_zipf_weights_fall_with_an_exponent_of_five_quarters():
    weights = np.diff([0, *cumulative_zipf(200, 6)]).astype(float)
    ratio = weights / weights[0]
    np.testing.assert_allclose(ratio, (np.arange(6, 206) / 6) ** -1.25, rtol=2e-3)


def test_a_permutation_is_one():
    order = permutation(500, philox(0, Purpose.SUBSET))
    assert sorted(order.tolist()) == list(range(500))
    assert order.tolist() != sorted(order.tolist())


@pytest.mark.parametrize("seed", [-1, 2**64])
def test_a_seed_out_of_range(seed):
    with pytest.raises(UsageError, match=rf"the seed is {seed}, expected 0 to 2\^64 - 1"):
        philox(seed, Purpose.SENTENCES)
