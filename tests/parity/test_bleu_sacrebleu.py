"""BLEU against sacreBLEU: smoothing, references, empty and short outputs, case, orders."""

from __future__ import annotations

import logging

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from seqbench_numpy.backend import NumpyBackend
from seqbench_numpy.bleu import BleuStats

from seqbench.interfaces import SharedText
from seqbench.kernels.bleu import BLEU_STATS
from seqbench.models.bleu_metric import BleuMetric
from seqbench.testing.fixed_kernels import FixedKernels

pytestmark = pytest.mark.peer("sacrebleu")

BACKEND = NumpyBackend()
METRICS = [
    BleuMetric(FixedKernels(BACKEND, SharedText(BLEU_STATS, BACKEND))),
    BleuMetric(FixedKernels(BACKEND, BleuStats(BLEU_STATS, BACKEND))),
]
SMOOTHINGS = [
    ("none", None),
    ("exp", None),
    ("floor", None),
    ("floor", 0.01),
    ("add-k", None),
    ("add-k", 0.5),
]

words = st.sampled_from(["a", "A", "b", "c", "C", "İ", "ΑΣ", "d", "e"])
text = st.lists(words, max_size=9).map(" ".join)


@st.composite
def corpora(draw):
    count, num_references = draw(st.integers(1, 5)), draw(st.integers(1, 3))
    column = st.lists(text, min_size=count, max_size=count)
    return draw(column), draw(st.lists(column, min_size=num_references, max_size=num_references))


def peer(**options):
    from sacrebleu.metrics import BLEU  # the module must be collected without it

    return BLEU(tokenize="none", force=True, **options)


def assert_same(ours, theirs):
    assert ours.score == pytest.approx(theirs.score, abs=1e-9)
    assert ours.precisions == pytest.approx(theirs.precisions, abs=1e-9)
    assert ours.brevity_penalty == pytest.approx(theirs.bp, abs=1e-12)
    assert (ours.sys_len, ours.ref_len) == (theirs.sys_len, theirs.ref_len)


@pytest.mark.parametrize(("smoothing", "value"), SMOOTHINGS)
@settings(max_examples=40, deadline=None, derandomize=True, database=None)
@given(
    corpus=corpora(),
    lowercase=st.booleans(),
    effective=st.booleans(),
    order=st.sampled_from([1, 2, 4, 6]),
)
def test_corpus_bleu(smoothing, value, corpus, lowercase, effective, order):
    hypotheses, references = corpus
    theirs = peer(
        lowercase=lowercase,
        smooth_method=smoothing,
        smooth_value=value,
        max_ngram_order=order,
        effective_order=effective,
    ).corpus_score(hypotheses, references)
    for metric in METRICS:
        ours = metric.corpus(
            hypotheses,
            references,
            lowercase=lowercase,
            smoothing=smoothing,
            smooth_value=value,
            max_order=order,
            effective_order=effective,
        )
        assert_same(ours, theirs)


@pytest.mark.parametrize(("smoothing", "value"), SMOOTHINGS)
@settings(max_examples=40, deadline=None, derandomize=True, database=None)
@given(hypothesis=text, references=st.lists(text, min_size=1, max_size=3))
def test_sentence_bleu(smoothing, value, hypothesis, references):
    theirs = peer(smooth_method=smoothing, smooth_value=value, effective_order=True)
    expected = theirs.sentence_score(hypothesis, references)
    for metric in METRICS:
        ours = metric.sentence(hypothesis, references, smoothing=smoothing, smooth_value=value)
        assert_same(ours, expected)


@pytest.mark.parametrize(("smoothing", "value"), SMOOTHINGS)
@settings(max_examples=40, deadline=None, derandomize=True, database=None)
@given(corpus=corpora(), effective=st.booleans(), order=st.sampled_from([1, 4, 6]))
def test_many_sentences_at_once(smoothing, value, corpus, effective, order):
    """The same scores as one at a time, zero and one length, repeated and no words included."""
    hypotheses, references = corpus
    theirs = peer(
        smooth_method=smoothing,
        smooth_value=value,
        effective_order=effective,
        max_ngram_order=order,
    )
    logging.getLogger("sacrebleu").setLevel(logging.ERROR)  # it advises effective_order
    pairs = zip(hypotheses, *references, strict=True)
    expected = [theirs.sentence_score(text, list(given)).score for text, *given in pairs]
    for metric in METRICS:
        ours = metric.sentences(
            hypotheses,
            references,
            smoothing=smoothing,
            smooth_value=value,
            effective_order=effective,
            max_order=order,
        )
        assert ours.scores.tolist() == pytest.approx(expected, abs=1e-9)
        assert ours.signature.startswith(f"nrefs:{len(references)}|case:mixed|eff:")


def test_missing_references():
    logging.getLogger("sacrebleu").setLevel(logging.ERROR)
    hypotheses = ["a b c d e", "a b", "c d d"]
    references = [["a b c d f", "a b", "c d e"], ["a b c", None, "d d d"]]
    expected = peer().corpus_score(hypotheses, references)
    for metric in METRICS:
        assert_same(metric.corpus(hypotheses, references), expected)
        signature = metric.corpus(hypotheses, references).signature
        assert signature.startswith("nrefs:var|case:mixed|eff:no|tok:none|smooth:exp|")
