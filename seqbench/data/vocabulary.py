"""A01, the vocabulary: tokens to ids and back, at the level of words or of characters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Literal

import numpy as np

from seqbench.interfaces import DataError, RangeError, UsageError, digest

PAD, BOS, EOS, UNK = "<PAD>", "<BOS>", "<EOS>", "<UNK>"
SPECIALS = (PAD, BOS, EOS, UNK)
PAD_ID, BOS_ID, EOS_ID, UNK_ID = range(4)

Level = Literal["word", "character"]
Sentence = str | Sequence[str]
"""A line, or its words. At the character level the units of words are those of the line that they
make, joined by single spaces: a list of characters, as `decode` gives, is joined with "" first."""


def units(sentence: Sentence, level: Level) -> list[str]:
    """What a vocabulary of this level counts: words (split at white space) or characters."""
    if level == "character":
        return list(sentence if isinstance(sentence, str) else " ".join(sentence))
    return sentence.split() if isinstance(sentence, str) else list(sentence)


class Vocabulary:
    """Tokens and their ids: the specials are 0 to 3, then the rest in the order given.

    `tokens` is everything including the specials, as `to_list` returns it.
    """

    __slots__ = ("_ids", "_tokens", "level")

    pad_id, bos_id, eos_id, unk_id = PAD_ID, BOS_ID, EOS_ID, UNK_ID

    def __init__(self, tokens: Sequence[str], *, level: Level = "word") -> None:
        _check_level(level)
        _check_tokens(tokens)
        self.level: Level = level
        self._tokens = tuple(tokens)
        # the specials are left out: "<EOS>" in a text is a word nobody knows, not an end
        self._ids = {token: i for i, token in enumerate(tokens) if i >= len(SPECIALS)}

    @classmethod
    def build(
        cls,
        sentences: Iterable[Sentence],
        *,
        min_count: int = 1,
        max_size: int | None = None,
        level: Level = "word",
    ) -> Vocabulary:
        """The tokens that occur at least `min_count` times, most frequent first.

        Ties go by code point, so one corpus has one vocabulary. `max_size` bounds the whole
        vocabulary, specials included.

        Raises
        ------
        DataError
            If the corpus is empty, holds a special, or no token is frequent enough.
        UsageError
            If `level` is unknown, `min_count` < 1 or `max_size` leaves no room beside the specials.
        """
        _check_level(level)
        _check_sizes(min_count, max_size)
        counts = Counter(chain.from_iterable(units(s, level) for s in sentences))
        _check_counts(counts)
        kept = sorted(
            (t for t, n in counts.items() if n >= min_count), key=lambda t: (-counts[t], t)
        )
        if not kept:
            raise DataError(
                f"vocabulary: none of {len(counts)} distinct tokens occurs {min_count} times; the "
                f"most frequent occurs {max(counts.values())} times; lower min_count"
            )
        room = None if max_size is None else max_size - len(SPECIALS)
        return cls((*SPECIALS, *kept[:room]), level=level)

    @classmethod
    def from_list(cls, tokens: Sequence[str], *, level: Level = "word") -> Vocabulary:
        """What `to_list` gave, read back from JSON."""
        return cls(tokens, level=level)

    def to_list(self) -> list[str]:
        """Every token at its id, specials first."""
        return list(self._tokens)

    @property
    def digest(self) -> str:
        """Names the contents: level and tokens in order."""
        return digest([self.level, self.to_list()])

    def __len__(self) -> int:
        return len(self._tokens)

    def __contains__(self, token: object) -> bool:
        return token in self._ids

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Vocabulary):
            return NotImplemented
        return (self.level, self._tokens) == (other.level, other._tokens)

    def __hash__(self) -> int:
        return hash((self.level, self._tokens))

    def __repr__(self) -> str:
        return f"Vocabulary({len(self)} {self.level} tokens, {self.digest})"

    def encode(self, sentence: Sentence) -> np.ndarray:
        """Ids (n,) int32 without BOS and EOS; what is unknown becomes UNK."""
        found = units(sentence, self.level)
        ids = self._ids
        return np.fromiter((ids.get(t, UNK_ID) for t in found), np.int32, len(found))

    def decode(self, ids: Iterable[int]) -> list[str]:
        """Tokens up to the first EOS, PAD and BOS left out; UNK stays visible as `<UNK>`.

        Raises RangeError for an id that is not in [0, V).
        """
        tokens = []
        for raw in ids:
            index = int(raw)
            if not 0 <= index < len(self._tokens):
                raise RangeError(
                    f"Vocabulary.decode: id {index} is outside [0, {len(self)}); "
                    "decode with the vocabulary that the ids were made with"
                )
            if index == EOS_ID:
                break
            if index not in (PAD_ID, BOS_ID):
                tokens.append(self._tokens[index])
        return tokens

    def encode_batch(self, sentences: Sequence[Sentence]) -> tuple[np.ndarray, np.ndarray]:
        """Ids (T, B) int32, padded with PAD, and lengths (B,) int32; time-major."""
        rows = [self.encode(s) for s in sentences]
        lengths = np.array([row.size for row in rows], np.int32)
        padded = np.full((int(lengths.max(initial=0)), len(rows)), PAD_ID, np.int32)
        for column, row in enumerate(rows):
            padded[: row.size, column] = row
        return padded, lengths


def _check_level(level: str) -> None:
    if level not in ("word", "character"):
        raise UsageError(f"vocabulary: level is {level!r}, expected 'word' or 'character'")


def _check_sizes(min_count: int, max_size: int | None) -> None:
    if min_count < 1:
        raise UsageError(f"vocabulary: min_count is {min_count}, expected at least 1")
    if max_size is not None and max_size <= len(SPECIALS):
        raise UsageError(
            f"vocabulary: max_size is {max_size}, expected more than the {len(SPECIALS)} specials "
            f"{' '.join(SPECIALS)} that it includes; raise max_size"
        )


def _check_counts(counts: Counter[str]) -> None:
    if not counts:
        raise DataError(
            "vocabulary: the corpus is empty, expected at least one token; check the files or "
            "num_train"
        )
    for special in SPECIALS:
        if special in counts:
            raise DataError(
                f"vocabulary: the special token {special!r} occurs {counts[special]} times in the "
                "corpus, expected plain text; remove it or write it another way"
            )


def _check_tokens(tokens: Sequence[str]) -> None:
    if tuple(tokens[: len(SPECIALS)]) != SPECIALS:
        raise DataError(
            f"vocabulary: the first tokens are {list(tokens[: len(SPECIALS)])}, expected "
            f"{list(SPECIALS)}; pass the list that to_list() gave"
        )
    repeated = [t for t, n in Counter(tokens).items() if n > 1]
    if repeated:
        raise DataError(
            f"vocabulary: token {repeated[0]!r} is in the list twice, expected every token once; "
            "pass the list that to_list() gave"
        )
