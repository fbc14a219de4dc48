"""text8's beginning and Brown: errors without data, counts with them."""

from __future__ import annotations

import pytest

from seqbench.data.plain_text import load_brown, load_text8_brown, load_text8_prefix
from seqbench.interfaces import DataError, UsageError


@pytest.mark.parametrize("load", [load_text8_prefix, load_brown, load_text8_brown])
def test_a_missing_file_is_told(tmp_path, load):
    with pytest.raises(DataError, match="is missing, expected it under the data root"):
        load(root=tmp_path)


def test_a_damaged_file_is_told(tmp_path):
    (tmp_path / "brown").mkdir()
    (tmp_path / "brown" / "brown.tokens.txt.gz").write_bytes(b"no text")
    with pytest.raises(DataError, match="is damaged or another version: SHA-256"):
        load_brown(root=tmp_path)


def test_options_without_a_meaning_are_told(tmp_path):
    with pytest.raises(UsageError, match="num_valid is 5 and num_test None, expected null"):
        load_brown(root=tmp_path, num_valid=5)
    with pytest.raises(UsageError, match="max_length is 1, expected at least 2 words"):
        load_brown(root=tmp_path, max_length=1)


@pytest.mark.data
@pytest.mark.parametrize(
    ("load", "tokens"), [(load_text8_prefix, 1_171_946), (load_brown, 1_005_119)]
)
def test_every_token_is_there(load, tokens):
    corpus = load(min_count=1, held_out_every=None)
    assert len(corpus) == tokens == corpus.counts.sum()
    assert corpus.words[0] == "the"
    assert len(corpus.held_out_ids) == 0


@pytest.mark.data
def test_a_twentieth_is_held_out_of_both():
    corpus = load_text8_brown(num_train=2000)
    assert 0.03 < len(corpus.held_out_ids) / len(corpus) < 0.08
    assert all(word.islower() or not word.isalpha() for word in corpus.words)
