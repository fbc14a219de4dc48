"""A text to model, at the level of words or of characters: its lines as ids, in three splits."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from seqbench.interfaces import DataError, UsageError

from .sequences import Sequences
from .vocabulary import BOS_ID, EOS_ID, UNK_ID, Level, Sentence, Vocabulary, units

UNKNOWN = "<unk>"
"""What published word-level texts write for a rare word; here it is the special UNK."""


@dataclass(frozen=True, slots=True)
class TextSplit:
    """N lines; a model reads each with EOS after it, which stands for the line's end.

    lines : ids without EOS; a line may be empty
    characters : (N,) int64, of the text that each line's ids stand for, its end counted as one
    unknown : what the text has where the ids say UNK, in its order
    """

    name: str
    lines: Sequences
    characters: np.ndarray
    unknown: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.lines)

    @property
    def num_tokens(self) -> int:
        """Words or characters to predict: one EOS a line counts."""
        return int(self.lines.ids.size) + len(self)

    @property
    def num_characters(self) -> int:
        return int(self.characters.sum())

    @property
    def unknown_fraction(self) -> float:
        """UNK among the tokens."""
        return float(np.mean(self.stream() == UNK_ID))

    def head(self, count: int | None) -> TextSplit:
        """The first `count` lines, or all for None."""
        if count is None or count >= len(self):
            return self
        lines = self.lines.head(count)
        unknown = self.unknown[: int((lines.ids == UNK_ID).sum())]
        return TextSplit(self.name, lines, self.characters[:count], unknown)

    def stream(self) -> np.ndarray:
        """(num_tokens,) int32: every line with its EOS, end to end."""
        ends = self.lines.starts[1:] + np.arange(len(self))  # where each line's EOS comes to stand
        found = np.full(self.num_tokens, EOS_ID, np.int32)
        inside = np.ones(self.num_tokens, bool)
        inside[ends] = False
        found[inside] = self.lines.ids
        return found


@dataclass(frozen=True, slots=True)
class TextCorpus:
    """What a language model needs to know about its data.

    continuous : lines follow each other, and a model carries its state from one to the next; else
        each is a sentence of its own
    test : None where the data root does not hold it
    data_hash : SHA-256 of what a model can see; facts : what a row should tell
    """

    name: str
    origin: str
    level: Level
    continuous: bool
    vocabulary: Vocabulary
    train: TextSplit
    valid: TextSplit
    test: TextSplit | None
    data_hash: str
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def start_id(self) -> int:
        """What a model reads before the first token: EOS in a continuous text, where it is what
        every later line begins after, else BOS."""
        return EOS_ID if self.continuous else BOS_ID

    def split(self, name: str) -> TextSplit:
        """`train`, `valid` or `test`. DataError where the test split is not there."""
        found: TextSplit | None = getattr(self, name)
        if found is None:
            raise DataError(
                f"data set {self.name}: there is no {name} split under the data root, expected its "
                f"file ({self.origin}); put it there, or evaluate on valid"
            )
        return found


def build_text_corpus(
    name: str,
    origin: str,
    lines: Mapping[str, Sequence[str]],
    *,
    level: Level,
    continuous: bool,
    min_count: int = 1,
    max_size: int | None = None,
    max_length: int | None = None,
    counts: Mapping[str, int | None] | None = None,
    facts: Mapping[str, Any] | None = None,
) -> TextCorpus:
    """Count the vocabulary on the training lines and encode every split.

    lines : `train`, `valid` and, where there is one, `test`; words apart by white space
    counts : the first lines of each split to take; None for all
    max_length : the most tokens of a sentence, EOS left out; without meaning in a continuous text

    Raises
    ------
    DataError
        If a split has no token, or a sentence is longer than `max_length`.
    UsageError
        If a count is below 1 or above what there is.
    """
    taken = {
        split: _head(name, split, text, (counts or {}).get(split)) for split, text in lines.items()
    }
    for split, text in taken.items():
        _check_text(name, split, text, level)
    vocabulary = Vocabulary.build(
        _known(taken["train"], level), min_count=min_count, max_size=max_size, level=level
    )
    splits = {split: _encoded(split, text, vocabulary) for split, text in taken.items()}
    if not continuous:
        for found in splits.values():
            _check_lengths(name, found, max_length)
    test = splits.get("test")
    data_hash = _hash_of((splits["train"], splits["valid"]), vocabulary, continuous)
    return TextCorpus(
        name,
        origin,
        level,
        continuous,
        vocabulary,
        splits["train"],
        splits["valid"],
        test,
        data_hash,
        facts or {},
    )


def _head(name: str, split: str, text: Sequence[str], count: int | None) -> Sequence[str]:
    if count is None:
        return text
    if not 1 <= count <= len(text):
        raise UsageError(
            f"data set {name}: num_{split} is {count}, expected 1 to {len(text)}, the lines that "
            f"there are; set dataset.num_{split}=null for all"
        )
    return text[:count]


def _check_text(name: str, split: str, text: Iterable[str], level: Level) -> None:
    if not any(units(line, level) for line in text):
        raise DataError(
            f"data set {name}: the {split} text is empty, expected at least one token; check its "
            f"file or num_{split}"
        )


def _known(text: Iterable[str], level: Level) -> Iterator[Sentence]:
    """What a vocabulary counts: all but the text's own mark for rare words."""
    for line in text:
        yield line if level == "character" else [w for w in line.split() if w != UNKNOWN]


def _encoded(split: str, text: Sequence[str], vocabulary: Vocabulary) -> TextSplit:
    characters = np.array([len(line) + 1 for line in text], np.int64)
    lines = Sequences.encode(text, vocabulary)
    tokens = (token for line in text for token in units(line, vocabulary.level))
    places = (lines.ids == UNK_ID).tolist()
    return TextSplit(split, lines, characters, tuple(itertools.compress(tokens, places)))


def _check_lengths(name: str, split: TextSplit, max_length: int | None) -> None:
    if max_length is None:
        return
    too_long = np.flatnonzero(split.lines.lengths > max_length)
    if too_long.size:
        first = int(too_long[0])
        raise DataError(
            f"data set {name}: {split.name} sentence {first} has {split.lines.lengths[first]} "
            f"tokens, expected at most max_length {max_length} ({too_long.size} are longer); raise "
            "dataset.max_length"
        )


def _hash_of(splits: Iterable[TextSplit], vocabulary: Vocabulary, continuous: bool) -> str:
    found = hashlib.sha256(f"{vocabulary.digest} {continuous}".encode())
    for split in splits:
        found.update(split.lines.ids.astype("<i4").tobytes())
        found.update(split.lines.starts.astype("<i8").tobytes())
    return found.hexdigest()
