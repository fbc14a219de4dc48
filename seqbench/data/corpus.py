"""A parallel corpus: three splits of sentence pairs, and the vocabularies of the training pairs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from seqbench.interfaces import DataError, UsageError

from .sequences import Sequences
from .vocabulary import Vocabulary

Tokens = tuple[str, ...]
Pair = tuple[Tokens, Tokens]
SPLITS = ("train", "valid", "test")


@dataclass(frozen=True, slots=True)
class Split:
    """N sentence pairs, as strings (rare words kept, what BLEU reads) and as ids.

    `max_length` bounds ids of a source or a target, without BOS and EOS. `num_dropped` training
    pairs were longer and left out; `truncated` says that evaluation pairs were cut to it.
    """

    name: str
    sources: Sequence[Tokens]
    targets: Sequence[Tokens]
    source_ids: Sequences
    target_ids: Sequences
    max_length: int
    num_dropped: int = 0
    truncated: bool = False

    def __len__(self) -> int:
        return len(self.sources)

    def __iter__(self) -> Iterator[Pair]:
        return zip(self.sources, self.targets, strict=True)

    def head(self, count: int | None) -> Split:
        """The first `count` pairs, or all for None."""
        if count is None or count >= len(self):
            return self
        if count < 1:
            raise UsageError(f"split {self.name}: {count} sentences asked for, expected at least 1")
        return replace(
            self,
            sources=self.sources[:count],
            targets=self.targets[:count],
            source_ids=self.source_ids.head(count),
            target_ids=self.target_ids.head(count),
        )

    def take(self, indices: np.ndarray) -> Split:
        """The pairs `indices`, in that order."""
        return replace(
            self,
            sources=[self.sources[i] for i in indices],
            targets=[self.targets[i] for i in indices],
            source_ids=self.source_ids.take(indices),
            target_ids=self.target_ids.take(indices),
        )


@dataclass(frozen=True, slots=True)
class ParallelCorpus:
    """What a translation experiment needs to know about its data.

    `data_hash` is the SHA-256 of what a model can see: the strings, the vocabularies and the
    maximum length; where the data lay is not in it. `origin` is for people.
    """

    name: str
    origin: str
    train: Split
    valid: Split
    test: Split
    source_vocabulary: Vocabulary
    target_vocabulary: Vocabulary
    data_hash: str

    @property
    def splits(self) -> tuple[Split, Split, Split]:
        return self.train, self.valid, self.test


def build_corpus(
    name: str,
    origin: str,
    pairs: Mapping[str, Sequence[Pair]],
    *,
    min_count: int,
    max_length: int,
    truncate: bool = False,
) -> ParallelCorpus:
    """Count the vocabularies on the training pairs and encode every split.

    Training pairs with a side longer than `max_length` are dropped and counted. Evaluation pairs
    stay as they are, and batching refuses those that are too long unless `truncate` cuts them.

    Raises
    ------
    DataError
        If a split is empty, before or after dropping, or a sentence has no token.
    UsageError
        If `max_length` or `min_count` is below 1.
    """
    if max_length < 1:
        raise UsageError(f"data set {name}: max_length is {max_length}, expected at least 1")
    for split in SPLITS:
        _check_pairs(name, split, pairs[split])
    kept = [p for p in pairs["train"] if max(len(p[0]), len(p[1])) <= max_length]
    if not kept:
        raise DataError(
            f"data set {name}: all {len(pairs['train'])} training pairs are longer than max_length "
            f"{max_length}, expected some that are not; raise max_length"
        )
    vocabularies = (
        Vocabulary.build((source for source, _ in kept), min_count=min_count),
        Vocabulary.build((target for _, target in kept), min_count=min_count),
    )
    splits = {
        split: _encoded(split, kept if split == "train" else pairs[split], vocabularies, max_length)
        for split in SPLITS
    }
    splits["train"] = replace(splits["train"], num_dropped=len(pairs["train"]) - len(kept))
    if truncate:
        splits |= {split: _cut(splits[split]) for split in ("valid", "test")}
    train, valid, test = (splits[split] for split in SPLITS)
    data_hash = _hash_of(splits, vocabularies, max_length)
    return ParallelCorpus(name, origin, train, valid, test, *vocabularies, data_hash)


def _check_pairs(name: str, split: str, pairs: Sequence[Pair]) -> None:
    if not pairs:
        raise DataError(
            f"data set {name}: the {split} split is empty, expected at least one sentence pair; "
            f"check its files or num_{split}"
        )
    for index, pair in enumerate(pairs):
        for side, tokens in zip(("source", "target"), pair, strict=True):
            if not tokens:
                raise DataError(
                    f"data set {name}: the {side} of {split} sentence {index} is empty, expected "
                    "at least one token; remove the pair"
                )


def _encoded(
    name: str,
    pairs: Iterable[Pair],
    vocabularies: tuple[Vocabulary, Vocabulary],
    max_length: int,
) -> Split:
    sources, targets = (tuple(side) for side in zip(*pairs, strict=True))
    return Split(
        name,
        sources,
        targets,
        Sequences.encode(sources, vocabularies[0]),
        Sequences.encode(targets, vocabularies[1]),
        max_length,
    )


def _cut(split: Split) -> Split:
    """Ids cut to the maximum; the strings stay, they are what BLEU compares with."""
    return replace(
        split,
        source_ids=split.source_ids.cut(split.max_length),
        target_ids=split.target_ids.cut(split.max_length),
        truncated=True,
    )


def pairs_hash(pairs: Iterable[Pair]) -> str:
    """Hex SHA-256 of sentence pairs: a line a pair, tab between the sides."""
    lines = (f"{' '.join(source)}\t{' '.join(target)}\n" for source, target in pairs)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _hash_of(
    splits: Mapping[str, Split], vocabularies: tuple[Vocabulary, Vocabulary], max_length: int
) -> str:
    parts = [f"{name} {split.truncated} {pairs_hash(split)}" for name, split in splits.items()]
    parts += [vocabulary.digest for vocabulary in vocabularies] + [str(max_length)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
