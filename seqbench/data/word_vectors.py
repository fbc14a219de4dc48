"""Words with their vectors: what files hold, trainers make, and similarity, analogies and debiasing
read."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from seqbench.interfaces import DataError, ShapeError


class WordVectors:
    """A row a word.

    words : V different strings, by convention from frequent to rare
    vectors : (V, E) host array, float32 or float64
    """

    def __init__(self, words: Sequence[str], vectors: np.ndarray) -> None:
        if vectors.ndim != 2 or len(vectors) != len(words):
            raise ShapeError(
                f"word vectors: {len(words)} words and vectors of shape {tuple(vectors.shape)}, "
                "expected (V, E) with a row a word; check how they were made"
            )
        self.words = tuple(words)
        self.vectors = vectors
        self.ids = {word: n for n, word in enumerate(self.words)}
        if len(self.ids) < len(self.words):
            raise DataError(
                f"word vectors: {_first_repeated(self.words)!r} is there twice, expected each "
                "word once; drop one"
            )

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, word: str) -> bool:
        return word in self.ids

    def __getitem__(self, word: str) -> np.ndarray:
        return self.vectors[self.ids[word]]

    @property
    def size(self) -> int:
        """E, the numbers a word."""
        return int(self.vectors.shape[1])

    def replaced(self, vectors: np.ndarray) -> WordVectors:
        """The same words with other vectors."""
        return WordVectors(self.words, vectors)


def _first_repeated(words: Sequence[str]) -> str:
    seen: set[str] = set()
    for word in words:
        if word in seen:
            return word
        seen.add(word)
    raise AssertionError("no word is repeated")
