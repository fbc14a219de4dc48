"""The texts that language models are trained on: of the data root, or what Python itself carries.

Every loader takes the keywords of `build_text_corpus` that are its caller's (`min_count`,
`max_size`, `max_length`), `num_train`, `num_valid`, `num_test` for the first lines alone, `level`,
`continuous` and `layout`: "words" for words apart by single spaces at either level, so that words
and characters can be compared on one text; None for the layout that the level has by itself.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from seqbench.interfaces import DataError, UsageError

from .bits import Purpose, permutation, philox
from .checked_files import Source, checked_file
from .help_topics import topics_hash, topics_text
from .root import data_root
from .text_corpus import TextCorpus, build_text_corpus
from .text_files import read_bytes
from .text_sources import (
    HELP_ORIGIN,
    NAMES,
    PTB,
    PTB_CHARACTERS,
    TINYSHAKESPEARE,
    WIKITEXT2,
    TextFile,
    TextSource,
)
from .vocabulary import Level

Root = str | os.PathLike[str] | None
Lines = Sequence[str]
Layout = Literal["words"] | None


def load_ptb(*, root: Root = None, level: Level = "word", **options: Any) -> TextCorpus:
    """Mikolov's Penn Treebank with `<unk>` as UNK; at the character level the ptb.char files."""
    source = PTB_CHARACTERS if level == "character" else PTB
    return _corpus(source, _splits(source, root), {"level": level, "continuous": True} | options)


def load_wikitext2(*, root: Root = None, **options: Any) -> TextCorpus:
    """WikiText-2; empty lines count, as in the published numbers of tokens."""
    defaults = {"level": "word", "continuous": True}
    return _corpus(WIKITEXT2, _splits(WIKITEXT2, root), defaults | options)


def load_tinyshakespeare(*, root: Root = None, **options: Any) -> TextCorpus:
    """The lines in their order: the first 90 % train, then 5 % valid and 5 % test."""
    lines = _splits(TINYSHAKESPEARE, root)["all"]
    first, second = len(lines) * 90 // 100, len(lines) * 95 // 100
    splits = {"train": lines[:first], "valid": lines[first:second], "test": lines[second:]}
    return _corpus(TINYSHAKESPEARE, splits, {"level": "character", "continuous": True} | options)


def load_names(*, root: Root = None, seed: int = 0, **options: Any) -> TextCorpus:
    """First names in an order drawn by `seed`: 80 % train, 10 % valid, 10 % test."""
    lines = _splits(NAMES, root)["all"]
    order = permutation(len(lines), philox(seed, Purpose.SUBSET))
    drawn = [lines[i] for i in order]
    first, second = len(lines) * 80 // 100, len(lines) * 90 // 100
    splits = {"train": drawn[:first], "valid": drawn[first:second], "test": drawn[second:]}
    return _corpus(NAMES, splits, {"level": "character", "continuous": False} | options)


def load_help_topics(*, level: Level = "word", layout: Layout = None, **options: Any) -> TextCorpus:
    """Python's help topics, a paragraph a line: a tenth of the topics valid, a tenth test.

    With `layout` "words" characters are those of the word level's text, in lower case. The text is
    that of the Python that runs; its SHA-256 stands in the corpus's facts.
    """
    facts = {"topics_sha256": topics_hash()}
    defaults = {"level": level, "continuous": True}
    splits = topics_text("word" if _checked(layout, "help_topics") else level)
    return _built("help_topics", HELP_ORIGIN, splits, defaults | options, facts)


def _corpus(source: TextSource, splits: Mapping[str, Lines], options: dict[str, Any]) -> TextCorpus:
    if _checked(options.pop("layout", None), source.name):
        splits = {
            name: [" ".join(line.split()) for line in lines] for name, lines in splits.items()
        }
    return _built(source.name, source.origin, splits, options, {})


def _checked(layout: str | None, name: str) -> Layout:
    if layout not in (None, "words"):
        raise UsageError(
            f"data set {name}: layout is {layout!r}, expected 'words' or null; set "
            "dataset.options.layout=words for one text at both levels"
        )
    return layout  # type: ignore[return-value]


def _built(
    name: str,
    origin: str,
    splits: Mapping[str, Lines],
    options: dict[str, Any],
    facts: Mapping[str, Any],
) -> TextCorpus:
    options.pop("seed", None)  # of a text that is not drawn
    counts = {split: options.pop(f"num_{split}", None) for split in ("train", "valid", "test")}
    return build_text_corpus(name, origin, splits, counts=counts, facts=facts, **options)


def _splits(source: TextSource, root: Root) -> dict[str, Lines]:
    """The lines of every file of a data set, held against what is known of them."""
    base = data_root(root)
    found = {}
    for split, file in source.files.items():
        if file.sha256:
            told = Source(source.name, source.origin, source.licence)
            path = checked_file(base, file.path, file.sha256, told)
        else:
            path = base / file.path
            if not path.is_file():
                continue
        found[split] = _lines(path, source)
        _check_tokens(path, file, found[split])
    return found


def _lines(path: Path, source: TextSource) -> Lines:
    text = read_bytes(path).decode("utf-8")
    if source.layout == "spaced_characters":
        lines = text.rstrip().split("\n")  # the files end in a line that holds a space
        return ["".join(line.split()).replace("_", " ") for line in lines]
    lines = text.removesuffix("\n").split("\n")
    return lines if source.layout == "plain" else [" ".join(line.split()) for line in lines]


def _check_tokens(path: Path, file: TextFile, lines: Lines) -> None:
    """One end a line counts, as in the published numbers."""
    if not file.num_tokens:
        return
    found = sum(len(line.split()) + 1 for line in lines)
    if found != file.num_tokens:
        raise DataError(
            f"{path}: the text has {found} tokens with one end a line, expected the published "
            f"{file.num_tokens}; get the file again"
        )
