"""Signal words: frozen, at the places that the group says, and nothing else tells the class."""

from __future__ import annotations

import pytest

from seqbench.data.corpus import SPLITS
from seqbench.data.labelled import items_hash
from seqbench.data.signal_words import SIGNALS, generate, load_signal_words, seen_places
from seqbench.interfaces import UsageError

SIZES = {"train": 600, "valid": 100, "test": 400}
PLACES = 9
CLASS_OF = {word: label for label, words in enumerate(SIGNALS.values()) for word in words}
GOLDEN = {
    "train": "f52533684bb2261bf36cef6b67ead230c675248ea417f4147acc8e062a50398e",
    "valid": "d2d1d87354129297a7a8dbf63104b06a57a39e8025f9ff1718b3730b4b0b38fd",
    "test": "31923f48a1c96cedaeb4ced645bf97aa83d82749198e1cf775e208ddb54e9452",
}


@pytest.fixture(scope="module")
def made():
    return generate(0, SIZES, max_length=PLACES, vocab_size=50)


def where(words):
    """The places of all signal words, found by looking."""
    return [place for place, word in enumerate(words) if word in CLASS_OF]


def test_the_generator_is_frozen(made):
    """A change here is another data set: give it another name."""
    assert {s: items_hash([item for item, _ in made[s]]) for s in SPLITS} == GOLDEN
    assert sorted(seen_places(0, PLACES)) == [0, 1, 2, 5, 8]


def test_one_signal_word_stands_where_it_is_said_and_tells_the_class(made):
    for split in SPLITS:
        for (words, label), place in made[split]:
            assert where(words) == [place]
            assert CLASS_OF[words[place]] == label
            assert PLACES // 2 <= len(words) <= PLACES


def test_training_sees_half_of_the_places_and_the_test_all(made):
    seen = seen_places(0, PLACES)
    assert len(seen) == 5
    for split in ("train", "valid"):
        assert {place for _, place in made[split]} == seen
    tested = [place for _, place in made["test"]]
    assert set(tested[::2]) == seen
    assert set(tested[1::2]) == set(range(PLACES)) - seen


def test_classes_are_as_likely_and_all_words_occur(made):
    counts = dict.fromkeys(range(4), 0)
    for (_, label), _ in made["train"]:
        counts[label] += 1
    assert all(115 <= count <= 185 for count in counts.values())
    fillers = {w for (words, _), _ in made["train"] for w in words} - set(CLASS_OF)
    assert len(fillers) == 50 - len(CLASS_OF)


def test_a_smaller_split_is_the_beginning_of_a_larger_one(made):
    small = generate(0, {"train": 7, "valid": 3, "test": 9}, max_length=PLACES, vocab_size=50)
    assert all(small[split] == made[split][: len(small[split])] for split in SPLITS)


def test_seeds_choose_other_places():
    assert len({seen_places(seed, 16) for seed in range(5)}) == 5


def test_the_corpus_tells_the_group_of_every_sentence():
    corpus = load_signal_words(
        seed=3, num_train=50, num_valid=10, num_test=41, max_length=6, vocab_size=20
    )
    seen = seen_places(3, 6)
    for split in corpus.splits:
        places = [where(words)[0] for words in split.sentences]
        assert split.groups == tuple("seen" if p in seen else "unseen" for p in places)
    assert set(corpus.train.groups) == {"seen"}
    assert corpus.test.head(4).groups == ("seen", "unseen", "seen", "unseen")
    assert corpus.classes == tuple(SIGNALS)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"num_test": None}, r"num_test is None, expected at least 1; set dataset.num_test=16"),
        ({"num_train": 0}, r"num_train is 0, expected at least 1"),
        ({"max_length": 1}, r"max_length is 1, expected at least 2; set dataset.max_length=16"),
        ({"vocab_size": 12}, r"options.vocab_size is 12, expected at least 13; set dataset.opt"),
    ],
)
def test_sizes_that_make_no_sense_are_told(changes, message):
    with pytest.raises(UsageError, match=message):
        load_signal_words(**changes)
