"""Similarity pairs: a stand-in for the mechanics, the real files under the marker `data`."""

from __future__ import annotations

import hashlib

import pytest

from seqbench.data.word_files import SIMILARITY_SHA256
from seqbench.data.word_similarity import FILES, load_word_similarity, read_similarity
from seqbench.interfaces import DataError, UnknownNameError


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A data root whose every set is one pair, with checksums that agree."""
    (tmp_path / "word_similarity").mkdir()
    for relative in FILES.values():
        (tmp_path / relative).write_text("Tiger\tcat 7.35\n")
        sha256 = hashlib.sha256((tmp_path / relative).read_bytes()).hexdigest()
        monkeypatch.setitem(SIMILARITY_SHA256, relative, sha256)
    return tmp_path


def test_pairs_keep_case_and_order(root):
    found = load_word_similarity(root=root, names=("rg65", "mc30"))
    assert list(found) == ["rg65", "mc30"]
    assert found["mc30"].pairs == (("Tiger", "cat"),)
    assert found["mc30"].scores == (7.35,)
    assert len(found["mc30"]) == 1


def test_an_unknown_set(root):
    with pytest.raises(UnknownNameError, match=r"no similarity set named 'wordsim'; did you mean"):
        load_word_similarity(root=root, names=("wordsim",))


def test_a_damaged_file(root):
    (root / FILES["rg65"]).write_text("gem jewel 3.95\n")
    with pytest.raises(DataError, match="damaged or another version"):
        load_word_similarity(root=root)


@pytest.mark.parametrize("line", ["gem jewel", "gem jewel high", "gem jewel stone 3.9", "a b nan"])
def test_a_line_that_is_no_pair(tmp_path, line):
    path = tmp_path / "pairs.txt"
    path.write_text(f"gem jewel 3.94\n{line}\n")
    with pytest.raises(DataError, match=rf"line 2: '{line}', expected two words and a score"):
        read_similarity(path, "mine")


@pytest.mark.data
def test_the_real_files():
    found = load_word_similarity()
    sizes = {name: len(pairs) for name, pairs in found.items()}
    assert sizes == {
        "wordsim353": 353,
        "wordsim353_similarity": 203,
        "wordsim353_relatedness": 252,
        "rg65": 65,
        "mc30": 30,
    }
    assert found["wordsim353"].pairs[1] == ("tiger", "cat")
    assert found["wordsim353"].scores[1] == 7.35
