"""Texts drawn from step models: reproducible, distributed as the model says, ended by EOS."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy.stats import chisquare
from seqbench_numpy.backend import NumpyBackend
from seqbench_numpy.sample import Sample

from seqbench.interfaces import RangeError, SharedText
from seqbench.kernels.sample import SAMPLE
from seqbench.models.greedy import GreedyDecoder
from seqbench.models.sampling import SamplingDecoder
from seqbench.models.scoring import score_sequences
from seqbench.testing.fixed_kernels import FixedKernels
from seqbench.testing.reusing import Reusing
from seqbench.testing.step_models import MarkovModel, RecurrentModel, sentences

BACKEND = NumpyBackend()
KERNELS = FixedKernels(BACKEND, Sample(SAMPLE, BACKEND))
SHARED = FixedKernels(BACKEND, Reusing(SharedText(SAMPLE, BACKEND)))
EOS = 1
DRAWS = 4000


def model(vocab_size=6, seed=0, **options):
    return RecurrentModel(BACKEND, vocab_size=vocab_size, seed=seed, **options)


def sample(step_model, batch, kernels=KERNELS, **settings):
    return SamplingDecoder(kernels).decode(step_model, batch, **{"max_length": 12} | settings)


def test_strings_follow_the_model():
    """Every string of up to two tokens, as often as its probability says."""
    table = np.random.default_rng(0).normal(size=(1, 3, 3))
    found = sample(MarkovModel(table, BACKEND), sentences(0), max_length=2, num_samples=DRAWS)[0]
    log_p = table[0] - np.log(np.exp(table[0]).sum(axis=1, keepdims=True))
    expected = {(): math.exp(log_p[0, EOS])}
    for first, second in itertools.product((0, 2), range(3)):
        tokens = (first,) if second == EOS else (first, second)
        expected[tokens] = math.exp(log_p[0, first] + log_p[first, second])
    assert sum(expected.values()) == pytest.approx(1)
    counts = [sum(h.tokens == tokens for h in found) for tokens in expected]
    assert chisquare(counts, [DRAWS * p for p in expected.values()]).pvalue > 1e-3


def test_the_same_seed_draws_the_same_on_any_kernel():
    one = sample(model(), sentences(0, 1, 2), num_samples=5, seed=3)
    other = sample(model(), sentences(0, 1, 2), kernels=SHARED, num_samples=5, seed=3)
    assert list(one) == list(other)
    assert list(one) != list(sample(model(), sentences(0, 1, 2), num_samples=5, seed=4))


def test_samples_of_one_sentence_differ():
    found = sample(model(), sentences(0), num_samples=30)[0]
    assert len({h.tokens for h in found}) > 10


def test_log_p_is_the_models_own():
    """Of temperature and top-k it knows nothing."""
    steps = model(seed=2)
    for settings in ({}, {"temperature": 0.5}, {"top_k": 2}):
        found = [n[0] for n in sample(steps, sentences(0, 1, 2), **settings)]
        ids = [(*h.tokens, *([EOS] if h.finished else [])) for h in found]
        lengths = np.array([len(i) for i in ids])
        targets = np.full((lengths.max(), 3), EOS)
        for b, tokens in enumerate(ids):
            targets[: len(tokens), b] = tokens
        expected = score_sequences(steps, sentences(0, 1, 2), targets, lengths, backend=BACKEND)
        np.testing.assert_allclose([h.log_prob for h in found], expected, rtol=1e-10)
        assert [h.length for h in found] == lengths.tolist()


def test_a_temperature_of_zero_is_greedy_search():
    for seed in range(5):
        steps = model(seed=seed)
        greedy = GreedyDecoder(FixedKernels(BACKEND)).decode(
            steps, sentences(0, 1, 2), max_length=12
        )
        for settings in ({"temperature": 0}, {"top_k": 1}):
            found = sample(steps, sentences(0, 1, 2), **settings)
            assert [n[0].tokens for n in found] == [n[0].tokens for n in greedy]


def test_a_text_ends_with_eos_or_is_told_not_to():
    found = [h for n in sample(model(), sentences(0, 1), num_samples=40, max_length=4) for h in n]
    assert {h.finished for h in found} == {True, False}
    for h in found:
        assert EOS not in h.tokens
        assert h.length == len(h.tokens) + h.finished
        assert h.finished or h.length == 4


@pytest.mark.parametrize("poll_every", [1, 3, 100])
def test_looking_at_the_flags_changes_nothing(poll_every):
    expected = sample(model(), sentences(0, 1), num_samples=3)
    assert list(sample(model(), sentences(0, 1), num_samples=3, poll_every=poll_every)) == list(
        expected
    )


def test_it_stops_when_all_have_ended():
    table = np.full((1, 3, 3), -50.0)
    table[..., EOS] = 50.0
    found = sample(MarkovModel(table, BACKEND), sentences(0), max_length=100, poll_every=2)
    assert found.notes["steps"] == 2
    assert found[0][0].tokens == ()


def test_no_sentence():
    assert list(sample(model(), sentences())) == []


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"temperature": -1}, r"sampling: temperature is -1, expected 0 \(the most probable"),
        ({"top_k": 7}, "sampling: top_k is 7, expected an integer from 1 to V = 6"),
        ({"num_samples": 0}, "sampling: num_samples is 0, expected an integer of at least 1"),
        ({"max_length": 0}, "sampling: max_length is 0, expected an integer of at least 1"),
        ({"seed": -1}, "sample: seed is -1, expected 0 to"),
    ],
)
def test_settings_out_of_range(settings, message):
    with pytest.raises(RangeError, match=message):
        sample(model(), sentences(0), **settings)


def test_a_model_of_nan():
    table = np.full((1, 3, 3), np.nan)
    with pytest.raises(RangeError, match=r"the logits hold NaN or .inf, .*look at the model's"):
        sample(MarkovModel(table, BACKEND), sentences(0))


def test_a_model_that_becomes_nan_under_way():
    table = np.zeros((1, 3, 3))
    table[0, 0] = [-99.0, -99.0, 0.0]  # after the start comes token 2, and after that nothing
    table[0, 2] = np.nan
    for kernels in (KERNELS, SHARED):
        with pytest.raises(RangeError, match="sampling: the logits became NaN in a text under way"):
            sample(MarkovModel(table, BACKEND), sentences(0), kernels=kernels)
