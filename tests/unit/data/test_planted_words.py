"""The planted words: frozen, and true to what they are said to mean."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest

from seqbench.data.planted_bias import (
    cooccurrences,
    factored,
    information,
    load_planted_bias,
)
from seqbench.data.planted_language import (
    CAPITALS,
    GENDER_WORDS,
    GENDERED,
    JOBS,
    coin,
    context_words,
    leaning_of,
    meanings,
)
from seqbench.data.planted_sets import (
    NUM_PAIRS,
    analogies,
    gender_specific,
    similarity,
    similarity_pairs,
    taught_pairs,
    weat_sets,
)
from seqbench.data.planted_words import (
    MIDDLE,
    SENTENCE,
    load_planted_words,
    planted_sentences,
    sentences_hash,
)
from seqbench.data.word_corpus import word_corpus
from seqbench.interfaces import UsageError
from seqbench.interfaces.errors import SeqbenchError

GOLDEN = "6650935adc01185a0860238f998217594da856d9340fbd78fa3e460964488134"
GOLDEN_PAIRS = "ec14f77cea62700c71e01af329a7e90bac80a8c747a2dd03db50d61dc828d550"


@pytest.fixture(scope="module")
def sentences():
    return planted_sentences(0, 6000)


def test_the_generator_is_frozen(sentences):
    """A change here is another data set: give it another name."""
    assert sentences_hash(sentences[:2000]) == GOLDEN
    found = similarity_pairs(0)
    lines = [(*p, f"{s:.9f}") for p, s in zip(found.pairs, found.scores, strict=True)]
    assert sentences_hash(lines) == GOLDEN_PAIRS


def test_a_smaller_corpus_is_the_beginning_of_a_larger_one(sentences):
    assert planted_sentences(0, 50) == sentences[:50]
    assert planted_sentences(1, 50) != sentences[:50]


def test_no_word_is_in_two_places():
    words = [w for found in context_words().values() for w in found] + list(meanings())
    assert len(set(words)) == len(words)
    assert len({coin(n) for n in range(4900)}) == 4900


def test_a_sentence_speaks_of_the_word_in_its_middle(sentences):
    planted, contexts = meanings(), context_words()
    attribute_of = {word: name for name, words in contexts.items() for word in words}
    for sentence in sentences:
        assert len(sentence) == SENTENCE
        allowed = {*planted[sentence[MIDDLE]].attributes, "filler"}
        around = sentence[:MIDDLE] + sentence[MIDDLE + 1 :]
        assert {attribute_of[word] for word in around} <= allowed


def test_parts_make_a_hundred_and_come_out_in_the_text():
    assert {sum(m.attributes.values()) for m in meanings().values()} == {100}
    counts = Counter()
    attribute_of = {word: name for name, words in context_words().items() for word in words}
    for sentence in planted_sentences(3, 20_000):
        if sentence[MIDDLE] in dict(CAPITALS):  # a capital
            counts.update(attribute_of[w].partition(" ")[0] for w in sentence if w in attribute_of)
    told = counts["place"] + counts["kind"]
    assert counts["place"] / told == pytest.approx(0.6, abs=0.02)
    assert counts["filler"] / (told + counts["filler"]) == pytest.approx(0.4, abs=0.02)


def test_planted_words_are_frequent_and_rare():
    counts = sorted(Counter(s[MIDDLE] for s in planted_sentences(0, 20_000)).values())
    assert counts[-1] > 30 * counts[2]


def test_analogies_are_planted():
    """What the first pair differs in is what the second differs in; what it shares is its own."""
    planted = meanings()
    for a, b, c, d in (q for section in analogies().values() for q in section):
        differ = set(planted[a].attributes.items()) - set(planted[b].attributes.items())
        assert differ == set(planted[c].attributes.items()) - set(planted[d].attributes.items())
        assert similarity(planted[a], planted[b]) > similarity(planted[a], planted[d])
        assert len({a, b, c, d}) == 4


def test_similarity_is_the_cosine_of_attributes():
    planted = meanings()
    names = sorted({name for m in planted.values() for name in m.attributes})
    rows = {w: np.array([m.attributes.get(n, 0) for n in names]) for w, m in planted.items()}
    found = similarity_pairs(4)
    assert len(set(found.pairs)) == len(found) == NUM_PAIRS
    for (a, b), score in zip(found.pairs, found.scores, strict=True):
        assert score == pytest.approx(
            rows[a] @ rows[b] / np.linalg.norm(rows[a]) / np.linalg.norm(rows[b])
        )
    assert 0.1 < np.mean(np.array(found.scores) == 0) < 0.5


def test_a_bias_is_planted_and_no_field_has_a_gender():
    for jobs in JOBS:
        assert Counter(map(leaning_of, jobs)) == {"female": 2, "male": 2, "neither": 2}
    told = {leaning: Counter() for leaning in ("female", "male", "neither")}
    jobs = {job for jobs in JOBS for job in jobs}
    for sentence in planted_sentences(0, 20_000):
        if sentence[MIDDLE] in jobs:
            for gender, words in GENDER_WORDS.items():
                told[leaning_of(sentence[MIDDLE])][gender] += sum(w in words for w in sentence)
    share = {leaning: c["female"] / sum(c.values()) for leaning, c in told.items()}
    assert share["female"] == pytest.approx(0.8, abs=0.03)
    assert share["neither"] == pytest.approx(0.5, abs=0.05)
    assert share["male"] == pytest.approx(0.2, abs=0.03)


def test_weat_asks_of_words_that_debiasing_is_not_told_of():
    taught = {word for pair in taught_pairs() for word in pair}
    sets = weat_sets()
    assert not taught & {*sets["male_terms"], *sets["female_terms"]}
    assert len(sets["male_professions"]) == len(sets["female_professions"]) == 12
    assert {w for pair in GENDERED for w in pair} < set(gender_specific())


def test_a_corpus_brings_what_it_is_judged_by():
    corpus = load_planted_words(num_train=400, min_count=1, held_out_every=4)
    assert (len(corpus), len(corpus.held_out_ids)) == (300 * SENTENCE, len(corpus.held_out_ids))
    assert corpus.num_sentences == 300
    assert set(corpus.similarity) == {"planted"}
    assert set(corpus.analogies) == {"capital-country", "plural", "gender"}


@pytest.mark.parametrize(
    ("load", "settings", "message"),
    [
        (load_planted_words, {"num_train": None}, "num_train is None, expected at least 1"),
        (load_planted_words, {"num_train": 0}, "num_train is 0, expected at least 1"),
        (load_planted_words, {"num_test": 5}, "num_test 5, expected null; options.held_out_every"),
        (load_planted_words, {"seed": -1}, "the seed is -1, expected 0 to"),
        (load_planted_bias, {"num_train": 60, "size": 9999}, "size is 9999 and window 5, expected"),
        (load_planted_bias, {"num_train": 60, "window": 0}, "window 0, expected 1 to"),
        (load_planted_bias, {"num_train": 60, "size": 0}, "set dataset.options.size=50"),
    ],
)
def test_what_makes_no_sense_is_told(load, settings, message):
    with pytest.raises(SeqbenchError, match=message) as told:
        load(**settings)
    assert isinstance(told.value, UsageError)


# -- counted vectors ----------------------------------------------------------------------------


def test_counts_are_those_of_every_pair():
    text = [("a", "b", "a", "c"), ("b",), ("c", "a", "b", "b", "a")]
    corpus = word_corpus(text, min_count=1, held_out_every=None)
    for window in (1, 2, 9):
        expected = np.zeros((3, 3))
        for sentence in text:
            ids = [corpus.words.index(w) for w in sentence]
            for n, a in enumerate(ids):
                for m, b in enumerate(ids):
                    expected[a, b] += n != m and abs(n - m) <= window
        np.testing.assert_array_equal(cooccurrences(corpus, window), expected)


def test_information_is_the_positive_logarithm():
    counts = np.array([[4.0, 1, 0], [1, 0, 3], [0, 3, 2]])
    own, total = counts.sum(axis=1), counts.sum()
    found = information(counts)
    for a in range(3):
        for b in range(3):
            joint = counts[a, b] * total / (own[a] * own[b])
            assert found[a, b] == pytest.approx(max(0.0, math.log(joint)) if joint else 0.0)
    assert (information(np.zeros((2, 2))) == 0).all()


def test_all_factors_give_the_magnitudes_back():
    square = np.random.default_rng(0).random((6, 6))
    square = square @ square.T  # its singular vectors are its eigenvectors
    rows = factored(square, 6)
    np.testing.assert_allclose(rows @ rows.T, square, rtol=1e-10)
    assert factored(square, 2).shape == (6, 2)


def test_the_planted_bias_is_in_the_vectors():
    """Leaning professions lie on their gender's side; those that lean nowhere lie between."""
    data = load_planted_bias(seed=1, num_train=12_000)
    axis = sum(data.vectors[woman] - data.vectors[man] for woman, man in data.definitional_pairs)
    by_score = {-1.0: [], 0.0: [], 1.0: []}
    for job, definition, score in data.professions:
        row = data.vectors[job]
        by_score[score].append(row @ axis / np.linalg.norm(row) / np.linalg.norm(axis))
        assert definition == 0
    female, neither, male = (np.mean(by_score[score]) for score in (-1.0, 0.0, 1.0))
    assert female - neither > 0.1
    assert neither - male > 0.1
