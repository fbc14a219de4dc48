"""A01: building, encoding, decoding, and every message."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqbench.data.vocabulary import SPECIALS, UNK_ID, Vocabulary
from seqbench.interfaces import DataError, RangeError, UsageError

CORPUS = [["b", "a", "a"], ["c", "b", "a"], ["é", "c"]]


def test_specials_come_first_then_count_then_code_point():
    vocabulary = Vocabulary.build(CORPUS)
    assert vocabulary.to_list() == [*SPECIALS, "a", "b", "c", "é"]
    assert [vocabulary.pad_id, vocabulary.bos_id, vocabulary.eos_id, vocabulary.unk_id] == [
        0,
        1,
        2,
        3,
    ]


def test_the_order_of_the_sentences_does_not_matter():
    assert Vocabulary.build(CORPUS) == Vocabulary.build(reversed(CORPUS))


def test_min_count_and_max_size_cut_the_tail():
    assert Vocabulary.build(CORPUS, min_count=2).to_list()[4:] == ["a", "b", "c"]
    assert Vocabulary.build(CORPUS, min_count=3).to_list()[4:] == ["a"]
    assert Vocabulary.build(CORPUS, max_size=6).to_list()[4:] == ["a", "b"]


def test_encode_gives_int32_and_unk():
    ids = Vocabulary.build(CORPUS, min_count=2).encode(["c", "é", "a"])
    assert ids.dtype == np.int32
    assert ids.tolist() == [6, UNK_ID, 4]


def test_an_empty_sentence_encodes_to_nothing():
    assert Vocabulary.build(CORPUS).encode([]).shape == (0,)


def test_a_special_in_a_text_is_an_unknown_word():
    assert Vocabulary.build(CORPUS).encode(["<EOS>", "<PAD>"]).tolist() == [UNK_ID, UNK_ID]


def test_a_line_is_split_into_words():
    assert Vocabulary.build(["a b a"]).encode("b  a").tolist() == [5, 4]


def test_decode_stops_at_eos_and_keeps_unk():
    vocabulary = Vocabulary.build(CORPUS)
    assert vocabulary.decode([1, 4, 3, 5, 2, 6, 0]) == ["a", "<UNK>", "b"]


@pytest.mark.parametrize("index", [-1, 8])
def test_decode_refuses_ids_outside(index):
    with pytest.raises(RangeError, match=rf"id {index} is outside \[0, 8\); decode with"):
        Vocabulary.build(CORPUS).decode([4, index])


def test_encode_batch_is_time_major_and_padded():
    ids, lengths = Vocabulary.build(CORPUS).encode_batch([["a"], ["b", "c", "a"], []])
    assert ids.dtype == lengths.dtype == np.int32
    assert ids.tolist() == [[4, 5, 0], [0, 6, 0], [0, 4, 0]]
    assert lengths.tolist() == [1, 3, 0]


def test_characters():
    vocabulary = Vocabulary.build([["ab", "a"]], level="character")
    assert vocabulary.to_list()[4:] == ["a", " ", "b"]
    assert vocabulary.encode("ba").tolist() == vocabulary.encode(["ba"]).tolist() == [6, 4]
    assert "".join(vocabulary.decode(vocabulary.encode(["a", "b"]))) == "a b"


def test_a_line_of_characters_comes_back_joined():
    """A list is of words, even of one letter each: what `decode` gives is joined with ""."""
    vocabulary = Vocabulary.build(["a bb"], level="character")
    ids = vocabulary.encode("bb a")
    assert vocabulary.encode("".join(vocabulary.decode(ids))).tolist() == ids.tolist()
    assert vocabulary.encode(["a", "b"]).tolist() == vocabulary.encode("a b").tolist()


def test_the_digest_names_contents_and_level():
    words, again = Vocabulary.build(["a b"]), Vocabulary.build(["b a"])
    assert words.digest == again.digest
    assert words.digest != Vocabulary.build(["a c"]).digest
    assert words.digest != Vocabulary.from_list(words.to_list(), level="character").digest


def test_it_goes_through_json():
    vocabulary = Vocabulary.build(CORPUS)
    again = Vocabulary.from_list(json.loads(json.dumps(vocabulary.to_list())))
    assert again == vocabulary
    assert hash(again) == hash(vocabulary)
    assert len(again) == 8
    assert "é" in again
    assert "<PAD>" not in again


@given(st.lists(st.lists(st.text("abcdeé", min_size=1), min_size=1), min_size=1))
def test_a_round_trip_gives_the_sentence_back(sentences):
    vocabulary = Vocabulary.build(sentences)
    for sentence in sentences:
        assert vocabulary.decode(vocabulary.encode(sentence)) == sentence


@pytest.mark.parametrize("corpus", [[], [[]], [""]])
def test_an_empty_corpus(corpus):
    with pytest.raises(DataError, match="the corpus is empty, expected at least one token"):
        Vocabulary.build(corpus)


def test_a_special_in_the_corpus():
    with pytest.raises(DataError, match="special token '<EOS>' occurs 2 times in the corpus"):
        Vocabulary.build([["a", "<EOS>"], ["<EOS>"]])


def test_no_token_frequent_enough():
    with pytest.raises(DataError, match=r"none of 4 distinct tokens occurs 9 times.*lower min_c"):
        Vocabulary.build(CORPUS, min_count=9)


def test_max_size_too_small():
    with pytest.raises(UsageError, match=r"max_size is 4, expected more than the 4 specials"):
        Vocabulary.build(CORPUS, max_size=4)


def test_min_count_below_one():
    with pytest.raises(UsageError, match="min_count is 0, expected at least 1"):
        Vocabulary.build(CORPUS, min_count=0)


def test_an_unknown_level():
    with pytest.raises(UsageError, match="level is 'byte', expected 'word' or 'character'"):
        Vocabulary.build(CORPUS, level="byte")


def test_a_list_without_the_specials():
    with pytest.raises(DataError, match=r"first tokens are \['a', 'b'\], expected .*<PAD>"):
        Vocabulary.from_list(["a", "b"])


def test_a_list_with_a_token_twice():
    with pytest.raises(DataError, match="token 'a' is in the list twice"):
        Vocabulary.from_list([*SPECIALS, "a", "a"])
