"""n-gram models: probabilities that sum to one, back-off by hand, ARPA files there and back."""

from __future__ import annotations

import math

import pytest

from seqbench.data.arpa import NGramTables, read_arpa, write_arpa
from seqbench.interfaces import DataError, RangeError
from seqbench.models.ngram import EOS, UNK, NGramModel, witten_bell

TEXTS = ["the cat sat", "the cat ran", "a dog sat", "the dog", ""]
SENTENCES = [text.split() for text in TEXTS]
WORDS = sorted({w for s in SENTENCES for w in s})


@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize("history", [[], ["the"], ["the", "cat"], ["sat", "a"], ["unheard", "of"]])
def test_probabilities_sum_to_one(order, history):
    model = NGramModel(witten_bell(SENTENCES, order))
    total = sum(math.exp(model.word_score(history, w)) for w in [*WORDS, EOS, UNK])
    assert total == pytest.approx(1.0, abs=1e-12)


def test_a_bigram_by_hand():
    """c(the cat) = 2, c(the) = 3, T(the) = 2; p(cat) = (2 + 7 / 8) / (16 + 7)."""
    model = NGramModel(witten_bell(SENTENCES, 2))
    cat = (2 + 7 / 8) / (16 + 7)
    assert math.exp(model.word_score(["the"], "cat")) == pytest.approx((2 + 2 * cat) / 5)


def test_an_unseen_bigram_backs_off():
    model = NGramModel(witten_bell(SENTENCES, 2))
    alone = model.word_score([], "ran") - math.log(3 / 8)  # <s> was gone on from 5 times, into 3
    assert model.word_score(["the"], "ran") == pytest.approx(alone + math.log(2 / 5))


def test_ids_and_words_agree():
    model = NGramModel(witten_bell(SENTENCES, 3), WORDS)
    cat, the = WORDS.index("cat"), WORDS.index("the")
    assert model.score([the], cat) == model.word_score(["the"], "cat")
    assert model.end_score([the, cat]) == model.word_score(["the", "cat"], EOS)


def test_perplexity_is_of_tokens_with_their_ends():
    model = NGramModel(witten_bell(SENTENCES, 2))
    expected = math.exp(-model.log_prob(["the", "dog"]) / 3)
    assert model.perplexity([["the", "dog"]]) == pytest.approx(expected)
    assert model.perplexity(SENTENCES) < NGramModel(witten_bell(SENTENCES, 1)).perplexity(SENTENCES)


def test_an_unknown_word_without_unk_is_impossible():
    tables = NGramTables(({("a",): -0.3, (EOS,): -0.3},), {})
    assert NGramModel(tables).log_prob(["b"]) == -math.inf


def test_there_and_back(tmp_path):
    tables = witten_bell(SENTENCES, 3)
    write_arpa(tmp_path / "lm.arpa", tables)
    assert read_arpa(tmp_path / "lm.arpa") == tables
    assert not list(tmp_path.glob("*.part"))


GOOD = "made by hand\n\n\\data\\\nngram 1=2\nngram 2=1\n\n\\1-grams:\n-0.5 a -0.2\n-0.5 b\n\n"
GOOD += "\\2-grams:\n-0.1 a b\n\n\\end\\\n"


def test_a_file_of_another_toolkit(tmp_path):
    path = tmp_path / "lm.arpa"
    path.write_text(GOOD)
    tables = read_arpa(path)
    assert tables.log10_probs == ({("a",): -0.5, ("b",): -0.5}, {("a", "b"): -0.1})
    assert tables.log10_backoffs == {("a",): -0.2}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("\\data\\", "data", r"has no \\data\\"),
        ("\\end\\", "", r"ends without \\end\\"),
        ("ngram 1=2", "ngram 1=3", r"line 11, has 2 1-grams, expected the 3 that"),
        ("ngram 2=1", "ngram 3=1", r"line 5, has 'ngram 3=1', expected ngram 2=COUNT"),
        ("-0.5 b", "x b", r"line 9, has 'x', expected a base-10 logarithm of at most 0"),
        ("-0.5 b", "0.5 b", r"has '0.5', expected a base-10 logarithm of at most 0"),
        ("-0.5 b", "nan b", r"has 'nan', expected a base-10 logarithm"),
        ("-0.5 b", "-0.5 a", r"tells 'a' twice"),
        ("-0.1 a b", "-0.1 a b c d", r"expected a log10, 2 words and perhaps"),
        ("\\2-grams:", "\\3-grams:", r"has '\\\\3-grams:' out of turn, expected \\2-grams:"),
        ("\n\\2-grams:\n-0.1 a b\n", "", r"has 1 sections, expected 2"),
    ],
)
def test_what_is_no_arpa(tmp_path, old, new, words):
    path = tmp_path / "lm.arpa"
    assert GOOD.count(old) == 1
    path.write_text(GOOD.replace(old, new))
    with pytest.raises(DataError, match=words):
        read_arpa(path)


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(DataError, match=r"none\.arpa cannot be read"):
        read_arpa(tmp_path / "none.arpa")
    (tmp_path / "latin").write_bytes(b"\\data\\\nngram 1=1\n\\1-grams:\n-1 \xe9\n")
    with pytest.raises(DataError, match="cannot be read"):
        read_arpa(tmp_path / "latin")


def test_what_cannot_be_estimated():
    with pytest.raises(RangeError, match="order is 0, expected at least 1"):
        witten_bell(SENTENCES, 0)
    with pytest.raises(DataError, match="there is no sentence"):
        witten_bell([], 2)
    with pytest.raises(DataError, match="holds <s> or </s>"):
        witten_bell([["<s>", "a"]], 2)
    with pytest.raises(DataError, match="there is no sentence"):
        NGramModel(witten_bell(SENTENCES, 1)).perplexity([])
