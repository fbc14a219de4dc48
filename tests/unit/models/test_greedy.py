"""Greedy search: the best token a step, ties, memory, settings."""

from __future__ import annotations

import math

import numpy as np
import pytest
from seqbench_numpy.backend import NumpyBackend

from seqbench.interfaces import OutOfMemory, RangeError, SharedText, UnknownNameError
from seqbench.kernels.beam_select import BEAM_SELECT
from seqbench.models.beam import BeamDecoder
from seqbench.models.greedy import GreedyDecoder
from seqbench.testing.fixed_kernels import FixedKernels
from seqbench.testing.step_models import MarkovModel, RecurrentModel, sentences

BACKEND = NumpyBackend()
GREEDY = GreedyDecoder(FixedKernels(BACKEND))


def chain_model():
    """Sentence 0 writes 2 3 EOS, sentence 1 ends at once; ids: BOS 0, EOS 1."""
    table = np.full((2, 4, 4), -1.0)
    table[0, 0, 2] = table[0, 2, 3] = table[0, 3, 1] = 2.0
    table[1, :, 1] = 2.0
    return MarkovModel(table, BACKEND)


def test_it_takes_the_best_token_until_eos():
    first, second = (s[0] for s in GREEDY.decode(chain_model(), sentences(0, 1), max_length=9))
    log_p = 2.0 - math.log(math.exp(2.0) + 3 * math.exp(-1.0))
    assert (first.tokens, first.length, first.finished) == ((2, 3), 3, True)
    assert (second.tokens, second.length, second.finished) == ((), 1, True)
    assert first.log_prob == pytest.approx(3 * log_p, rel=1e-14)
    assert second.log_prob == pytest.approx(log_p, rel=1e-14)


def test_max_length_cuts_and_tells():
    ((only,),) = GREEDY.decode(chain_model(), sentences(0), max_length=2)
    assert (only.tokens, only.length, only.finished) == ((2, 3), 2, False)


def test_the_score_is_normalised():
    ((only,),) = GREEDY.decode(chain_model(), sentences(0), max_length=9, alpha=0.6, penalty="gnmt")
    assert only.score == pytest.approx(only.log_prob / (8 / 6) ** 0.6)


def test_ties_go_to_the_lowest_id():
    model = MarkovModel(np.zeros((1, 5, 5)), BACKEND, bos_id=0, eos_id=4)
    ((only,),) = GREEDY.decode(model, sentences(0), max_length=3)
    assert only.tokens == (0, 0, 0)


def test_a_tie_of_the_running_log_p_is_a_tie():
    """2e-6 is seen beside -4, and lost beside -100 in float32; the beam sees it alike."""
    table = np.zeros((1, 64, 64), np.float32)
    table[:, :, 5] = 2e-6
    model = MarkovModel(table, BACKEND, bos_id=0, eos_id=63)
    ((only,),) = GREEDY.decode(model, sentences(0), max_length=40)
    assert only.tokens[0] == 5
    assert set(only.tokens) == {0, 5}
    beam = BeamDecoder(FixedKernels(BACKEND, SharedText(BEAM_SELECT, BACKEND)))
    assert beam.decode(model, sentences(0), width=1, max_length=40)[0] == [only]


def test_polling_does_not_change_the_result():
    model = RecurrentModel(BACKEND, vocab_size=6, seed=1)
    found = [
        GREEDY.decode(model, sentences(0, 1, 2), max_length=20, poll_every=n).sentences
        for n in (1, 2, 7, 50)
    ]
    assert all(other == found[0] for other in found)


def test_a_memory_limit_cuts_the_batch():
    model = chain_model()
    whole = GREEDY.decode(model, sentences(0, 1, 0), max_length=5)
    pieces = GREEDY.decode(model, sentences(0, 1, 0), max_length=5, memory_limit_bytes=400)
    assert whole.notes == {"pieces": 1, "sentences_at_once": 3}
    assert pieces.notes["pieces"] > 1
    assert pieces.sentences == whole.sentences
    with pytest.raises(OutOfMemory, match=r"greedy: width 1 needs .* limit is 10; lower the width"):
        GREEDY.decode(model, sentences(0), max_length=5, memory_limit_bytes=10)


def test_an_empty_batch_has_no_hypotheses():
    assert len(GREEDY.decode(chain_model(), sentences(), max_length=5)) == 0


def test_nan_logits_are_an_error():
    model = MarkovModel(np.full((1, 3, 3), np.nan), BACKEND)
    with pytest.raises(RangeError, match="greedy: no continuation of sentence 0 has a finite"):
        GREEDY.decode(model, sentences(0), max_length=2)


@pytest.mark.parametrize(
    ("setting", "error", "message"),
    [
        ({"max_length": 0}, RangeError, "greedy: max_length is 0, expected an integer of at least"),
        ({"alpha": 2}, RangeError, "greedy: alpha is 2, expected a number from 0"),
        ({"penalty": "x"}, UnknownNameError, "no length penalty named 'x'"),
    ],
)
def test_a_setting_out_of_range_is_told(setting, error, message):
    with pytest.raises(error, match=message):
        GREEDY.decode(chain_model(), sentences(0), **{"max_length": 3, **setting})
