"""Plain text as one run of word ids with sentence borders: what word vectors are trained on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from seqbench.interfaces import DataError, UsageError

HELD_OUT_EVERY = 20


@dataclass(frozen=True, slots=True)
class WordCorpus:
    """Words from frequent to rare (ties by code point), and sentences of their ids.

    words : V strings; counts : (V,) int64 of the training tokens
    ids : (N,) int32; starts : (S + 1,) int64, sentence s is ids[starts[s] : starts[s + 1]]
    held_out_ids, held_out_starts : the same for sentences that are not trained on; words that the
    training sentences do not have are dropped there too
    """

    words: tuple[str, ...]
    counts: np.ndarray
    ids: np.ndarray
    starts: np.ndarray
    held_out_ids: np.ndarray
    held_out_starts: np.ndarray

    def __len__(self) -> int:
        """Training tokens."""
        return len(self.ids)

    @property
    def num_sentences(self) -> int:
        return len(self.starts) - 1


def word_corpus(
    sentences: Sequence[Sequence[str]],
    *,
    min_count: int = 5,
    held_out_every: int | None = HELD_OUT_EVERY,
) -> WordCorpus:
    """Encode sentences; every `held_out_every`-th is held out, None holds out nothing.

    Words that occur less than `min_count` times in the training sentences are dropped before any
    window is laid, as word2vec.c does.

    Raises
    ------
    DataError
        If no word is frequent enough.
    UsageError
        If min_count is below 1 or held_out_every below 2.
    """
    if min_count < 1:
        raise UsageError(f"word_corpus: min_count is {min_count}, expected at least 1")
    if held_out_every is not None and held_out_every < 2:
        raise UsageError(
            f"word_corpus: held_out_every is {held_out_every}, expected at least 2, or null to "
            "hold out nothing"
        )
    step = held_out_every or len(sentences) + 1
    training = [s for n, s in enumerate(sentences, start=1) if n % step]
    held_out = [s for n, s in enumerate(sentences, start=1) if n % step == 0]
    counts = Counter(chain.from_iterable(training))
    kept = sorted((w for w, n in counts.items() if n >= min_count), key=lambda w: (-counts[w], w))
    if not kept:
        raise DataError(
            f"word_corpus: none of {len(counts)} distinct words occurs {min_count} times in "
            f"{len(training)} training sentences; lower min_count or give more text"
        )
    places = {word: n for n, word in enumerate(kept)}
    return WordCorpus(
        tuple(kept),
        np.array([counts[w] for w in kept], np.int64),
        *_encoded(training, places),
        *_encoded(held_out, places),
    )


def _encoded(
    sentences: Iterable[Sequence[str]], places: dict[str, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Flat ids and the S + 1 borders of the sentences."""
    rows = [[places[w] for w in sentence if w in places] for sentence in sentences]
    ends = np.cumsum([0, *map(len, rows)], dtype=np.int64)
    return np.fromiter(chain.from_iterable(rows), np.int32, int(ends[-1])), ends
