"""Analogies and debiasing data: stand-ins for the mechanics, the real files under `data`."""

from __future__ import annotations

import pytest

from seqbench.data.debias import load_debias, read_sembias
from seqbench.data.word_analogies import load_word_analogies, read_analogies
from seqbench.interfaces import DataError, UsageError


def test_analogies_by_section(tmp_path):
    path = tmp_path / "questions.txt"
    path.write_text(": one\na b c d\n: two\ne f g h\ni j k l\n")
    found = read_analogies(path)
    assert found == {"one": (("a", "b", "c", "d"),), "two": (tuple("efgh"), tuple("ijkl"))}


@pytest.mark.parametrize(
    ("content", "line"), [("a b c d\n", 1), (": x\na b c\n", 2), (": x\na b c d e\n", 2)]
)
def test_a_line_that_is_no_question(tmp_path, content, line):
    path = tmp_path / "questions.txt"
    path.write_text(content)
    with pytest.raises(DataError, match=rf"line {line}: .* expected ': section' or four words"):
        read_analogies(path)


def test_sembias_lines(tmp_path):
    path = tmp_path / "sembias.txt"
    path.write_text("a:b\tc:d\te:f\tg:h\n")
    assert read_sembias(path) == ((("a", "b"), ("c", "d"), ("e", "f"), ("g", "h")),)
    path.write_text("a:b\tc\te:f\tg:h\n")
    with pytest.raises(DataError, match="line 1: 'c', expected two words with ':' between"):
        read_sembias(path)


def test_what_is_missing_is_told(tmp_path):
    with pytest.raises(DataError, match=r"word_analogies: .* is missing, expected it under"):
        load_word_analogies(root=tmp_path)
    with pytest.raises(DataError, match=r"debias: .* is missing"):
        load_debias(root=tmp_path)
    with pytest.raises(UsageError, match="debias: no vectors 'fasttext', expected one of glove"):
        load_debias(root=tmp_path, vectors="fasttext")


@pytest.mark.data
def test_the_real_analogies():
    found = load_word_analogies()
    assert sum(map(len, found.values())) == 6857
    assert len(found) == 7
    assert found["capital-common-countries"][0] == ("Athens", "Greece", "Baghdad", "Iraq")


@pytest.mark.data
def test_the_real_debias_data():
    found = load_debias()
    assert (len(found.vectors), found.vectors.size) == (2445, 50)
    assert found.vectors.words[:3] == ("the", ",", ".")
    counts = [len(found.definitional_pairs), len(found.equalize_pairs), len(found.professions)]
    assert counts == [10, 52, 320]
    assert (len(found.gender_specific_seed), len(found.gender_specific)) == (218, 1441)
    assert len(found.sembias) == 440
    assert {len(question) for question in found.sembias} == {4}
    assert len(found.female_words) == len(found.male_words) == 222
    assert len(found.weat["career"]) == 8


@pytest.mark.data
def test_the_other_vectors():
    found = load_debias(vectors="word2vec").vectors
    assert (len(found), found.size) == (347, 300)
