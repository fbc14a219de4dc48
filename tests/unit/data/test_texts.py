"""Texts for language models: stand-in files for the mechanics, the real ones marked `data`."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace

import numpy as np
import pytest

from seqbench.data import help_topics, texts
from seqbench.data.text_corpus import build_text_corpus
from seqbench.data.text_sources import NAMES, PTB, TINYSHAKESPEARE, TextFile
from seqbench.data.texts import (
    load_help_topics,
    load_names,
    load_ptb,
    load_tinyshakespeare,
    load_wikitext2,
)
from seqbench.data.unknown_words import unknown_words
from seqbench.data.vocabulary import BOS_ID, EOS_ID, UNK_ID
from seqbench.interfaces import DataError, UsageError

LINES = {"train": ["the cat sat", "", "the <unk> sat"], "valid": ["a cat", "the mat sat"]}


def corpus(lines=LINES, level="word", continuous=True, **options):
    return build_text_corpus("made", "a test", lines, level=level, continuous=continuous, **options)


def test_a_line_is_its_ids_and_eos():
    found = corpus()
    the, sat = (int(found.vocabulary.encode(w)[0]) for w in ("the", "sat"))
    cat = int(found.vocabulary.encode("cat")[0])
    expected = [the, cat, sat, EOS_ID, EOS_ID, the, UNK_ID, sat, EOS_ID]
    assert found.train.stream().tolist() == expected
    assert found.train.num_tokens == 9
    assert found.train.num_characters == len("the cat sat\n\nthe <unk> sat\n")


def test_the_texts_own_mark_for_a_rare_word_is_unk():
    found = corpus()
    assert "<unk>" not in found.vocabulary
    assert found.train.unknown_fraction == pytest.approx(1 / 9)
    assert found.valid.unknown_fraction == pytest.approx(2 / 7)  # a, mat


def test_characters_are_the_units_of_the_other_level():
    found = corpus({"train": ["ab aa "], "valid": ["<unk>"]}, level="character")
    assert found.vocabulary.to_list()[4:] == ["a", " ", "b"]
    assert found.valid.num_tokens == 6
    joined = corpus({"train": ["abc"], "valid": ["c"]}, level="character").vocabulary
    assert " " not in joined


def test_min_count_and_max_size_reach_the_vocabulary():
    assert "cat" not in corpus(min_count=2).vocabulary
    assert len(corpus(max_size=5).vocabulary) == 5


def test_where_a_text_begins():
    assert corpus().start_id == EOS_ID
    assert corpus(continuous=False).start_id == BOS_ID


def test_the_head_of_a_split():
    split = corpus().train.head(2)
    assert (len(split), split.num_tokens, split.num_characters) == (2, 5, 13)
    assert corpus().train.head(None).num_tokens == 9
    found = corpus(counts={"train": 1, "valid": None})
    assert (len(found.train), len(found.valid)) == (1, 2)


def test_the_hash_is_that_of_what_a_model_sees():
    one = corpus().data_hash
    assert one == corpus().data_hash
    assert one != corpus(min_count=2).data_hash
    assert one != corpus({**LINES, "train": [*LINES["train"], "the"]}).data_hash
    assert one != corpus(continuous=False).data_hash


@pytest.mark.parametrize("empty", [[], ["", "  "]])
def test_an_empty_text(empty):
    with pytest.raises(DataError, match="made: the valid text is empty, expected at least one"):
        corpus({**LINES, "valid": empty})
    with pytest.raises(DataError, match="the train text is empty"):
        corpus({**LINES, "train": empty})


@pytest.mark.parametrize("count", [0, 4])
def test_counts_out_of_range(count):
    message = f"made: num_train is {count}, expected 1 to 3, .* set dataset.num_train=null for all"
    with pytest.raises(UsageError, match=message):
        corpus(counts={"train": count})


def test_a_sentence_that_is_too_long():
    message = "made: train sentence 0 has 3 tokens, expected at most max_length 2 .2 are longer."
    with pytest.raises(DataError, match=message):
        corpus(continuous=False, max_length=2)
    assert corpus(max_length=2).train.num_tokens == 9  # no limit where lines run on


def test_a_test_split_that_is_not_there():
    with pytest.raises(DataError, match=r"there is no test split under the data root, .*valid"):
        corpus().split("test")
    assert corpus().split("valid").name == "valid"


# -- unknown words -----------------------------------------------------------------------------


def test_what_is_unknown_is_kept_in_its_order():
    found = corpus()
    assert found.train.unknown == ("<unk>",)
    assert found.valid.unknown == ("a", "mat")
    assert found.valid.head(1).unknown == ("a",)
    characters = corpus({"train": ["ab a"], "valid": ["axb", "", "y z"]}, level="character")
    assert characters.valid.unknown == ("x", "y", "z")
    assert characters.valid.head(2).unknown == ("x",)


@pytest.mark.parametrize(
    "text",
    [["the cat"], ["a cat", "", "the mat sat"], ["x"], [""], ["xx the xx", " the  x"]],
)
@pytest.mark.parametrize("level", ["word", "character"])
def test_unknown_words_by_brute_force(text, level):
    train = ["the cat sat"]
    made = corpus({"train": train, "valid": ["the", *text]}, level=level)
    known = set(train[0].split() if level == "word" else train[0])
    words = [word for line in ("the", *text) for word in line.split()]
    strange = [w for w in words if w not in known] if level == "word" else None
    if strange is None:
        strange = [w for w in words if not set(w) <= known]
    assert unknown_words(made.valid, made.vocabulary) == len(strange) / len(words)


def test_no_word_is_no_unknown_word():
    made = corpus({"train": ["a b"], "valid": [" a"]}, level="character")
    assert unknown_words(made.valid.head(1), made.vocabulary) == 0.0


def test_both_levels_of_a_layout_are_one_text():
    words, characters = (load_help_topics(level=v, layout="words") for v in ("word", "character"))
    for split in ("train", "valid", "test"):
        one, other = words.split(split), characters.split(split)
        assert one.characters.tolist() == other.characters.tolist()
        assert other.num_tokens == other.num_characters
    line = characters.valid.lines[0]
    assert "".join(characters.vocabulary.decode(line)) == topics_line(words)


def topics_line(words):
    line, unknown = words.valid.lines[0], iter(words.valid.unknown)
    tokens = words.vocabulary.decode(line)
    return " ".join(next(unknown) if t == "<UNK>" else t for t in tokens)


def test_a_layout_that_there_is_not():
    with pytest.raises(UsageError, match=r"layout is 'plain', expected 'words' or null; set data"):
        load_help_topics(layout="plain")


def test_the_layout_of_a_file_makes_spaces_single(tmp_path, monkeypatch):
    write(tmp_path, "t.txt", "".join(f"a  b{i}\n" for i in range(40)))
    digest = hashlib.sha256((tmp_path / "t.txt").read_bytes()).hexdigest()
    monkeypatch.setattr(
        texts, "TINYSHAKESPEARE", replace(TINYSHAKESPEARE, files={"all": TextFile("t.txt", digest)})
    )
    assert load_tinyshakespeare(root=tmp_path).train.characters[0] == len("a  b0\n")
    single = load_tinyshakespeare(root=tmp_path, layout="words").train
    assert single.characters[0] == len("a b0\n")


# -- files -------------------------------------------------------------------------------------


def write(root, path, text):
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return hashlib.sha256(file.read_bytes()).hexdigest()


@pytest.fixture
def ptb(tmp_path, monkeypatch):
    """A data root with a small Penn Treebank, and checksums that agree."""
    files = {
        "train": TextFile("ptb/a.txt", write(tmp_path, "ptb/a.txt", " no it was n't \n yes \n"), 7),
        "valid": TextFile("ptb/b.txt", write(tmp_path, "ptb/b.txt", " it <unk> \n"), 3),
        "test": TextFile("ptb/c.txt", num_tokens=2),
    }
    monkeypatch.setattr(texts, "PTB", replace(PTB, files=files))
    return tmp_path


def test_lines_lose_their_outer_spaces(ptb):
    found = load_ptb(root=ptb)
    assert found.train.num_tokens == 7
    assert found.train.num_characters == len("no it was n't\nyes\n")
    assert found.test is None


def test_a_test_file_without_a_checksum_is_held_against_its_published_length(ptb):
    write(ptb, "ptb/c.txt", " yes \n")
    assert load_ptb(root=ptb).split("test").num_tokens == 2
    write(ptb, "ptb/c.txt", " yes yes \n")
    with pytest.raises(DataError, match=r"has 3 tokens with one end a line, expected .* 2; get"):
        load_ptb(root=ptb)


def test_a_damaged_or_missing_file(ptb):
    (ptb / "ptb/b.txt").write_text("other")
    with pytest.raises(DataError, match="damaged or another version: SHA-256"):
        load_ptb(root=ptb)
    (ptb / "ptb/b.txt").unlink()
    with pytest.raises(DataError, match=r"b.txt is missing, expected it under the data root"):
        load_ptb(root=ptb)


def test_names_are_drawn_by_seed_into_three_splits(tmp_path, monkeypatch):
    text = "".join(f"name{chr(97 + i)}\n" for i in range(20))
    files = {"all": TextFile("n.txt", write(tmp_path, "n.txt", text))}
    monkeypatch.setattr(texts, "NAMES", replace(NAMES, files=files))
    one, other = (load_names(root=tmp_path, seed=seed) for seed in (0, 1))
    assert [len(s) for s in (one.train, one.valid, one.test)] == [16, 2, 2]
    assert (one.level, one.continuous) == ("character", False)
    assert not np.array_equal(one.train.lines.ids, other.train.lines.ids)


# -- help topics -------------------------------------------------------------------------------


def test_help_topics_are_english_at_both_levels():
    words = load_help_topics(min_count=2)
    assert "statement" in words.vocabulary
    assert words.train.num_tokens > 50_000
    assert 0 < words.valid.unknown_fraction < 0.1
    characters = load_help_topics(level="character")
    assert len(characters.vocabulary) < 150
    assert "A" in characters.vocabulary


@pytest.mark.parametrize("level", ["word", "character"])
def test_no_paragraph_of_a_held_out_topic_is_trained_on(level):
    splits = help_topics.topics_text(level)
    for split in ("valid", "test"):
        assert len(splits[split]) > 100
        assert not set(splits["train"]) & set(splits[split])


def test_help_topics_tell_their_hash(monkeypatch):
    before = load_help_topics().facts["topics_sha256"]
    assert before == help_topics.topics_hash()
    changed = help_topics.topics() | {"assert": "another text"}
    monkeypatch.setattr(help_topics, "topics", lambda: changed)
    assert load_help_topics().facts["topics_sha256"] != before


def test_paragraphs():
    text = 'The "del" statement\n******\n\nDeletes  x[1],\nthen y.\n\n----\n'
    assert help_topics.paragraphs(text, "word") == [
        'the " del " statement',
        "deletes x [ 1 ] , then y .",
    ]
    assert help_topics.paragraphs(text, "character") == [
        'The "del" statement',
        "Deletes x[1], then y.",
    ]


# -- the real files ----------------------------------------------------------------------------

real = pytest.mark.skipif("SEQBENCH_DATA" not in os.environ, reason="SEQBENCH_DATA not set")


@pytest.mark.data
@real
def test_the_penn_treebank_has_its_published_numbers():
    found = load_ptb()
    assert len(found.vocabulary) == 9_998 + 4  # 10,000 with <unk> and the end; PAD and BOS beside
    assert (found.train.num_tokens, found.valid.num_tokens) == (929_589, 73_760)


@pytest.mark.data
@real
def test_the_penn_treebank_by_characters():
    found = load_ptb(level="character")
    assert len(found.train) == 42_068
    assert len(found.vocabulary) == 49 + 4  # 50 with the line's end
    assert " " in found.vocabulary


@pytest.mark.data
@real
def test_wikitext2_has_its_published_numbers():
    found = load_wikitext2()
    assert len(found.vocabulary) == 33_276 + 4
    assert (found.train.num_tokens, found.valid.num_tokens) == (2_088_628, 217_646)


@pytest.mark.data
@real
def test_tiny_shakespeare_and_the_names():
    found = load_tinyshakespeare()
    assert sum(s.num_characters for s in (found.train, found.valid, found.test)) == 1_115_394
    assert len(found.vocabulary) == 64 + 4  # 65 with the line's end
    names = load_names()
    assert sum(len(s) for s in (names.train, names.valid, names.test)) == 32_033
    assert len(names.vocabulary) == 26 + 4
