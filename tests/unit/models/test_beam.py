"""The beam decoder: slots, ties, EOS, ranking, memory, settings."""

from __future__ import annotations

import math

import numpy as np
import pytest
from seqbench_numpy.backend import NumpyBackend
from seqbench_numpy.beam_select import BeamSelect

from seqbench.interfaces import (
    OutOfMemory,
    RangeError,
    SharedText,
    UnknownNameError,
    UnsupportedError,
)
from seqbench.kernels.beam_select import BEAM_SELECT
from seqbench.models.beam import BeamDecoder
from seqbench.models.scoring import pad_strings, score_sequences
from seqbench.testing.fixed_kernels import FixedKernels
from seqbench.testing.step_models import MarkovModel, RecurrentModel, sentences

BACKEND = NumpyBackend()
BOS, EOS, A, B = range(4)


@pytest.fixture(params=[SharedText, BeamSelect], ids=["shared", "tuned"])
def decoder(request):
    return BeamDecoder(FixedKernels(BACKEND, request.param(BEAM_SELECT, BACKEND)))


def markov(**rows):
    """One sentence over BOS EOS a b; rows are probabilities after that token, rest as `a`."""
    table = np.full((1, 4, 4), -np.inf)
    for token, name in enumerate(("bos", "eos", "a", "b")):
        for word, p in zip((EOS, A, B), rows.get(name, (1.0, 0.0, 0.0)), strict=True):
            table[0, token, word] = math.log(p) if p else -math.inf
    return MarkovModel(table, BACKEND, bos_id=BOS, eos_id=EOS)


TRAP = {"bos": (0.0, 0.6, 0.4), "a": (0.3, 0.4, 0.3), "b": (0.9, 0.1, 0.0)}
"""Greedy takes a, then a; the best string is b EOS with 0.36."""


def test_a_beam_of_two_finds_what_greedy_misses(decoder):
    model = markov(**TRAP)
    (best,) = decoder.decode(model, sentences(0), width=2, max_length=5)[0]
    assert best.tokens == (B,)
    assert best.log_prob == pytest.approx(math.log(0.4 * 0.9))
    assert best.finished
    assert best.length == 2  # EOS counts
    (greedy,) = decoder.decode(model, sentences(0), width=1, max_length=2)[0]
    assert greedy.tokens == (A, A)


def test_a_finished_hypothesis_keeps_its_slot(decoder):
    # After one step: a 0.6, EOS 0.4. The EOS slot stays though a's children crowd it out of the 2.
    model = markov(bos=(0.4, 0.6, 0.0), a=(0.0, 0.5, 0.5), b=(1.0, 0.0, 0.0))
    found = decoder.decode(model, sentences(0), width=2, max_length=4, n_best=2)[0]
    assert found[0].tokens == ()
    assert found[0].length == 1
    assert found[0].log_prob == pytest.approx(math.log(0.4))


def test_filled_ends_when_every_slot_is_finished(decoder):
    model = markov(bos=(0.5, 0.5, 0.0), a=(0.9, 0.1, 0.0))
    decoded = decoder.decode(model, sentences(0), width=2, max_length=50, poll_every=1, n_best=2)
    assert decoded.notes["steps"] == 2
    assert [h.tokens for h in decoded[0]] == [(), (A,)]


def test_ties_go_to_the_lowest_id(decoder):
    model = MarkovModel(np.zeros((1, 200, 200)), BACKEND, bos_id=0, eos_id=199)
    found = decoder.decode(model, sentences(0), width=3, max_length=2, n_best=3)[0]
    assert [h.tokens for h in found] == [(0, 0), (0, 1), (0, 2)]


def test_unfinished_hypotheses_are_told_and_ranked_last(decoder):
    model = markov(bos=(0.1, 0.9, 0.0), a=(0.0, 1.0, 0.0))
    found = decoder.decode(model, sentences(0), width=2, max_length=3, n_best=2)[0]
    assert [(h.tokens, h.finished, h.length) for h in found] == [
        ((), True, 1),
        ((A, A, A), False, 3),
    ]
    assert found[1].log_prob > found[0].log_prob


def test_a_beam_wider_than_the_vocabulary_fills_as_candidates_appear(decoder):
    model = markov(bos=(0.2, 0.5, 0.3), a=(0.5, 0.3, 0.2), b=(0.6, 0.2, 0.2))
    found = decoder.decode(model, sentences(0), width=50, max_length=3, n_best=50)[0]
    strings = [h.tokens for h in found]
    assert len(strings) == len(set(strings)) == 1 + 2 + 4 + 8  # those of three words are cut off
    assert sum(math.exp(h.log_prob) for h in found) == pytest.approx(1.0)


def test_length_normalisation_prefers_the_longer(decoder):
    model = markov(bos=(0.5, 0.5, 0.0), a=(0.9, 0.1, 0.0))
    plain = decoder.decode(model, sentences(0), width=2, max_length=4)[0][0]
    scored = decoder.decode(model, sentences(0), width=2, max_length=4, alpha=1.0)[0][0]
    assert plain.tokens == ()
    assert scored.tokens == (A,)
    assert scored.score == pytest.approx(math.log(0.45) / 2)


def test_bound_stops_when_nothing_live_can_beat_the_pool(decoder):
    model = markov(bos=(0.9, 0.1, 0.0), a=(0.0, 1.0, 0.0))
    decoded = decoder.decode(
        model, sentences(0), width=2, max_length=30, stop="bound", poll_every=1
    )
    assert decoded.notes["steps"] == 1
    assert decoded[0][0].tokens == ()


def test_bound_waits_while_a_longer_one_may_still_win(decoder):
    # log 0.5 now against log 0.45 / 2 later: at alpha 1 the bound keeps the search going.
    model = markov(bos=(0.5, 0.5, 0.0), a=(0.9, 0.1, 0.0))
    found = decoder.decode(
        model, sentences(0), width=2, max_length=6, stop="bound", alpha=1.0, n_best=2
    )[0]
    assert [h.tokens for h in found] == [(A,), ()]
    assert found[0].log_prob == pytest.approx(math.log(0.45))


def test_bound_keeps_a_hypothesis_that_ended_long_ago(decoder):
    model = markov(bos=(0.3, 0.7, 0.0), a=(0.01, 0.99, 0.0))
    found = decoder.decode(
        model, sentences(0), width=1, max_length=9, stop="bound", alpha=0.0, n_best=1
    )[0]
    assert found[0].tokens == ()
    assert found[0].log_prob == pytest.approx(math.log(0.3))


def test_bound_returns_the_unfinished_last_when_nothing_ends(decoder):
    model = markov(bos=(0.0, 1.0, 0.0), a=(0.0, 1.0, 0.0))
    (only,) = decoder.decode(model, sentences(0), width=2, max_length=4, stop="bound")[0]
    assert (only.tokens, only.finished) == ((A, A, A, A), False)


def test_states_follow_their_hypotheses(decoder):
    """log P as the model gives it to the strings, whichever slots they came through."""
    for seed in range(20):
        model = RecurrentModel(BACKEND, vocab_size=7, seed=seed, spread=0.5)
        found = decoder.decode(model, sentences(2), width=2, max_length=6, n_best=2)[0]
        targets, lengths = pad_strings([h.tokens for h in found], model.eos_id)
        lengths = lengths - np.array([not h.finished for h in found])
        batch = sentences(*[2] * len(found))
        scores = score_sequences(model, batch, targets, lengths, backend=BACKEND)
        np.testing.assert_allclose([h.log_prob for h in found], scores, rtol=1e-10)


def test_an_empty_batch_has_no_hypotheses(decoder):
    assert list(decoder.decode(markov(**TRAP), sentences(), width=2, max_length=3)) == []


def test_a_memory_limit_cuts_the_batch_and_changes_nothing(decoder):
    model = RecurrentModel(BACKEND, vocab_size=9, seed=3)
    batch = sentences(0, 1, 2, 3, 4, 5, 6)
    whole = decoder.decode(model, batch, width=4, max_length=6, n_best=2)
    limit = 0
    for limit in range(1000, 10**6, 1000):
        try:
            pieces = decoder.decode(
                model, batch, width=4, max_length=6, n_best=2, memory_limit_bytes=limit
            )
            break
        except OutOfMemory:
            continue
    assert pieces.notes["pieces"] == 7
    assert pieces.notes["sentences_at_once"] == 1
    two = decoder.decode(
        model, batch, width=4, max_length=6, n_best=2, memory_limit_bytes=3 * limit
    )
    assert 1 < two.notes["pieces"] < 7
    for other in (pieces, two):
        assert [[h.tokens for h in s] for s in other] == [[h.tokens for h in s] for s in whole]


def test_one_sentence_over_the_limit_is_told(decoder):
    model = RecurrentModel(BACKEND, vocab_size=9, seed=3)
    message = r"beam: width 3 needs [\d,]+ bytes for one sentence, the limit is 100; lower the wid"
    with pytest.raises(OutOfMemory, match=message):
        decoder.decode(model, sentences(0), width=3, max_length=6, memory_limit_bytes=100)


def test_a_batch_that_cannot_be_cut_is_told(decoder):
    class Odd:
        size = 2

    model = RecurrentModel(BACKEND, vocab_size=9, seed=3)
    one = decoder._own_bytes((BEAM_SELECT.Dims(3, 1, 9)), "float64", 6) + model.state_bytes(3, 1)
    with pytest.raises(UnsupportedError, match=r"a batch of type Odd cannot be cut into sentences"):
        decoder.decode(model, Odd(), width=3, max_length=6, memory_limit_bytes=one)


def test_nan_logits_are_an_error_that_names_the_sentence(decoder):
    table = np.zeros((2, 4, 4))
    table[1] = np.nan
    model = MarkovModel(table, BACKEND)
    with pytest.raises(RangeError, match="beam: no continuation of sentence 1 has a finite score"):
        decoder.decode(model, sentences(0, 1), width=2, max_length=3)


@pytest.mark.parametrize(
    ("setting", "error", "message"),
    [
        ({"width": 0}, RangeError, "beam: width is 0, expected an integer of at least 1; set wid"),
        ({"width": -1}, RangeError, "beam: width is -1, expected"),
        ({"width": 2.5}, RangeError, "beam: width is 2.5, expected an integer"),
        ({"width": True}, RangeError, "beam: width is True, expected an integer"),
        ({"width": "3"}, RangeError, "beam: width is '3', expected an integer"),
        ({"max_length": 0}, RangeError, "beam: max_length is 0, expected"),
        ({"poll_every": 0}, RangeError, "beam: poll_every is 0, expected"),
        ({"n_best": 0}, RangeError, "beam: n_best is 0, expected"),
        ({"n_best": 3}, RangeError, "beam: n_best is 3, expected at most width = 2; widen"),
        ({"alpha": 1.5}, RangeError, "beam: alpha is 1.5, expected a number from 0"),
        ({"alpha": -0.1}, RangeError, "beam: alpha is -0.1, expected a number from 0"),
        ({"alpha": math.nan}, RangeError, "beam: alpha is nan, expected a number from 0"),
        ({"alpha": "1"}, RangeError, "beam: alpha is '1', expected a number from 0"),
        ({"penalty": "gnmtt"}, UnknownNameError, "no length penalty named 'gnmtt'; did you mean"),
        ({"stop": "full"}, UnknownNameError, "no stop rule named 'full'"),
    ],
)
def test_a_setting_out_of_range_is_told(decoder, setting, error, message):
    settings = {"width": 2, "max_length": 3, **setting}
    with pytest.raises(error, match=message):
        decoder.decode(markov(**TRAP), sentences(0), **settings)
