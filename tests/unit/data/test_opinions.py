"""The generated opinions: frozen, disjoint, balanced, and hard for a bag of words."""

from __future__ import annotations

from collections import defaultdict

import pytest

from seqbench.data.corpus import SPLITS
from seqbench.data.labelled import items_hash
from seqbench.data.opinions import ADJECTIVES, NEGATORS, generate, load_opinions
from seqbench.interfaces import UsageError

GOLDEN = {
    "train": "15f4497346d2aa894bcb03aab758f3a6f817e45814614849576dfa6e7f65eebc",
    "valid": "0cfa9d4c61d9d0edc745efd2ae579d862031eadc5be53413f4d6ad0b35083386",
    "test": "b6925074cc36788fb3b09defdb71157d30b4eb335b6998a4d1d4b02bf3047a04",
}
SIZES = {"train": 2000, "valid": 200, "test": 200}


@pytest.fixture(scope="module")
def made():
    return generate(0, SIZES)


def test_the_generator_is_frozen(made):
    """A change here is another data set: give it another name."""
    assert {split: items_hash(made[split]) for split in SPLITS} == GOLDEN


def test_no_sentence_occurs_twice(made):
    sentences = [words for split in SPLITS for words, _ in made[split]]
    assert len(set(sentences)) == sum(SIZES.values())


def test_the_test_split_is_the_same_whatever_the_sizes():
    test = generate(5, {"train": 30, "valid": 20, "test": 50})["test"]
    assert generate(5, {"train": 7, "valid": 9, "test": 20})["test"] == test[:20]


def test_seeds_differ():
    sizes = {"train": 20, "valid": 1, "test": 1}
    assert generate(0, sizes) != generate(1, sizes)


def test_classes_are_balanced(made):
    positive = sum(label for _, label in made["train"])
    assert 0.46 < positive / SIZES["train"] < 0.54


def polarity(words):
    """An independent reading of the rule: the main clause, with its negation, decides."""
    words = list(words)
    if "but" in words:
        words = words[words.index("but") :]
    elif words[0] == "although":
        words = words[words.index(",") :]
    elif "although" in words:
        words = words[: words.index("although")]
    negated = sum(word in NEGATORS for word in words)
    found = [p for word in words for p in (0, 1) if word in ADJECTIVES[p]]
    assert len(found) == 1
    return found[0] ^ (negated % 2)


def test_labels_follow_the_rule(made):
    for words, label in made["train"]:
        assert polarity(words) == label


def test_the_words_alone_do_not_tell():
    """The same words in another order have the other label, by the rule."""
    first = ["the", "film", "is", "not", "good", "but", "great"]
    other = ["the", "film", "is", "good", "but", "not", "great"]
    assert sorted(first) == sorted(other)
    assert (polarity(first), polarity(other)) == (1, 0)


def test_one_bag_of_kinds_of_words_has_both_labels(made):
    """Words by kind (negator, polar adjective, connective): what averaging can hope to see."""
    labels = defaultdict(set)
    for words, label in made["train"]:
        kinds = tuple(sorted(k for w in words if (k := kind(w)) is not None))
        labels[kinds].add(label)
    torn = {kinds for kinds, found in labels.items() if len(found) == 2}
    share = sum(
        tuple(sorted(k for w in words if (k := kind(w)) is not None)) in torn
        for words, _ in made["train"]
    )
    assert share / SIZES["train"] > 0.2


def kind(word):
    if word in NEGATORS:
        return "not"
    if word in ("but", "although"):
        return word
    return next((p for p in "01" if word in ADJECTIVES[int(p)]), None)


def test_loading_gives_what_is_generated(made):
    corpus = load_opinions(seed=0, num_train=2000, num_valid=200, num_test=200)
    for split in SPLITS:
        loaded = getattr(corpus, split)
        assert list(zip(loaded.sentences, loaded.labels.tolist(), strict=True)) == made[split]
    assert corpus.classes == ("negative", "positive")


@pytest.mark.parametrize("size", [None, 0])
def test_a_size_that_makes_no_sense_is_told(size):
    with pytest.raises(UsageError, match=r"opinions: num_test is .*, expected at least 1"):
        load_opinions(num_test=size)
