"""An embedded corpus for word vectors, with planted analogies, similarities and a planted bias.

Each sentence speaks of one planted word: it stands in the middle, and around it stand words of its
attributes and, in between, words that mean nothing. Planted words are frequent and rare by Zipf's
law, in an order of the seed, and so are the words of an attribute. A change of the lists or of the
drawing is another data set: a test holds the SHA-256.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import accumulate

from seqbench.interfaces import UsageError

from .bits import Bits, Purpose, cumulative_zipf
from .planted_language import context_words, meanings
from .planted_sets import analogies, similarity_pairs
from .word_analogies import Question
from .word_corpus import HELD_OUT_EVERY, WordCorpus, word_corpus
from .word_similarity import SimilarityPairs

SENTENCE, MIDDLE = 11, 5
FILLED = 40
"""Percent of the places around a planted word that mean nothing."""
TARGET_OFFSET, CONTEXT_OFFSET = 10, 3
"""Of Zipf's law: sentences speak of the most frequent planted word 49 times as often as of the
rarest."""
Sentence = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class JudgedCorpus(WordCorpus):
    """A corpus that brings what it is judged by: sets of pairs by name, questions by section."""

    similarity: Mapping[str, SimilarityPairs]
    analogies: Mapping[str, tuple[Question, ...]]


def load_planted_words(
    *,
    seed: int = 0,
    num_train: int | None = 20_000,
    num_valid: int | None = None,
    num_test: int | None = None,
    min_count: int = 5,
    max_length: int = 1000,
    held_out_every: int | None = HELD_OUT_EVERY,
    root: object = None,
) -> JudgedCorpus:
    """Generate a corpus; no file is read, so `root` is not looked at.

    num_train : sentences of 11 words, held-out ones among them; those of a smaller corpus are the
    first of a larger one
    num_valid, num_test : null, see held_out_every; max_length : of no effect

    Raises UsageError if num_train is missing or not positive, a size that is not there is given, or
    the seed is not in [0, 2^64).
    """
    if num_valid is not None or num_test is not None:
        raise UsageError(
            f"planted_words: num_valid is {num_valid} and num_test {num_test}, expected null; "
            "options.held_out_every says how much is held out"
        )
    sentences = planted_sentences(seed, num_train)
    made = word_corpus(sentences, min_count=min_count, held_out_every=held_out_every)
    plain = {field.name: getattr(made, field.name) for field in fields(made)}
    return JudgedCorpus(
        **plain, similarity={"planted": similarity_pairs(seed)}, analogies=analogies()
    )


def planted_sentences(seed: int, count: int | None) -> list[Sentence]:
    """`count` sentences of a seed; UsageError where it is missing or below 1."""
    if count is None or count < 1:
        raise UsageError(
            f"planted_words: num_train is {count}, expected at least 1: generated data have no end"
        )
    return _Writer(seed).sentences(count)


def sentences_hash(sentences: Sequence[Sentence]) -> str:
    """SHA-256 of the sentences, a line each."""
    return hashlib.sha256("\n".join(" ".join(s) for s in sentences).encode()).hexdigest()


class _Writer:
    """Draws sentences from one stream."""

    def __init__(self, seed: int) -> None:
        self._bits = Bits(seed, Purpose.PLANTED_WORDS)
        planted = meanings()
        order = _shuffled(list(planted), self._bits)
        self._targets = [(word, planted[word]) for word in order]
        self._target_weights = cumulative_zipf(len(order), TARGET_OFFSET)
        self._contexts = context_words()
        self._context_weights = {
            count: cumulative_zipf(count, CONTEXT_OFFSET)
            for count in {len(words) for words in self._contexts.values()}
        }

    def sentences(self, count: int) -> list[Sentence]:
        return [self._sentence() for _ in range(count)]

    def _sentence(self) -> Sentence:
        word, meaning = self._targets[self._bits.weighted(self._target_weights)]
        names, parts = tuple(meaning.attributes), list(accumulate(meaning.attributes.values()))
        words = [self._around(names, parts) for _ in range(SENTENCE)]
        words[MIDDLE] = word
        return tuple(words)

    def _around(self, names: Sequence[str], parts: Sequence[int]) -> str:
        filled = self._bits.percent(FILLED)
        words = self._contexts["filler" if filled else names[self._bits.weighted(parts)]]
        return words[self._bits.weighted(self._context_weights[len(words)])]


def _shuffled(words: list[str], bits: Bits) -> list[str]:
    """Fisher and Yates."""
    for last in range(len(words) - 1, 0, -1):
        other = bits.below(last + 1)
        words[last], words[other] = words[other], words[last]
    return words
