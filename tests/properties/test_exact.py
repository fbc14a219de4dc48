"""Exact search against brute force and the beam."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from seqbench_numpy.backend import NumpyBackend

from seqbench.interfaces import OutOfMemory, RangeError, SharedText, UnknownNameError
from seqbench.kernels.beam_select import BEAM_SELECT
from seqbench.models.beam import BeamDecoder
from seqbench.models.exact import ExactBreadthDecoder, ExactDepthDecoder
from seqbench.models.exact_space import Incumbents, TooManyExpansionsError
from seqbench.models.exhaustive import exhaustive_search, num_strings
from seqbench.models.true_search_errors import TrueSearchErrors
from seqbench.testing.fixed_kernels import FixedKernels
from seqbench.testing.step_models import MarkovModel, RecurrentModel, sentences

BACKEND = NumpyBackend()
KERNELS = FixedKernels(BACKEND, SharedText(BEAM_SELECT, BACKEND))
BREADTH, DEPTH = ExactBreadthDecoder(KERNELS), ExactDepthDecoder(KERNELS)
BEAM = BeamDecoder(KERNELS)
SEARCHES = pytest.mark.parametrize("search", [BREADTH, DEPTH], ids=["breadth", "depth"])
MARGIN = 1e-9

seeds = st.integers(0, 10**6)
spreads = st.sampled_from([0.3, 2.0, 50.0])
objectives = st.sampled_from(
    [(0.0, "power"), (0.4, "power"), (1.0, "power"), (0.8, "gnmt"), (1.0, "none")]
)
checked = settings(max_examples=40, deadline=None, derandomize=True, database=None)


@SEARCHES
@checked
@given(
    seed=seeds,
    spread=spreads,
    objective=objectives,
    vocab=st.integers(2, 5),
    max_length=st.integers(1, 5),
    n_best=st.integers(1, 4),
    width=st.integers(1, 9),
)
def test_exact_equals_brute_force(
    search, seed, spread, objective, vocab, max_length, n_best, width
):
    alpha, penalty = objective
    model = RecurrentModel(BACKEND, vocab_size=vocab, seed=seed, spread=spread)
    batch = sentences(0, 3, 5)
    options = {"max_length": max_length, "alpha": alpha, "penalty": penalty, "n_best": n_best}
    expected = exhaustive_search(model, batch, backend=BACKEND, **options)
    for sentence in expected:
        assume(np.all(-np.diff([h.score for h in sentence]) > MARGIN))
    found = search.decode(model, batch, width=width, **options)
    for got, wanted in zip(found, expected, strict=True):
        assert [h.tokens for h in got] == [h.tokens for h in wanted]
        assert [h.length for h in got] == [h.length for h in wanted]
        assert all(h.finished for h in got)
        scores = [[h.score for h in one] for one in (got, wanted)]
        np.testing.assert_allclose(*scores, rtol=1e-10, atol=1e-12)
        log_probs = [[h.log_prob for h in one] for one in (got, wanted)]
        np.testing.assert_allclose(*log_probs, rtol=1e-10, atol=1e-12)


@SEARCHES
@checked
@given(
    seed=seeds,
    spread=st.sampled_from([1.0, 4.0]),
    objective=objectives,
    width=st.integers(1, 6),
    stop=st.sampled_from(["filled", "bound"]),
)
def test_exact_is_never_worse_than_a_beam(search, seed, spread, objective, width, stop):
    alpha, penalty = objective
    model = RecurrentModel(BACKEND, vocab_size=7, seed=seed, spread=spread)
    batch = sentences(1, 2)
    options = {"max_length": 6, "alpha": alpha, "penalty": penalty}
    beam = BEAM.decode(model, batch, width=width, stop=stop, **options)
    exact = search.decode(model, batch, **options)
    for best, other in zip(exact, beam, strict=True):
        assert best[0].finished
        if other[0].finished:
            assert best[0].score >= other[0].score - MARGIN


@SEARCHES
@checked
@given(seed=seeds, objective=objectives, width=st.integers(1, 8))
def test_what_is_known_changes_nothing_but_the_work(search, seed, objective, width):
    alpha, penalty = objective
    model = RecurrentModel(BACKEND, vocab_size=6, seed=seed, spread=3.0)
    batch = sentences(0, 4)
    options = {"max_length": 5, "alpha": alpha, "penalty": penalty}
    plain = search.decode(model, batch, width=width, **options)
    best = [[sentence[0].tokens] for sentence in plain]
    told = search.decode(model, batch, width=width, known=best, **options)
    assert [s[0].tokens for s in told] == [s[0].tokens for s in plain]
    assert told.notes["expansions"] <= plain.notes["expansions"]


def table(*rows):
    """(1, V, V) log-probabilities out of probabilities; BOS 0, EOS 1."""
    with np.errstate(divide="ignore"):
        return np.log(np.array([rows], np.float64))


@SEARCHES
def test_ties_go_to_the_shorter_then_to_the_lower_ids(search):
    even = [0.25, 0.25, 0.25, 0.25]
    model = MarkovModel(table(even, even, even, even), BACKEND)
    (found,) = search.decode(model, sentences(0), max_length=3, n_best=5, width=3)
    assert [h.tokens for h in found] == [(), (0,), (2,), (3,), (0, 0)]


@SEARCHES
def test_a_certain_continuation_is_no_tie_lost(search):
    """log P stays the same along the chain, and alpha 1 prefers the longest of it."""
    certain = table([0, 0, 1.0], [0, 1.0, 0], [0, 0.5, 0.5])
    model = MarkovModel(certain, BACKEND)
    (plain,) = search.decode(model, sentences(0), max_length=6)
    (normalised,) = search.decode(model, sentences(0), max_length=6, alpha=1.0)
    assert plain[0].tokens == (2,)
    assert normalised[0].tokens == (2,)  # log 0.5 / 2 beats 2 log 0.5 / 3
    assert normalised[0].score == pytest.approx(np.log(0.5) / 2)


@SEARCHES
def test_at_alpha_above_zero_a_longer_string_may_beat_its_prefix(search):
    """The notes' bound, log P of the prefix against the best score, would cut the winner off."""
    probabilities = table([0, 0.3, 0.7], [0, 1.0, 0], [0, 0.1, 0.9])
    model = MarkovModel(probabilities, BACKEND)
    options = {"max_length": 8, "alpha": 1.0}
    (expected,) = exhaustive_search(model, sentences(0), backend=BACKEND, **options)
    (found,) = search.decode(model, sentences(0), **options)
    assert found[0].tokens == expected[0].tokens == (2,) * 7
    prefix = np.log(0.7) + np.log(0.9)  # of its first two tokens, of the winner's eight
    assert prefix < found[0].score < prefix / 8


@SEARCHES
def test_where_nothing_ends_the_cut_off_string_is_told(search):
    endless = table([0, 0, 0.4, 0.6], [0, 1.0, 0, 0], [0, 0, 0.9, 0.1], [0, 0, 0.5, 0.5])
    model = MarkovModel(endless, BACKEND)
    (found,) = search.decode(model, sentences(0), max_length=3)
    assert (found[0].tokens, found[0].finished, found[0].length) == ((2, 2, 2), False, 3)
    beam = BEAM.decode(model, sentences(0), width=9, max_length=3)[0][0]
    assert found[0].tokens == beam.tokens
    assert found[0].log_prob == pytest.approx(beam.log_prob)


@SEARCHES
def test_bounds_save_work_and_the_count_is_told(search):
    model = RecurrentModel(BACKEND, vocab_size=6, seed=3, spread=4.0)
    found = search.decode(model, sentences(0, 1), max_length=6, width=1)
    every_prefix = num_strings(6, 6)  # as many prefixes as strings that end after them
    assert sum(found.notes["by_sentence"]) == found.notes["expansions"]
    assert 0 < found.notes["expansions"] < 2 * every_prefix / 10


@SEARCHES
def test_the_limit_on_expansions_is_clear(search):
    model = RecurrentModel(BACKEND, vocab_size=9, seed=0, spread=0.1)
    message = (
        rf"{search.operation}: sentence 0 needs more than 50 expanded prefixes "
        r"\(V = 9, max_length 9\), expected a small space; .*max_expansions"
    )
    with pytest.raises(TooManyExpansionsError, match=message):
        search.decode(model, sentences(0), max_length=9, alpha=1.0, max_expansions=50)


@SEARCHES
def test_bad_settings_and_bad_logits_are_told(search):
    model = RecurrentModel(BACKEND, vocab_size=4, seed=0)
    with pytest.raises(RangeError, match="max_length is 0, expected an integer of at least 1"):
        search.decode(model, sentences(0), max_length=0)
    with pytest.raises(RangeError, match="width is 0"):
        search.decode(model, sentences(0), max_length=2, width=0)
    with pytest.raises(RangeError, match="alpha is 2"):
        search.decode(model, sentences(0), max_length=2, alpha=2)
    with pytest.raises(UnknownNameError, match="no length penalty named 'pwr'"):
        search.decode(model, sentences(0), max_length=2, penalty="pwr")
    nothing = MarkovModel(np.full((1, 3, 3), np.nan), BACKEND)
    with pytest.raises(RangeError, match="the logits of sentence 0 are NaN"):
        search.decode(nothing, sentences(0), max_length=2)


def test_memory_bounds_the_breadth():
    model = RecurrentModel(BACKEND, vocab_size=8, seed=0, spread=0.1)
    options = {"max_length": 4, "alpha": 1.0, "memory_limit_bytes": 2000}
    with pytest.raises(OutOfMemory, match=r"exact_breadth: .* prefixes .* search depth first"):
        BREADTH.decode(model, sentences(0), **options)
    assert DEPTH.decode(model, sentences(0), width=1, **options)[0][0].finished


@SEARCHES
def test_no_sentence_no_answer(search):
    model = RecurrentModel(BACKEND, vocab_size=4, seed=0)
    assert list(search.decode(model, sentences(), max_length=3)) == []


def test_incumbents_keep_each_string_once():
    best = Incumbents(2)
    for log_prob in (-1.0, -1.0 + 1e-12):
        best.offer([4], log_prob, log_prob)
    assert [h.tokens for h in best.hypotheses()] == [(4,)]
    assert best.threshold == -np.inf
    best.offer([5], -3.0, -3.0)
    best.offer([6], -4.0, -4.0)
    assert best.threshold == -3.0


@checked
@given(seed=seeds, spread=st.sampled_from([1.0, 4.0]), objective=objectives)
def test_true_search_errors_are_those_that_brute_force_finds(seed, spread, objective):
    alpha, penalty = objective
    model = RecurrentModel(BACKEND, vocab_size=5, seed=seed, spread=spread)
    batch = sentences(0, 1, 2, 3)
    options = {"max_length": 5, "alpha": alpha, "penalty": penalty}
    outputs = [found[0] for found in BEAM.decode(model, batch, width=1, **options)]
    best = exhaustive_search(model, batch, backend=BACKEND, **options)
    expected = [
        not h.finished or b[0].score > h.score + 1e-7 for h, b in zip(outputs, best, strict=True)
    ]
    assert TrueSearchErrors(KERNELS).analyse(model, batch, outputs, **options) == expected


def test_a_space_too_large_is_undecided():
    model = RecurrentModel(BACKEND, vocab_size=9, seed=0, spread=0.1)
    options = {"max_length": 9, "alpha": 1.0}
    outputs = [found[0] for found in BEAM.decode(model, sentences(0, 1), width=1, **options)]
    judge = TrueSearchErrors(KERNELS)
    found = judge.analyse(model, sentences(0, 1), outputs, max_expansions=20, **options)
    assert found == [None, None]
    with pytest.raises(RangeError, match="2 hypotheses of 1 sentences, expected one each"):
        judge.analyse(model, sentences(0), outputs, **options)
