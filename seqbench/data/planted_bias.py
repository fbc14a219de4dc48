"""Vectors of the planted words with the lists for debiasing: an embedding with a known bias.

The vectors are counted, not trained: positive pointwise mutual information of words within a
window, factored by its singular values (Levy, Goldberg & Dagan 2015, sections 2.1 and 2.2, with the
singular values' square roots). So a bias in them is what the sentences say, nothing of a trainer.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from seqbench.interfaces import UsageError

from .debias import DebiasData
from .planted_sets import gender_specific, stereotypes, taught_pairs, weat_sets
from .planted_words import load_planted_words
from .word_corpus import WordCorpus
from .word_vectors import WordVectors


def load_planted_bias(*, size: int = 50, window: int = 5, **options: Any) -> DebiasData:
    """The lists with counted vectors; the other options are `load_planted_words`'s.

    Raises UsageError for a size or window below 1, or a size above the vocabulary.
    """
    corpus = load_planted_words(held_out_every=None, **options)
    if window < 1 or not 1 <= size <= len(corpus.words):
        raise UsageError(
            f"planted_bias: size is {size} and window {window}, expected 1 to "
            f"{len(corpus.words)}, the vocabulary, and at least 1; set dataset.options.size=50"
        )
    vectors = factored(information(cooccurrences(corpus, window)), size)
    return DebiasData(
        vectors=WordVectors(corpus.words, vectors),
        definitional_pairs=taught_pairs(),
        equalize_pairs=taught_pairs(),
        gender_specific_seed=gender_specific(),
        gender_specific=gender_specific(),
        professions=stereotypes(),
        sembias=(),
        weat=weat_sets(),
        female_words=tuple(woman for woman, _ in taught_pairs()),
        male_words=tuple(man for _, man in taught_pairs()),
        weat_targets=("male_professions", "female_professions"),
        similarity=corpus.similarity,
        analogies=corpus.analogies,
    )


def cooccurrences(corpus: WordCorpus, window: int) -> np.ndarray:
    """(V, V) float64: how often two words stand within `window` words in a sentence, either way."""
    size, ids = len(corpus.words), corpus.ids.astype(np.int64)
    sentence = np.repeat(np.arange(corpus.num_sentences), np.diff(corpus.starts))
    counts = np.zeros(size * size)
    for apart in range(1, min(window, len(ids) - 1) + 1):
        together = sentence[apart:] == sentence[:-apart]
        pairs = ids[apart:][together] * size + ids[:-apart][together]
        counts += np.bincount(pairs, minlength=size * size)
    square = counts.reshape(size, size)
    return square + square.T


def information(counts: np.ndarray) -> np.ndarray:
    """(V, V) max(0, log p(a, b) / (p(a) p(b))), 0 where two words never meet."""
    total, own = counts.sum(), counts.sum(axis=1)
    chance = np.maximum(np.outer(own, own), 1.0)  # 1 only where there is no count
    ratios = np.where(counts > 0, counts * total / chance, 1.0)
    found: np.ndarray = np.maximum(np.log(ratios), 0.0)
    return found


def factored(square: np.ndarray, size: int) -> np.ndarray:
    """(V, size) rows U sqrt(S) of the largest singular values."""
    left, values, _ = np.linalg.svd(square)
    found: np.ndarray = left[:, :size] * np.sqrt(values[:size])
    return found
