"""Analogies scored: coverage, sections, methods."""

from __future__ import annotations

import numpy as np
import pytest

import seqbench
from seqbench.data.word_vectors import WordVectors
from seqbench.interfaces import DataError, UnknownNameError
from seqbench.models import word_analogies

WORDS = ("man", "woman", "king", "queen", "stone")
ROWS = np.array([[1, 0, 1], [1, 1, 1], [4, 0, 1.5], [4, 1.2, 1.5], [-3, -3, 5]], np.float32)
SECTIONS = {
    "right": (("Man", "Woman", "King", "Queen"), ("woman", "man", "queen", "king")),
    "wrong": (("man", "woman", "king", "stone"),),
    "unknown": (("man", "woman", "tsar", "tsarina"),),
}


def score(**options):
    return seqbench.get("metric", "word_analogies").score(
        WordVectors(WORDS, ROWS), SECTIONS, **options
    )


@pytest.mark.parametrize("method", word_analogies.METHODS)
@pytest.mark.parametrize("batch", [1, 1024])
def test_sections_and_coverage(monkeypatch, method, batch):
    monkeypatch.setattr(word_analogies, "BATCH", batch)
    found = score(method=method)
    told = {n: (s.correct, s.covered, s.questions) for n, s in found.sections.items()}
    assert told == {"right": (2, 2, 2), "wrong": (0, 1, 1), "unknown": (0, 0, 1)}
    assert (found.covered, found.questions) == (3, 4)
    assert found.accuracy == pytest.approx(2 / 3)


def test_case_is_kept_on_request():
    assert score(lower=False).covered == 2


def test_what_is_refused():
    with pytest.raises(UnknownNameError, match="no analogy method named 'cosadd'; did you mean"):
        score(method="cosadd")
    with pytest.raises(DataError, match="no question of 1 sections has vectors for its words"):
        seqbench.get("metric", "word_analogies").score(
            WordVectors(WORDS, ROWS), {"unknown": SECTIONS["unknown"]}
        )
