"""BLEU by hand: the paper's examples, lengths, smoothing, signatures, bad input."""

from __future__ import annotations

import math

import numpy as np
import pytest
from seqbench_numpy import bleu as tuned
from seqbench_numpy.backend import NumpyBackend

from seqbench import __version__
from seqbench.interfaces import (
    DataError,
    RangeError,
    ShapeError,
    SharedText,
    UnknownNameError,
    UnsupportedError,
)
from seqbench.kernels.bleu import BLEU_STATS, BleuInputs, BleuParams
from seqbench.models.bleu_metric import BleuMetric
from seqbench.models.bleu_score import Smoothing, bleu_score
from seqbench.testing.fixed_kernels import FixedKernels

BACKEND = NumpyBackend()
SHARED = SharedText(BLEU_STATS, BACKEND)
TUNED = tuned.BleuStats(BLEU_STATS, BACKEND)


@pytest.fixture(params=[SHARED, TUNED], ids=["shared", "tuned"])
def bleu(request):
    return BleuMetric(FixedKernels(BACKEND, request.param))


def test_counts_are_clipped_by_the_maximum_over_references(bleu):
    """Papineni et al. (2002), section 2.1: 2 of 7, not 7 of 7."""
    stats = bleu.statistics(
        ["the the the the the the the"],
        [["the cat is on the mat"], ["there is a cat on the mat"]],
    )
    assert stats.matches[0].tolist() == [2, 0, 0, 0]
    assert stats.totals[0].tolist() == [7, 6, 5, 4]


def test_the_papers_first_example(bleu):
    references = [
        ["it is a guide to action that ensures that the military will forever heed party commands"],
        [
            "it is the guiding principle which guarantees the military forces always being under"
            " the command of the party"
        ],
        ["it is the practical guide for the army always to heed the directions of the party"],
    ]
    candidate = (
        "it is a guide to action which ensures that the military always obeys the commands of the"
        " party"
    )
    stats = bleu.statistics([candidate], references)
    assert stats.matches[0, :2].tolist() == [17, 10]
    assert stats.totals[0, :2].tolist() == [18, 17]
    assert stats.reference_lengths.tolist() == [18]


def test_the_closest_reference_counts_and_ties_go_to_the_shorter(bleu):
    stats = bleu.statistics(["a b c d", "a b c d"], [["x " * 6, "x " * 9], ["y " * 2, None]])
    assert stats.reference_lengths.tolist() == [2, 9]


def test_the_score_by_hand(bleu):
    score = bleu.corpus(["a b c d e"], [["a b c d f g"]])
    assert score.counts == (4, 3, 2, 1)
    assert score.totals == (5, 4, 3, 2)
    assert score.brevity_penalty == pytest.approx(math.exp(1 - 6 / 5))
    expected = 100 * score.brevity_penalty * (4 / 5 * 3 / 4 * 2 / 3 * 1 / 2) ** 0.25
    assert score.score == pytest.approx(expected, rel=1e-14)
    assert (score.sys_len, score.ref_len) == (5, 6)


def test_a_perfect_corpus_scores_100_and_an_empty_output_0(bleu):
    assert bleu.corpus(["a b c d"], [["a b c d"]]).score == pytest.approx(100.0)
    empty = bleu.corpus([""], [["a b c d"]])
    assert (empty.score, empty.brevity_penalty, empty.sys_len) == (0.0, 0.0, 0)
    assert bleu.corpus([], [[]]).score == 0.0


def test_words_may_come_split(bleu):
    words = bleu.corpus([["a", "b", "c", "d"], "x y"], [[["a", "b", "c", "e"], "x y"]])
    text = bleu.corpus(["a b c d", " x\ty\n"], [["a  b c e", "x y"]])
    assert words == text


def test_case_matters_unless_told(bleu):
    assert bleu.corpus(["A B c d"], [["a b c d"]], max_order=1).score == pytest.approx(50.0)
    lowered = bleu.corpus([["A", "B", "c", "d"]], [["a B c d"]], lowercase=True, max_order=1)
    assert lowered.score == pytest.approx(100.0)


def test_smoothings_by_hand(bleu):
    def score(**options):
        return bleu.corpus(["a b x y"], [["a b z w"]], **options)

    assert score(smoothing="none").score == 0.0
    assert score(smoothing="floor").precisions == pytest.approx((50, 100 / 3, 5, 10))
    assert score(smoothing="floor", smooth_value=0.5).precisions[2] == pytest.approx(25)
    assert score(smoothing="add-k").precisions == pytest.approx((50, 50, 100 / 3, 50))
    assert score(smoothing="exp").precisions == pytest.approx((50, 100 / 3, 25, 25))


def test_sentence_bleu_takes_the_orders_it_has(bleu):
    assert bleu.sentence("a b", ["a b"]).score == pytest.approx(100.0)
    assert bleu.sentence("a b", ["a b"], effective_order=False, smoothing="none").score == 0.0


def test_statistics_add_up(bleu):
    hypotheses, references = ["a b c d e", "a a b", ""], [["a b c x e", "a b b", "c"]]
    stats = bleu.statistics(hypotheses, references)
    whole = bleu.corpus(hypotheses, references)
    again = bleu.from_statistics(
        stats.matches, stats.totals, stats.hypothesis_lengths, stats.reference_lengths
    )
    summed = bleu.from_statistics(
        stats.matches.sum(axis=0),
        stats.totals.sum(axis=0),
        stats.hypothesis_lengths.sum(),
        stats.reference_lengths.sum(),
    )
    assert again == summed == whole


def test_the_signature_says_how(bleu):
    plain = bleu.corpus(["a"], [["a"]])
    version = f"version:seqbench-{__version__}"
    assert plain.signature == f"nrefs:1|case:mixed|eff:no|tok:none|smooth:exp|{version}"
    other = bleu.sentence(
        "a", ["a", "b"], lowercase=True, smoothing="floor", smooth_value=0.25, max_order=2
    )
    assert other.signature == (
        f"nrefs:2|case:lc|eff:yes|tok:none|smooth:floor[0.25]|order:2|{version}"
    )
    assert bleu.corpus(["a", "b"], [["a", "b"], ["c", None]]).signature.startswith("nrefs:var|")


def test_long_repetitions_are_counted_in_full(bleu):
    """More than a byte can count, on either side."""
    stats = bleu.statistics(["a " * 700, "a " * 700, "b"], [["a " * 3, "a " * 600, "b"]])
    assert stats.matches.tolist() == [[3, 2, 1, 0], [600, 599, 598, 597], [1, 0, 0, 0]]
    stats = bleu.statistics(["a " * 700], [["a " * 3]])
    assert stats.matches.tolist() == [[3, 2, 1, 0]]


def random_inputs(seed, N, L, R, L2, V, max_order):
    rng = np.random.default_rng(seed)
    lengths = rng.integers(-1, L2 + 1, (R, N))
    lengths[0] = np.maximum(lengths[0], 0)
    return BleuInputs(
        rng.integers(0, V, (N, L), dtype=np.int32),
        rng.integers(0, L + 1, N).astype(np.int32),
        rng.integers(0, V, (R, N, L2), dtype=np.int32),
        lengths.astype(np.int32),
        max_order,
    )


@pytest.mark.parametrize(
    "sizes",
    [
        (1, 1, 1, 1, 1, 4), (50, 9, 1, 12, 3, 4), (40, 12, 3, 7, 2, 5), (3, 0, 1, 4, 2, 4),
        (3, 4, 2, 0, 2, 4), (0, 3, 1, 3, 2, 4), (200, 30, 2, 35, 40, 4), (5, 300, 1, 280, 3, 2),
        (4, 600, 1, 9, 1, 3),
    ],
)  # fmt: skip
def test_the_tuned_override_equals_the_shared_text(sizes):
    inputs = random_inputs(1, *sizes)
    got, expected = TUNED(BleuParams(), inputs), SHARED(BleuParams(), inputs)
    for name in ("matches", "totals", "hypothesis_lengths", "reference_lengths"):
        a, b = getattr(got, name), getattr(expected, name)
        assert a.dtype == b.dtype == np.int64
        np.testing.assert_array_equal(a, b, err_msg=name)


def test_chunks_of_the_shared_text_join_up(monkeypatch):
    inputs = random_inputs(2, 30, 8, 2, 9, 3, 4)
    whole = SHARED(BleuParams(), inputs)
    monkeypatch.setattr("seqbench.kernels.bleu.CHUNK_PAIRS", 150)
    np.testing.assert_array_equal(SHARED(BleuParams(), inputs).matches, whole.matches)


def test_the_override_has_no_gradient():
    inputs = random_inputs(0, 2, 3, 1, 3, 2, 4)
    plan = TUNED.plan(BLEU_STATS.dims(BleuParams(), inputs))
    with pytest.raises(UnsupportedError, match="metric/bleu_stats has no gradient"):
        plan.backward(None)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            {"references": [["a"]]},
            ShapeError,
            "reference stream 0 has 1 sentences for 2 hypotheses",
        ),
        ({"references": ["ab"]}, ShapeError, "reference stream 0 has 2 sentences for 2 hypoth"),
        ({"references": [["a", None]]}, ShapeError, "sentence 1 has no reference, expected one or"),
        ({"references": []}, ShapeError, "sentence 0 has no reference"),
        ({"tokenize": "13b"}, UnknownNameError, "no tokenizer named '13b'; installed: none"),
        ({"smoothing": "ex"}, UnknownNameError, "no BLEU smoothing named 'ex'; did you mean 'exp'"),
        ({"smooth_value": 1.0}, RangeError, "smooth_value is 1.0 with smoothing 'exp', which take"),
        (
            {"smoothing": "floor", "smooth_value": -1.0},
            RangeError,
            "smooth_value is -1.0, expected a number of at least 0; the default is 0.1",
        ),
        ({"max_order": 0}, RangeError, "max_order is 0, expected at least 1; BLEU uses 4"),
        ({"hypotheses": ["a\0b", "c"]}, DataError, r"a text holds the character U\+0000"),
    ],
)
def test_bad_input_is_told(bleu, call, error, message):
    with pytest.raises(error, match=message):
        bleu.corpus(**{"hypotheses": ["a", "b"], "references": [["a", "b"]], **call})


def inputs(**change):
    given = {
        "hypotheses": np.zeros((2, 3), np.int32),
        "hypothesis_lengths": np.array([3, 3], np.int32),
        "references": np.zeros((1, 2, 4), np.int32),
        "reference_lengths": np.array([[4, 4]], np.int32),
    }
    return BleuInputs(**{**given, **change})


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"hypotheses": np.zeros(3)}, ShapeError, r"expected \(N, L\) and \(R, N, L2\); add the"),
        ({"references": np.zeros((1, 3, 4))}, ShapeError, r"references is \(1, 3, 4\), expected"),
        ({"hypothesis_lengths": np.array([4, 0])}, RangeError, "hypothesis lengths span 0 to 4, e"),
        (
            {"reference_lengths": np.array([[5, 0]])},
            RangeError,
            "reference lengths span 0 to 5, ex",
        ),
        ({"reference_lengths": np.array([[-1, 0]])}, RangeError, "a sentence has no reference"),
        ({"hypotheses": np.full((2, 3), -1)}, RangeError, "a hypothesis holds a negative id"),
        ({"references": np.full((1, 2, 4), -1)}, RangeError, "a reference holds a negative id"),
    ],
)
def test_bad_ids_are_told(change, error, message):
    with pytest.raises(error, match=message):
        SHARED(BleuParams(), inputs(**change))


def test_negative_ids_past_a_length_are_padding():
    hypotheses = np.array([[1, 1, -1], [1, -2, -3]], np.int32)
    given = inputs(hypotheses=hypotheses, hypothesis_lengths=np.array([2, 1], np.int32))
    assert TUNED(BleuParams(), given).matches.tolist() == [[0] * 4, [0] * 4]


def test_smoothing_prints_its_value():
    assert str(Smoothing("add-k")) == "add-k[1.00]"
    assert str(Smoothing("none")) == "none"


def test_bleu_of_counts_alone():
    score = bleu_score([2, 1], [2, 1], 2, 2, smoothing=Smoothing("none"))
    assert score.score == pytest.approx(100.0)
