"""Searches against brute force, each other, and themselves one sentence at a time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from seqbench_numpy.backend import NumpyBackend
from seqbench_numpy.beam_select import BeamSelect

from seqbench.interfaces import SharedText
from seqbench.kernels.beam_select import BEAM_SELECT
from seqbench.models.beam import BeamDecoder
from seqbench.models.exhaustive import exhaustive_search
from seqbench.models.greedy import GreedyDecoder
from seqbench.models.scoring import pad_strings, score_sequences
from seqbench.testing.fixed_kernels import FixedKernels
from seqbench.testing.step_models import RecurrentModel, sentences

BACKEND = NumpyBackend()
BEAMS = [
    BeamDecoder(FixedKernels(BACKEND, SharedText(BEAM_SELECT, BACKEND))),
    BeamDecoder(FixedKernels(BACKEND, BeamSelect(BEAM_SELECT, BACKEND))),
]
GREEDY = GreedyDecoder(FixedKernels(BACKEND))
MARGIN = 1e-6
"""Near ties below it are left out: a GEMM's rounding depends on the batch it is in."""

seeds = st.integers(0, 10**6)
spreads = st.sampled_from([0.3, 2.0, 50.0])
objectives = st.sampled_from(
    [(0.0, "power"), (0.4, "power"), (1.0, "power"), (0.8, "gnmt"), (1.0, "none")]
)
stops = st.sampled_from(["filled", "bound"])
checked = settings(max_examples=40, deadline=None, derandomize=True, database=None)


def apart(scores):
    """Whether sorted scores are further from each other than the margin."""
    return np.all(-np.diff(scores) > MARGIN)


@checked
@given(seed=seeds, spread=spreads, objective=objectives, stop=stops, poll=st.integers(1, 5))
def test_a_beam_as_wide_as_the_space_is_exact(seed, spread, objective, stop, poll):
    """V = 4, at most 4 tokens: 40 strings that end, 81 that do not."""
    alpha, penalty = objective
    model = RecurrentModel(BACKEND, vocab_size=4, seed=seed, spread=spread)
    batch = sentences(0, 3, 5)
    options = {"max_length": 4, "alpha": alpha, "penalty": penalty, "n_best": 4}
    best = exhaustive_search(model, batch, backend=BACKEND, **options)
    assume(all(apart([h.score for h in sentence]) for sentence in best))
    for beam in BEAMS:
        found = beam.decode(model, batch, width=121, stop=stop, poll_every=poll, **options)
        for got, expected in zip(found, best, strict=True):
            assert [h.tokens for h in got] == [h.tokens for h in expected]
            assert [h.length for h in got] == [h.length for h in expected]
            np.testing.assert_allclose(
                [h.score for h in got], [h.score for h in expected], rtol=1e-10, atol=1e-12
            )


@checked
@given(seed=seeds, spread=spreads, max_length=st.integers(1, 15), vocab=st.integers(2, 150))
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_beam_of_one_is_greedy_to_the_last_bit(dtype, seed, spread, max_length, vocab):
    model = RecurrentModel(BACKEND, vocab_size=vocab, seed=seed, spread=spread, dtype=dtype)
    batch = sentences(0, 1, 2, 3)
    greedy = GREEDY.decode(model, batch, max_length=max_length, alpha=0.5)
    for beam in BEAMS:
        found = beam.decode(model, batch, width=1, max_length=max_length, alpha=0.5)
        assert found.sentences == greedy.sentences


@checked
@given(seed=seeds, width=st.integers(1, 12), objective=objectives, stop=stops)
def test_batched_equals_one_by_one(seed, width, objective, stop):
    alpha, penalty = objective
    model = RecurrentModel(BACKEND, vocab_size=11, seed=seed)
    options = {"width": width, "max_length": 8, "alpha": alpha, "penalty": penalty, "stop": stop}
    ids = (0, 3, 4)
    for beam in BEAMS:
        together = beam.decode(model, sentences(*ids), n_best=width, **options)
        assume(all(apart([h.score for h in s if h.finished]) for s in together))
        for i, sentence in enumerate(ids):
            (alone,) = beam.decode(
                model, sentences(sentence), n_best=width, poll_every=1, **options
            )
            assert alone[0].tokens == together[i][0].tokens
            assert alone[0].score == pytest.approx(together[i][0].score, rel=1e-10, abs=1e-12)


@checked
@given(seed=seeds, width=st.integers(1, 200), objective=objectives, stop=stops, spread=spreads)
def test_tuned_and_shared_beams_are_equal(seed, width, objective, stop, spread):
    alpha, penalty = objective
    model = RecurrentModel(BACKEND, vocab_size=9, seed=seed, spread=spread)
    options = {"width": width, "max_length": 6, "alpha": alpha, "penalty": penalty, "stop": stop}
    shared, tuned = (b.decode(model, sentences(0, 1), n_best=width, **options) for b in BEAMS)
    assert shared.sentences == tuned.sentences


@checked
@given(seed=seeds, width=st.integers(1, 30), stop=stops)
def test_what_the_beam_reports_is_what_the_model_says(seed, width, stop):
    """log P by teacher forcing, over every hypothesis of the n-best list; none comes twice."""
    model = RecurrentModel(BACKEND, vocab_size=7, seed=seed)
    (found,) = BEAMS[1].decode(
        model, sentences(2), width=width, max_length=6, stop=stop, n_best=width
    )
    targets, lengths = pad_strings([h.tokens for h in found], model.eos_id)
    lengths = lengths - np.array([not h.finished for h in found])
    scores = score_sequences(model, sentences(*[2] * len(found)), targets, lengths, backend=BACKEND)
    np.testing.assert_allclose([h.log_prob for h in found], scores, rtol=1e-10)
    assert [h.length for h in found] == lengths.tolist()
    assert len({(h.tokens, h.finished) for h in found}) == len(found)
    finished = [h.finished for h in found]
    assert finished == sorted(finished, reverse=True)


@checked
@given(seed=seeds)
def test_float32_finds_what_float64_finds(seed):
    found = []
    for dtype in ("float32", "float64"):
        model = RecurrentModel(BACKEND, vocab_size=20, seed=seed, dtype=dtype)
        options = {"width": 4, "max_length": 7, "n_best": 4, "alpha": 0.6}
        found.append(BEAMS[1].decode(model, sentences(0, 1), **options))
    for narrow, wide in zip(*found, strict=True):
        assume(np.all(np.abs(np.diff([h.score for h in wide])) > 1e-3))
        assert narrow[0].score == pytest.approx(wide[0].score, rel=1e-5)
