"""Multi30k: stand-in files for the mechanics, the real ones under the marker `data`."""

from __future__ import annotations

import gzip
import hashlib
import os

import pytest

from seqbench.data import checked_files, multi30k
from seqbench.data.facts import corpus_facts
from seqbench.data.multi30k import load_de_en, load_en_de, load_en_fr, load_multi30k
from seqbench.data.multi30k_files import FOLDER, SHA256, file_name
from seqbench.interfaces import DataError, UsageError


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A data root with two pairs a split, and checksums that agree."""
    folder = tmp_path / FOLDER
    folder.mkdir(parents=True)
    for split, language in SHA256:
        data = gzip.compress(f"{language}1 {split}\n{language}2\n".encode(), mtime=0)
        (folder / file_name(split, language)).write_bytes(data)
        monkeypatch.setitem(SHA256, (split, language), hashlib.sha256(data).hexdigest())
    return tmp_path


def test_any_direction(root):
    corpus = load_multi30k(source="de", target="fr", root=root, min_count=1)
    assert corpus.name == "multi30k_de_fr"
    assert corpus.train.sources == (("de1", "train"), ("de2",))
    assert corpus.valid.targets == (("fr1", "valid"), ("fr2",))
    assert corpus.test.sources[0] == ("de1", "test")
    assert load_de_en(root=root, min_count=1).train.targets[1] == ("en2",)


def test_the_root_comes_from_the_environment(root, monkeypatch):
    monkeypatch.setenv("SEQBENCH_DATA", str(root))
    assert len(load_en_de(min_count=1).test) == 2


def test_a_missing_file(root):
    path = root / FOLDER / file_name("valid", "de")
    path.unlink()
    with pytest.raises(DataError) as caught:
        load_en_de(root=root)
    message = str(caught.value)
    assert message.startswith(f"multi30k: {path} is missing, expected it under the data root")
    for part in (
        str(root),
        "multi30k/dataset on GitHub",
        "data/task1/tok",
        "a3d2e0d26b56f3846f66a952536ffed4e401d05a",
        "non-commercial",
        "SEQBENCH_DATA",
    ):
        assert part in message


def test_a_damaged_file(root):
    path = root / FOLDER / file_name("train", "en")
    expected = SHA256["train", "en"]
    load_en_de(root=root, min_count=1)
    path.write_bytes(path.read_bytes()[:-1])
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    message = f"{path} is damaged or another version: SHA-256 {found}, expected {expected}; get"
    with pytest.raises(DataError) as caught:
        load_en_de(root=root, min_count=1)
    assert message in str(caught.value)


def test_a_checksum_is_read_once_while_the_file_stays(root, monkeypatch):
    load_en_fr(root=root, min_count=1)
    monkeypatch.setattr(checked_files.hashlib, "sha256", None)
    monkeypatch.setattr(multi30k, "corpus_of_files", lambda *args, **options: "loaded")
    assert load_en_fr(root=root) == "loaded"


def test_languages():
    with pytest.raises(UsageError, match="no language 'it', expected two of de, en, fr"):
        load_multi30k(source="it")
    with pytest.raises(UsageError, match="source and target are both 'de', expected two"):
        load_multi30k(source="de", target="de")


needs_data = pytest.mark.skipif("SEQBENCH_DATA" not in os.environ, reason="SEQBENCH_DATA not set")


@pytest.mark.data
@needs_data
@pytest.mark.parametrize(("target", "tokens"), [("de", (377534, 360706)), ("fr", (377534, 409845))])
def test_the_real_files_have_the_counts_of_their_readme(target, tokens):
    corpus = load_multi30k(source="en", target=target)
    facts = corpus_facts(corpus)
    assert facts["num_pairs"] == {"train": 29000, "valid": 1014, "test": 1000}
    assert (facts["source"]["tokens"], facts["target"]["tokens"]) == tokens
    assert 0 < facts["unknown_rate"]["test"]["target"] < 0.06


@pytest.mark.data
@needs_data
def test_a_part_of_the_real_files():
    corpus = load_en_de(num_train=1000, num_valid=50, num_test=50)
    assert [len(split) for split in corpus.splits] == [1000, 50, 50]
