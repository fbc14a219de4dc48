"""Bits that spell unknown words: a code, so no text of words is cheaper than it may be."""

from __future__ import annotations

import itertools
import math

import pytest

from seqbench.data.text_corpus import build_text_corpus
from seqbench.models.spelling import CODE_POINTS, spelling_bits, spelling_model


def corpus(train, valid, level="word", min_count=2):
    lines = {"train": train, "valid": valid}
    return build_text_corpus(
        "made", "a test", lines, level=level, continuous=True, min_count=min_count
    )


def test_spellings_are_a_distribution():
    """The probabilities of all strings of up to n letters, and of longer ones, are one."""
    model = spelling_model(["ab", "b", "abb"])
    letters = ("a", "b", "<unk>")
    ended = 0.0
    for length in range(7):
        words = itertools.product(letters, repeat=length)
        ended += sum(math.exp(model.log_prob(list(word))) for word in words)
    longer = sum(
        math.exp(sum(model.word_score(list(word[:i]), word[i]) for i in range(7)))
        for word in itertools.product(letters, repeat=7)
    )
    assert ended + longer == pytest.approx(1.0, abs=1e-12)


def test_the_training_texts_own_unknown_words_teach_the_spelling():
    made = corpus(["the the zig zag zog"], ["the zug", "zig"])
    model = spelling_model(["zig", "zag", "zog"])
    nats = model.log_prob(list("zug")) + model.log_prob(list("zig"))
    expected = -nats / math.log(2) + math.log2(CODE_POINTS)  # u was never seen
    assert spelling_bits(made, made.valid.unknown) == pytest.approx(expected, rel=1e-12)


def test_a_mark_for_rare_words_is_spelled_for_nothing():
    """The Penn Treebank writes <unk> itself; which word it was stands nowhere."""
    made = corpus(["no <unk> no <unk>"] * 50, ["no <unk>"])
    assert made.valid.unknown == ("<unk>",)
    assert spelling_bits(made, made.valid.unknown) < 0.6


def test_without_unknown_words_in_training_the_vocabulary_teaches():
    made = corpus(["bed bad"], ["bud"], min_count=1)
    nats = spelling_model(["bad", "bed"]).log_prob(list("bud"))
    expected = -nats / math.log(2) + math.log2(CODE_POINTS)
    assert spelling_bits(made, made.valid.unknown) == pytest.approx(expected, rel=1e-12)


def test_unknown_characters_cost_alike():
    made = corpus(["ab"], ["axy"], level="character", min_count=1)
    assert spelling_bits(made, made.valid.unknown) == pytest.approx(2 * math.log2(1_112_064))


def test_nothing_unknown_costs_nothing():
    for level in ("word", "character"):
        assert spelling_bits(corpus(["a b"], ["b a"], level, 1), ()) == 0.0
