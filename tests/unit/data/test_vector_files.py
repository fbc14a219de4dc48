"""Vectors in files: round trips, every fault told, and nothing written on an error."""

from __future__ import annotations

import gzip

import numpy as np
import pytest

from seqbench.data.vector_files import FORMATS, read_vectors, write_vectors
from seqbench.data.word_vectors import WordVectors
from seqbench.interfaces import DataError, StoreError, UsageError

WORDS = ("the", "café", "naïve", "new_york", "3.5")
VALUES = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
BINARY = b"2 2\nab " + np.array([1, 2], "<f4").tobytes() + b"\ncd " + bytes(8) + b"\n"


def vectors():
    return WordVectors(WORDS, VALUES)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("suffix", [".vec", ".vec.gz"])
def test_what_was_written_is_read_to_the_bit(tmp_path, form, suffix):
    path = tmp_path / f"mine{suffix}"
    write_vectors(path, vectors(), form)
    found = read_vectors(path, form)
    assert found.words == WORDS
    np.testing.assert_array_equal(found.vectors, VALUES)
    assert found.vectors.dtype == np.float32
    assert [p.name for p in tmp_path.iterdir()] == [path.name]  # no temporary file left


def test_the_formats_are_what_they_are_called(tmp_path):
    path = tmp_path / "mine"
    few = WordVectors(("a", "b"), np.array([[1.0, 0.5], [-2.0, 0.1]]))
    write_vectors(path, few, "word2vec_text")
    assert path.read_bytes() == b"2 2\na 1 0.5\nb -2 0.100000001\n"
    write_vectors(path, few, "glove_text")
    assert path.read_bytes() == b"a 1 0.5\nb -2 0.100000001\n"
    write_vectors(path, few, "word2vec_binary")
    assert path.read_bytes()[:6] == b"2 2\na "


def test_a_compressed_name_is_compressed(tmp_path):
    write_vectors(tmp_path / "v.gz", vectors(), "glove_text")
    assert gzip.decompress((tmp_path / "v.gz").read_bytes()).startswith(b"the ")


@pytest.mark.parametrize(
    ("form", "content", "message"),
    [
        ("word2vec_text", b"", "the file is empty, expected a line a word"),
        ("word2vec_text", b"a 1 2\n", r"line 1 is b'a 1 2', expected a header \"V E\" of two"),
        ("word2vec_text", b"0 2\n", r"line 1 is b'0 2', expected a header"),
        ("word2vec_text", b"2 2\na 1 2\n", "1 words after a header that says 2: cut short"),
        ("word2vec_text", b"1 2\na 1 2\nb 3 4\n", "2 words .* says 1: longer than its header"),
        ("word2vec_text", b"2 2\na 1 2\nb 3\n", "line 3: 'b' has 1 numbers, expected a word and 2"),
        ("glove_text", b"a 1 2\nb 3 4 5\n", "line 2: 'b' has 3 numbers, expected a word and 2"),
        ("glove_text", b"a\n", "line 1: 'a' has 0 numbers, expected a word and one or more"),
        ("glove_text", b"a 1 2\nb 3 x\n", "line 2: 'b': could not convert string to float"),
        ("glove_text", b"a 1 2\nb 3 inf\n", "a number of 'b' is not finite, expected numbers"),
        ("glove_text", b"a 1 2\na 3 4\n", "'a' is word 1 and word 2, expected each word once"),
        ("glove_text", b"a 1\n\xe9t 2\n", "line 2: byte 0xe9 of a word is no UTF-8, expected"),
        ("word2vec_binary", b"nonsense", "line 1 is b'nonsense', expected a header"),
        ("word2vec_binary", BINARY[:-3], "the file ends in the vector of 'cd', expected 2 words"),
        ("word2vec_binary", BINARY[:17], "the file ends in word 2 of 2, expected 2 words with 2"),
        ("word2vec_binary", b"900 300\nab ", "11 bytes cannot hold 900 vectors"),
        ("word2vec_binary", BINARY + b"more", "4 bytes after the last of 2 words|bytes after"),
        ("word2vec_binary", BINARY.replace(b"cd", b"ab"), "'ab' is word 1 and word 2"),
        ("word2vec_binary", BINARY.replace(b"cd", b"\xff\xfe"), "word 2: byte 0xff of a word is"),
        ("word2vec_binary", b"1 1\na " + np.array([np.nan], "<f4").tobytes(), "is not finite"),
    ],
)
def test_a_fault_is_told_with_its_place(tmp_path, form, content, message):
    path = tmp_path / "bad.vec"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message) as caught:
        read_vectors(path, form)
    assert str(caught.value).startswith(f"{path}")
    assert ";" in str(caught.value)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        read_vectors(tmp_path / "none.vec", "glove_text")


def test_an_unknown_format(tmp_path):
    with pytest.raises(UsageError, match="no format 'text', expected one of word2vec_text"):
        read_vectors(tmp_path / "none.vec", "text")
    with pytest.raises(UsageError, match="no format 'text'"):
        write_vectors(tmp_path / "mine.vec", vectors(), "text")


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(
    ("words", "values", "message"),
    [
        (("new york", "b"), np.ones((2, 2)), "the word 'new york' is empty or holds white space"),
        (("", "b"), np.ones((2, 2)), "the word '' is empty"),
        (("a", "b"), np.array([[1, 2], [np.nan, 1]]), "a number of 'b' is not finite in float32"),
        (("a", "b"), np.array([[1, 1e300], [1, 1]]), "a number of 'a' is not finite in float32"),
    ],
)
@pytest.mark.filterwarnings("ignore:overflow encountered in cast")
def test_nothing_is_written_on_an_error(tmp_path, form, words, values, message):
    path = tmp_path / "mine.vec"
    path.write_bytes(b"before")
    with pytest.raises(DataError, match=message):
        write_vectors(path, WordVectors(words, values), form)
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(StoreError, match=r"vector files: cannot write .*expected a writable"):
        write_vectors(tmp_path / "none" / "mine.vec", vectors(), "glove_text")


def test_an_interrupted_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "mine.vec"
    path.write_bytes(b"before")

    def broken(found):
        yield b"the "
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("seqbench.data.vector_files._text_rows", broken)
    with pytest.raises(StoreError, match="No space left on device"):
        write_vectors(path, vectors(), "word2vec_text")
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]
