"""Building a corpus: what is dropped, cut, hashed and refused."""

from __future__ import annotations

import numpy as np
import pytest

from seqbench.data.corpus import build_corpus
from seqbench.data.sequences import Sequences
from seqbench.data.vocabulary import UNK_ID, Vocabulary
from seqbench.interfaces import DataError, UsageError


def pair(source: str, target: str):
    return tuple(source.split()), tuple(target.split())


PAIRS = {
    "train": [pair("a b c", "x y"), pair("a", "x"), pair("a b a b", "x"), pair("b", "y y y y")],
    "valid": [pair("a b c a", "x y x")],
    "test": [pair("q q", "r"), pair("a b", "x y x y")],
}


def built(pairs=None, **options):
    settings = {"min_count": 1, "max_length": 10} | options
    return build_corpus("tiny", "here", PAIRS if pairs is None else pairs, **settings)


def test_a_corpus_holds_strings_and_ids():
    corpus = built()
    assert [len(split) for split in corpus.splits] == [4, 1, 2]
    assert list(corpus.train) == PAIRS["train"]
    assert corpus.train.source_ids[0].tolist() == corpus.source_vocabulary.encode("a b c").tolist()
    assert corpus.test.targets[1] == ("x", "y", "x", "y")


def test_vocabularies_count_the_training_pairs_alone():
    corpus = built()
    assert corpus.source_vocabulary.to_list()[4:] == ["a", "b", "c"]
    assert corpus.target_vocabulary.to_list()[4:] == ["y", "x"]


def test_an_all_unknown_sentence_is_unk_and_keeps_its_words():
    corpus = built()
    assert corpus.test.source_ids[0].tolist() == [UNK_ID, UNK_ID]
    assert corpus.test.sources[0] == ("q", "q")


def test_long_training_pairs_are_dropped_and_counted():
    corpus = built(max_length=3)
    assert list(corpus.train) == PAIRS["train"][:2]
    assert corpus.train.num_dropped == 2
    assert len(corpus.valid) == 1
    assert corpus.valid.source_ids.lengths.tolist() == [4]


def test_truncation_cuts_the_ids_and_keeps_the_strings():
    corpus = built(max_length=3, truncate=True)
    assert corpus.test.target_ids.lengths.tolist() == [1, 3]
    assert corpus.test.target_ids[1].tolist() == corpus.target_vocabulary.encode("x y x").tolist()
    assert corpus.test.targets[1] == ("x", "y", "x", "y")
    assert corpus.test.truncated
    assert not corpus.train.truncated


def test_head_takes_the_first():
    test = built().test
    assert list(test.head(1)) == PAIRS["test"][:1]
    assert test.head(1).target_ids.lengths.tolist() == [1]
    assert len(test.head(None)) == len(test.head(9)) == 2
    with pytest.raises(UsageError, match="split test: 0 sentences asked for, expected at least 1"):
        test.head(0)


def test_the_hash_is_of_the_contents():
    corpus = built()
    assert (
        corpus.data_hash
        == build_corpus("other", "there", PAIRS, min_count=1, max_length=10).data_hash
    )
    others = [
        built({**PAIRS, "test": [PAIRS["test"][0], pair("a b", "x y x x")]}),
        built({**PAIRS, "valid": PAIRS["test"], "test": PAIRS["valid"]}),
        built(min_count=2),
        built(max_length=9),
        built(max_length=10, truncate=True),
    ]
    assert len({corpus.data_hash, *(o.data_hash for o in others)}) == 6


@pytest.mark.parametrize("split", ["train", "valid", "test"])
def test_an_empty_split(split):
    with pytest.raises(DataError, match=f"data set tiny: the {split} split is empty, expected at"):
        built({**PAIRS, split: []})


def test_an_empty_sentence():
    pairs = {**PAIRS, "valid": [pair("a", "x"), pair("a", "")]}
    with pytest.raises(DataError, match="the target of valid sentence 1 is empty, expected at"):
        built(pairs)


def test_nothing_short_enough():
    pairs = {**PAIRS, "train": PAIRS["train"][2:]}
    with pytest.raises(DataError, match="all 2 training pairs are longer than max_length 2"):
        built(pairs, max_length=2)


def test_max_length_below_one():
    with pytest.raises(UsageError, match="data set tiny: max_length is 0, expected at least 1"):
        built(max_length=0)


def test_sequences_pad_with_pad_and_cut():
    vocabulary = Vocabulary.build(["a b"])
    sequences = Sequences.encode(["a b a", "b", "a a a a"], vocabulary)
    assert sequences.padded(np.array([1, 0]), np.array([1, 3])).tolist() == [[5, 4], [0, 5], [0, 4]]
    assert sequences.padded(np.array([2]), np.array([2])).tolist() == [[4], [4]]
    assert [row.tolist() for row in sequences.cut(2)] == [[4, 5], [5], [4, 4]]
    assert [row.tolist() for row in sequences.head(2)] == [[4, 5, 4], [5]]
    assert sequences.head(2).ids.size == 4


def test_some_pairs_are_taken_in_the_order_asked():
    split = built().train
    own = split.take(np.array([3, 0]))
    assert list(own) == [PAIRS["train"][3], PAIRS["train"][0]]
    assert [ids.tolist() for ids in map(own.target_ids.__getitem__, range(2))] == [
        split.target_ids[3].tolist(),
        split.target_ids[0].tolist(),
    ]
    assert own.source_ids.lengths.tolist() == [1, 3]
    assert len(split.take(np.array([], int))) == 0
