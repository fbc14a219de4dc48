"""Teacher-forced scores, length penalties, and the brute-force search."""

from __future__ import annotations

import math

import numpy as np
import pytest
from seqbench_numpy.backend import NumpyBackend

from seqbench.interfaces import RangeError, ShapeError, SharedText, UnknownNameError
from seqbench.kernels.length_penalty import (
    LENGTH_PENALTY,
    LengthPenaltyInputs,
    LengthPenaltyParams,
    length_penalty,
)
from seqbench.models.exhaustive import exhaustive_search, num_strings
from seqbench.models.scoring import pad_strings, score_hypotheses, score_sequences
from seqbench.testing.fixed_kernels import FixedKernels
from seqbench.testing.step_models import MarkovModel, RecurrentModel, sentences

BACKEND = NumpyBackend()
PENALTY = SharedText(LENGTH_PENALTY, BACKEND)


def bigrams():
    """p(1=EOS) = 0.25, p(2) = 0.75 after BOS; EOS 0.5, 2 0.5 after 2; sentence 1 the reverse."""
    table = np.full((2, 3, 3), -np.inf)
    table[0, 0, 1:] = np.log([0.25, 0.75])
    table[0, 2, 1:] = np.log([0.5, 0.5])
    table[1, 0, 1:] = np.log([0.75, 0.25])
    table[1, 2, 1:] = np.log([0.9, 0.1])
    return MarkovModel(table, BACKEND)


def test_log_p_is_the_sum_over_steps():
    targets, lengths = pad_strings([[2, 2], []], eos_id=1)
    scores = score_sequences(bigrams(), sentences(0, 1), targets, lengths, backend=BACKEND)
    np.testing.assert_allclose(np.exp(scores), [0.75 * 0.5 * 0.5, 0.75])
    assert scores.dtype == np.float64


def test_a_zero_length_scores_zero_and_padding_does_not_matter():
    model = bigrams()
    targets = np.array([[2, 2], [1, 2], [0, 0]])
    scores = score_sequences(model, sentences(0, 0), targets, [2, 0], backend=BACKEND)
    np.testing.assert_allclose(scores, [math.log(0.75 * 0.5), 0.0])


def test_several_strings_a_sentence_score_as_one_by_one():
    model = RecurrentModel(BACKEND, vocab_size=6, seed=0)
    rng = np.random.default_rng(1)
    targets, lengths = rng.integers(0, 6, (4, 3, 2)), rng.integers(0, 5, (3, 2))
    both = score_hypotheses(model, sentences(1, 4), targets, lengths, backend=BACKEND)
    for k in range(3):
        one = score_sequences(model, sentences(1, 4), targets[:, k], lengths[k], backend=BACKEND)
        np.testing.assert_allclose(both[k], one, rtol=1e-12)


@pytest.mark.parametrize(
    ("targets", "lengths", "error", "message"),
    [
        (np.zeros((2, 3), int), [1, 1], ShapeError, r"expected \(T, K, B\) and \(K, B\)"),
        (np.zeros((2, 2), int), [1, 3], RangeError, "lengths span 1 to 3, expected 0 to T = 2"),
        (np.full((2, 2), 3), [1, 1], RangeError, "ids span 3 to 3, expected 0 to V - 1 = 2"),
    ],
)
def test_bad_targets_are_told(targets, lengths, error, message):
    with pytest.raises(error, match=message):
        score_sequences(bigrams(), sentences(0, 1), targets, lengths, backend=BACKEND)


def test_the_penalties_by_hand():
    assert length_penalty(7, penalty="power", alpha=0.5) == pytest.approx(math.sqrt(7))
    assert length_penalty(7, penalty="gnmt", alpha=0.5) == pytest.approx(math.sqrt(2))
    assert length_penalty(7, penalty="none", alpha=0.5) == 1.0
    assert length_penalty(7, penalty="power", alpha=0.0) == 1.0


@pytest.mark.parametrize("penalty", ["power", "gnmt", "none"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_shared_text_equals_the_divisor(penalty, dtype):
    log_probs, lengths = np.array([-3.0, -8.0, 0.0], dtype), np.array([1, 7, 30], np.int32)
    inputs = LengthPenaltyInputs(log_probs, lengths, 0.7, penalty)
    scores = PENALTY(LengthPenaltyParams(), inputs).scores
    divisors = [length_penalty(int(n), penalty=penalty, alpha=0.7) for n in lengths]
    np.testing.assert_allclose(scores, log_probs / divisors, rtol=1e-6)
    assert scores.dtype == dtype


@pytest.mark.parametrize(
    ("inputs", "error", "message"),
    [
        (([0.0], [1], 2.0, "power"), RangeError, "length_penalty: alpha is 2.0, expected a number"),
        (([0.0], [1], 1.0, "pow"), UnknownNameError, "no length penalty named 'pow'; did you mean"),
        (([0.0], [0], 1.0, "power"), RangeError, "length_penalty: a length is 0, expected at leas"),
        (([0.0], [1, 2], 1.0, "power"), ShapeError, r"lengths is \(2,\), expected \(1,\)"),
    ],
)
def test_bad_penalties_are_told(inputs, error, message):
    log_probs, lengths, alpha, penalty = inputs
    with pytest.raises(error, match=message):
        PENALTY(
            LengthPenaltyParams(),
            LengthPenaltyInputs(np.array(log_probs), np.array(lengths), alpha, penalty),
        )


def test_brute_force_counts_and_ranks_every_string():
    assert num_strings(3, 3) == 1 + 2 + 4
    (found,) = exhaustive_search(bigrams(), sentences(0), backend=BACKEND, max_length=3, n_best=3)
    assert [h.tokens for h in found] == [(2,), (), (2, 2)]
    np.testing.assert_allclose(np.exp([h.log_prob for h in found]), [0.375, 0.25, 0.1875])
    (found,) = exhaustive_search(bigrams(), sentences(0), backend=BACKEND, max_length=3, alpha=1.0)
    assert found[0].tokens == (2,)
    assert found[0].score == pytest.approx(math.log(0.375) / 2)


def test_brute_force_refuses_what_it_cannot_finish():
    model = RecurrentModel(BACKEND, vocab_size=30, seed=0)
    with pytest.raises(RangeError, match=r"exhaustive: 732,541 strings for each of 1 sentences"):
        exhaustive_search(model, sentences(0), backend=BACKEND, max_length=5)


def test_fixed_kernels_name_what_they_have():
    kernels = FixedKernels(BACKEND, PENALTY)
    assert kernels.get("decoder", "length_penalty") is PENALTY
    assert kernels.resolved == {"decoder/length_penalty": "numpy.shared"}
    with pytest.raises(UnknownNameError, match="no implementation named 'cell/x'; installed: dec"):
        kernels.get("cell", "x")
