"""Edit counts against a search over all alignments, and what every metric of edits obeys."""

from __future__ import annotations

import functools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import seqbench
from seqbench.interfaces import DtypeError, RangeError, ShapeError
from seqbench.kernels.edit_distance import (
    EDIT_DISTANCE,
    EditDistanceInputs,
    EditDistanceParams,
)
from seqbench.models.error_rate import CharacterErrorRate, WordErrorRate
from seqbench.testing.reference import reference

TEXT = st.text("abc", max_size=7)


def brute_force(hypothesis, text):
    """(edits, substitutions, insertions, deletions), the best of every alignment."""

    @functools.cache
    def best(i, j):
        found = []
        if i == 0 and j == 0:
            return (0, 0, 0, 0, 0)
        if i and j:
            e, m, s, n, d = best(i - 1, j - 1)
            wrong = hypothesis[i - 1] != text[j - 1]
            found.append((e + wrong, m, s + wrong, n, d))
        if i:
            e, m, s, n, d = best(i - 1, j)
            found.append((e + 1, m + 1, s, n + 1, d))
        if j:
            e, m, s, n, d = best(i, j - 1)
            found.append((e + 1, m + 1, s, n, d + 1))
        return min(found, key=lambda f: f[:2])

    edits, _, *counts = best(len(hypothesis), len(text))
    return edits, *counts


@pytest.fixture(scope="module")
def cer():
    return CharacterErrorRate(seqbench.registry().kernels("numpy"))


@pytest.fixture(scope="module")
def wer():
    return WordErrorRate(seqbench.registry().kernels("numpy"))


@settings(deadline=None, max_examples=150)
@given(st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=5))
def test_counts_are_those_of_the_best_alignment(pairs):
    cer = CharacterErrorRate(seqbench.registry().kernels("numpy"))
    counts = cer.counts(*zip(*pairs, strict=True))
    for n, (hypothesis, text) in enumerate(pairs):
        edits, substitutions, insertions, deletions = brute_force(hypothesis, text)
        assert counts.edits[n] == edits
        assert (counts.substitutions[n], counts.insertions[n], counts.deletions[n]) == (
            substitutions,
            insertions,
            deletions,
        )


@settings(deadline=None, max_examples=60)
@given(TEXT, TEXT, TEXT)
def test_it_is_a_metric(a, b, c):
    cer = CharacterErrorRate(seqbench.registry().kernels("numpy"))

    def distance(x, y):
        return int(cer.counts([x], [y]).edits[0])

    assert distance(a, a) == 0
    assert distance(a, b) == distance(b, a)
    assert distance(a, c) <= distance(a, b) + distance(b, c)


def test_many_pairs_fall_into_chunks(cer, monkeypatch):
    rng = np.random.default_rng(0)
    texts = ["".join(rng.choice(list("ab"), rng.integers(0, 12))) for _ in range(40)]
    others = texts[::-1]
    whole = cer.counts(texts, others)
    monkeypatch.setattr("seqbench.kernels.edit_distance.CHUNK_CELLS", 30)
    np.testing.assert_array_equal(cer.counts(texts, others).edits, whole.edits)


def test_the_corpus_rate_is_of_sums(wer):
    assert wer.corpus(["a b", "c"], ["a b c d", "d"]) == 3 / 5
    assert wer.corpus(["a b c"], ["a"]) == 2.0


def test_white_space_is_one_character_inside_and_none_outside(cer):
    assert cer.corpus(["  a \t b "], ["a b"]) == 0.0
    assert cer.corpus(["ab"], ["a b"]) == 1 / 3


@pytest.mark.parametrize(("said", "rate"), [("", 0.0), ("x", math.inf)])
def test_an_empty_reference(cer, said, rate):
    assert cer.corpus([said], [""]) == rate


def test_nothing_at_all(cer):
    assert cer.corpus([], []) == 0.0


def test_unequal_numbers_are_refused(wer):
    with pytest.raises(ShapeError, match="word error rate: 1 hypotheses for 2 references"):
        wer.counts(["a"], ["a", "b"])


def _inputs(**changes):
    ids, lengths = np.zeros((2, 3), np.int32), np.array([3, 1], np.int32)
    given = {
        "hypotheses": ids,
        "hypothesis_lengths": lengths,
        "references": ids,
        "reference_lengths": lengths,
    }
    return EditDistanceInputs(**(given | changes))


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"references": np.zeros((3, 2), np.int32)}, ShapeError, r"references are \(3, 2\), exp"),
        ({"hypotheses": np.zeros((2, 3))}, DtypeError, "hypotheses are float64, expected int32"),
        (
            {"reference_lengths": np.array([4, 0], np.int32)},
            RangeError,
            "a length of references is 4, expected 0 to 3",
        ),
        (
            {"hypothesis_lengths": np.array([0, -1], np.int32)},
            RangeError,
            "a length of hypotheses is -1, expected 0 to 3",
        ),
        ({"hypothesis_lengths": np.zeros(3, np.int32)}, ShapeError, "lengths of hypotheses is"),
    ],
)
def test_bad_input(changes, error, words):
    with pytest.raises(error, match=words):
        reference(EDIT_DISTANCE)(EditDistanceParams(), _inputs(**changes))
