"""Beam error analysis: whose fault is a wrong sentence?"""

from __future__ import annotations

import math

import numpy as np
import pytest
from seqbench_numpy.backend import NumpyBackend

from seqbench.interfaces import RangeError
from seqbench.models.error_analysis import BeamErrorAnalysis, merged
from seqbench.models.hypotheses import Hypothesis
from seqbench.testing.fixed_kernels import FixedKernels
from seqbench.testing.step_models import MarkovModel, sentences

BACKEND = NumpyBackend()
ANALYSIS = BeamErrorAnalysis(FixedKernels(BACKEND))
BOS, EOS, UNK, A, B = range(5)


def model():
    """Whatever came before: EOS 0.4, a 0.3, b 0.2, <UNK> 0.1; two sentences alike."""
    row = np.log([1e-300, 0.4, 0.1, 0.3, 0.2])
    return MarkovModel(np.broadcast_to(row, (9, 5, 5)).copy(), BACKEND)


def output(*tokens, finished=True):
    return Hypothesis(tokens, 0.0, 0.0, finished, len(tokens) + finished)


def analyse(hypotheses, references, **options):
    options = {"max_length": 5, "unk_id": UNK, **options}
    batch = sentences(*range(len(hypotheses)))
    return ANALYSIS.analyse(model(), batch, hypotheses, references, **options)


def test_search_and_model_errors():
    """P(a) = 0.12 and P(b) = 0.08 before and after the beam's choice."""
    result = analyse([output(B), output(A), output(A)], [[[A]], [[B]], [[A]]])
    assert [r.verdict for r in result.rows] == ["search", "model", "correct"]
    assert (result.search_errors_lower_bound, result.model_errors, result.num_correct) == (1, 1, 1)
    assert result.search_error_fraction == result.model_error_fraction == 0.5
    row = result.rows[0]
    assert math.exp(row.log_prob_reference) == pytest.approx(0.12)
    assert math.exp(row.log_prob_hypothesis) == pytest.approx(0.08)
    assert row.score_reference == row.log_prob_reference
    assert result.rows[2].score_reference is None


def test_equal_scores_are_a_model_error():
    assert analyse([output(A, B)], [[[B, A]]]).rows[0].verdict == "model"


def test_the_objective_of_the_search_decides():
    """b is likelier than a a a, but less so a token: log 0.08 / 2 against log 0.0108 / 4."""
    references = [[[A, A, A]]]
    assert analyse([output(B)], references).rows[0].verdict == "model"
    normalised = analyse([output(B)], references, alpha=1.0)
    assert normalised.rows[0].verdict == "search"
    assert normalised.rows[0].score_reference == pytest.approx(math.log(0.0108) / 4)
    gnmt = analyse([output(B)], references, alpha=1.0, penalty="gnmt")
    assert gnmt.rows[0].score_hypothesis == pytest.approx(math.log(0.08) / (7 / 6))
    assert gnmt.rows[0].verdict == "model"


def test_references_that_cannot_be_written_count_apart():
    long = [A] * 5  # with EOS six tokens
    result = analyse(
        [output(B), output(B), output(UNK), output(B)],
        [[[A, UNK]], [long], [[UNK]], [long, [UNK]]],
    )
    assert [r.verdict for r in result.rows] == [
        "unknown_word",
        "too_long",
        "unknown_word",
        "unknown_word",
    ]
    assert (result.num_unknown_word, result.num_too_long) == (3, 1)
    assert result.search_error_fraction == result.model_error_fraction == 0.0


def test_the_longest_reference_that_fits_is_scored():
    assert analyse([output(B)], [[[A] * 4]]).rows[0].verdict == "model"


def test_of_several_references_the_best_scoring_counts():
    row = analyse([output(B)], [[[B, B], [A], [A, UNK]]]).rows[0]
    assert (row.verdict, row.reference) == ("search", 1)
    assert analyse([output(B)], [[[A], [B]]]).rows[0].verdict == "correct"


def test_sentences_may_have_different_numbers_of_references():
    result = analyse([output(B), output(B)], [[[B, B], [A]], [[B, B]]])
    assert [r.verdict for r in result.rows] == ["search", "model"]


def test_an_output_cut_off_is_a_search_error():
    row = analyse([output(A, finished=False)], [[[A, B, B]]]).rows[0]
    assert (row.verdict, row.finished) == ("search", False)
    assert math.exp(row.log_prob_hypothesis) == pytest.approx(0.3)


def test_a_cut_off_output_is_not_correct():
    row = analyse([output(A, finished=False)], [[[A]]]).rows[0]
    assert row.verdict == "search"


def test_batches_merge_and_number_on():
    first = analyse([output(B), output(A)], [[[A]], [[A]]])
    both = merged([first, first])
    assert [r.sentence for r in both.rows] == [0, 1, 2, 3]
    assert both.search_errors_lower_bound == 2


def test_an_empty_batch_has_no_rows():
    assert analyse([], []).rows == ()


def test_counts_that_disagree_are_told():
    with pytest.raises(RangeError, match="beam_errors: 1 hypotheses and the references of 2 sent"):
        analyse([output(A)], [[[A]], [[B]]])


def test_a_sentence_without_reference_is_told():
    with pytest.raises(RangeError, match="beam_errors: sentence 1 has no reference, expected one"):
        analyse([output(A), output(A)], [[[A]], []])


def test_the_objective_is_checked():
    with pytest.raises(RangeError, match="beam_errors: alpha is 3, expected a number from 0"):
        analyse([output(A)], [[[A]]], alpha=3)
