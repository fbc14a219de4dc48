"""Text files, the user's own corpora, and the data root."""

from __future__ import annotations

import gzip

import pytest

from seqbench.data.parallel_files import load_parallel_files
from seqbench.data.root import data_root
from seqbench.data.text_files import read_pairs, read_sentences
from seqbench.interfaces import DataError, UsageError


def test_plain_and_gzip_read_alike(tmp_path):
    text = "ein Haus\nzwei\tHäuser \n".encode()
    (tmp_path / "a.txt").write_bytes(text)
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(text))
    expected = [("ein", "Haus"), ("zwei", "Häuser")]
    assert read_sentences(tmp_path / "a.txt") == expected
    assert read_sentences(tmp_path / "a.txt.gz") == expected


def test_lines_end_at_line_feeds_alone(tmp_path):
    (tmp_path / "a").write_text("a\x0bb c\r\nd", encoding="utf-8", newline="")
    assert read_sentences(tmp_path / "a") == [("a", "b", "c"), ("d",)]


def test_no_utf8(tmp_path):
    (tmp_path / "a").write_bytes(b"fine\nH\xe4user\n")
    message = r"a, line 2: byte 0xe4 at column 2 is no UTF-8, expected UTF-8 text; convert"
    with pytest.raises(DataError, match=message):
        read_sentences(tmp_path / "a")


def test_an_empty_line(tmp_path):
    (tmp_path / "a").write_text("one\n \nthree\n")
    with pytest.raises(DataError, match="a, line 2: the line is empty, expected at least one"):
        read_sentences(tmp_path / "a")


def test_an_empty_file(tmp_path):
    (tmp_path / "a").write_bytes(b"")
    with pytest.raises(DataError, match="a: the file is empty, expected a sentence a line"):
        read_sentences(tmp_path / "a")


@pytest.mark.parametrize(
    "damage", [lambda d: d[:-9], lambda d: b"x" + d, lambda d: d[:12] + d[14:]]
)
def test_a_damaged_gzip(tmp_path, damage):
    (tmp_path / "a.gz").write_bytes(damage(gzip.compress(b"one two three\n" * 50)))
    with pytest.raises(DataError, match=r"a.gz: damaged gzip \(.*\), expected a whole file"):
        read_sentences(tmp_path / "a.gz")


def test_a_missing_file(tmp_path):
    with pytest.raises(DataError, match=r"gone: cannot be read \(No such file or directory\)"):
        read_sentences(tmp_path / "gone")


def test_unequal_line_counts(tmp_path):
    (tmp_path / "s").write_text("a\nb\n")
    (tmp_path / "t").write_text("x\n")
    with pytest.raises(DataError, match=r"s has 2 lines and .*t has 1, expected as many"):
        read_pairs(tmp_path / "s", tmp_path / "t")


@pytest.fixture
def files(tmp_path):
    """Twenty training pairs, three of each other split; the options that name them."""
    options = {}
    for split, count in (("train", 20), ("valid", 3), ("test", 3)):
        for side, letter in (("source", "a"), ("target", "x")):
            lines = (f"{letter}{i} {letter}\n" for i in range(count))
            (tmp_path / f"{split}.{side}").write_text("".join(lines))
            options[f"{split}_{side}"] = f"{split}.{side}"
    return {"root": tmp_path, "min_count": 1, **options}


def test_a_corpus_of_ones_own(files):
    corpus = load_parallel_files(**files)
    assert [len(split) for split in corpus.splits] == [20, 3, 3]
    assert corpus.train.sources[19] == ("a19", "a")
    assert corpus.valid.targets[2] == ("x2", "x")


def test_its_hash_does_not_depend_on_the_place(files, tmp_path):
    first = load_parallel_files(**files)
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    for path in list(tmp_path.glob("*.*")):
        path.rename(moved / path.name)
    assert load_parallel_files(**{**files, "root": moved}).data_hash == first.data_hash


def test_a_subset_is_drawn_in_order_and_grows(files):
    def train(**options):
        return [s[0] for s in load_parallel_files(**files, **options).train.sources]

    five, ten = train(num_train=5), train(num_train=10)
    assert len(five) == 5
    assert set(five) < set(ten)
    assert ten == sorted(ten, key=lambda w: int(w[1:]))
    assert five != [f"a{i}" for i in range(5)]
    assert train(num_train=5, seed=1) != five


@pytest.mark.parametrize("count", [0, 21])
def test_a_subset_larger_than_the_data(files, count):
    with pytest.raises(UsageError, match=f"num_train is {count}, expected 1 to 20, the pairs"):
        load_parallel_files(**files, num_train=count)


def test_the_data_root(monkeypatch, tmp_path):
    monkeypatch.setenv("SEQBENCH_DATA", str(tmp_path / "env"))
    assert data_root(tmp_path) == tmp_path
    assert data_root() == tmp_path / "env"
    monkeypatch.delenv("SEQBENCH_DATA")
    monkeypatch.setenv("SEQBENCH_CACHE", str(tmp_path / "cache"))
    assert data_root() == tmp_path / "cache" / "data"
    monkeypatch.delenv("SEQBENCH_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert data_root() == tmp_path / "xdg" / "seqbench" / "data"
