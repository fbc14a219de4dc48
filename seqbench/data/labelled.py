"""A labelled corpus: three splits of sentences with a class each, and the training vocabulary."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from seqbench.interfaces import DataError, RangeError, UsageError

from .corpus import SPLITS, Tokens
from .sequences import Sequences
from .vocabulary import Vocabulary

Item = tuple[Tokens, int]
"""The tokens of a sentence, and the index of its class."""


@dataclass(frozen=True, slots=True)
class LabelledSplit:
    """N sentences, as strings and as ids cut to the corpus's maximum, and labels (N,) int32.

    groups : what each sentence is counted with apart from all, () where a data set tells none
    """

    name: str
    sentences: Sequence[Tokens]
    ids: Sequences
    labels: np.ndarray
    groups: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.sentences)

    def head(self, count: int | None) -> LabelledSplit:
        """The first `count` sentences, or all for None."""
        if count is None or count >= len(self):
            return self
        if count < 1:
            raise UsageError(f"split {self.name}: {count} sentences asked for, expected at least 1")
        return replace(
            self,
            sentences=self.sentences[:count],
            ids=self.ids.head(count),
            labels=self.labels[:count],
            groups=self.groups[:count],
        )


@dataclass(frozen=True, slots=True)
class LabelledCorpus:
    """What a classification experiment needs to know about its data.

    `classes` name the labels 0, 1, ...; `data_hash` is the SHA-256 of sentences, labels and the
    vocabulary; where the data lay is not in it.
    """

    name: str
    origin: str
    classes: tuple[str, ...]
    train: LabelledSplit
    valid: LabelledSplit
    test: LabelledSplit
    vocabulary: Vocabulary
    data_hash: str

    @property
    def splits(self) -> tuple[LabelledSplit, LabelledSplit, LabelledSplit]:
        return self.train, self.valid, self.test


def build_labelled(
    name: str,
    origin: str,
    classes: Sequence[str],
    items: Mapping[str, Sequence[Item]],
    *,
    min_count: int,
    max_length: int,
    groups: Mapping[str, Sequence[str]] | None = None,
) -> LabelledCorpus:
    """Count the vocabulary on the training sentences and encode every split.

    A sentence longer than `max_length` tokens is cut to its first ones, in every split. `groups`
    name a group for each sentence of each split.

    Raises
    ------
    DataError
        If a split is empty or a sentence has no token.
    RangeError
        If a label is not the index of a class.
    UsageError
        If `max_length` or `min_count` is below 1.
    """
    if max_length < 1:
        raise UsageError(f"data set {name}: max_length is {max_length}, expected at least 1")
    for split in SPLITS:
        _check_items(name, split, items[split], len(classes))
    vocabulary = Vocabulary.build((s for s, _ in items["train"]), min_count=min_count)
    told = {split: tuple((groups or {}).get(split, ())) for split in SPLITS}
    train, valid, test = (_encoded(s, items[s], told[s], vocabulary, max_length) for s in SPLITS)
    parts = [f"{split} {items_hash(items[split])}" for split in SPLITS]
    parts += [vocabulary.digest, str(max_length), *classes]
    parts += [" ".join(told[split]) for split in SPLITS if told[split]]
    data_hash = hashlib.sha256("\n".join(parts).encode()).hexdigest()
    return LabelledCorpus(name, origin, tuple(classes), train, valid, test, vocabulary, data_hash)


def items_hash(items: Iterable[Item]) -> str:
    """Hex SHA-256 of labelled sentences: a line an item, label, tab, tokens."""
    lines = (f"{label}\t{' '.join(tokens)}\n" for tokens, label in items)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _check_items(name: str, split: str, items: Sequence[Item], num_classes: int) -> None:
    if not items:
        raise DataError(
            f"data set {name}: the {split} split is empty, expected at least one sentence; "
            f"check its files or num_{split}"
        )
    for index, (tokens, label) in enumerate(items):
        if not tokens:
            raise DataError(
                f"data set {name}: {split} sentence {index} is empty, expected at least one token; "
                "remove it"
            )
        if not 0 <= label < num_classes:
            raise RangeError(
                f"data set {name}: the label of {split} sentence {index} is {label}, expected 0 to "
                f"{num_classes - 1}; name every class or correct the label"
            )


def _encoded(
    name: str,
    items: Sequence[Item],
    groups: tuple[str, ...],
    vocabulary: Vocabulary,
    max_length: int,
) -> LabelledSplit:
    if groups and len(groups) != len(items):
        raise DataError(
            f"data set {name}: {len(groups)} groups for {len(items)} sentences, expected one each; "
            "name a group for every sentence or for none"
        )
    sentences, labels = zip(*items, strict=True)
    ids = Sequences.encode(sentences, vocabulary).cut(max_length)
    return LabelledSplit(name, sentences, ids, np.array(labels, np.int32), groups)
