"""log P of lines under a language model, and what a text's perplexity is made of."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from seqbench.data.language_batching import LanguageBatch, ordered_batches
from seqbench.data.sequences import Sequences
from seqbench.data.text_corpus import TextCorpus, TextSplit
from seqbench.data.vocabulary import Sentence, Vocabulary
from seqbench.interfaces import DataError

from .language_model import LanguageModel
from .language_problem import split_batches


@dataclass(frozen=True, slots=True)
class TextScore:
    """What a model makes of a text, line by line; host arrays (N,).

    log_probs : float64, nats, of each line's tokens and its EOS
    num_tokens : int64, EOS counted; num_characters : of the whole text, a line's end is one
    """

    log_probs: np.ndarray
    num_tokens: np.ndarray
    num_characters: int

    @property
    def nll(self) -> float:
        """Nats a token: the negative mean of log P."""
        return -float(self.log_probs.sum()) / int(self.num_tokens.sum())

    @property
    def perplexity(self) -> float:
        """exp of the nats a token."""
        return math.exp(self.nll)

    @property
    def bits_per_character(self) -> float:
        """-log2 P of the text over its characters. A word-level model that reads UNK does not spell
        the word behind it, so its bits are too few to compare with a character's."""
        return -float(self.log_probs.sum()) / math.log(2) / self.num_characters


def score_split(
    model: LanguageModel, corpus: TextCorpus, split: TextSplit, *, batch_size: int, window: int
) -> TextScore:
    """Every token of a split once; in a continuous text the state is carried from line to line.

    A continuous text is read in `batch_size` columns: with 1 nothing of the context is lost, with
    more each column but the first begins at a zero state.
    """
    batches = split_batches(corpus, split, batch_size=batch_size, window=window)
    num_tokens = split.lines.lengths.astype(np.int64) + 1
    line_of = np.arange(len(split))
    if corpus.continuous:
        line_of = np.repeat(line_of, num_tokens)  # by place in the stream
    log_probs = np.zeros(len(split))
    for batch in batches:
        losses, inside = _losses(model, batch, window if corpus.continuous else None)
        lines = line_of[batch.places[inside]]
        log_probs -= np.bincount(lines, weights=losses[inside], minlength=len(split))
    return TextScore(log_probs, num_tokens, split.num_characters)


def sentence_log_probs(
    model: LanguageModel,
    vocabulary: Vocabulary,
    sentences: Sequence[Sentence],
    *,
    start_id: int,
    batch_size: int = 32,
) -> np.ndarray:
    """log P(sentence), EOS included, each from a zero state: (N,) float64 in nats, in their order.

    A word that the vocabulary lacks is scored as UNK. An empty sentence has the log P of EOS alone.
    Raises DataError where there is no sentence.
    """
    if not sentences:
        raise DataError(
            "sentence_log_probs: there is no sentence, expected at least one; an empty string is "
            "one too"
        )
    lines = Sequences.encode(sentences, vocabulary)
    log_probs = np.zeros(len(lines))
    for batch in ordered_batches(lines, batch_size=batch_size, start_id=start_id):
        losses, inside = _losses(model, batch, None)
        found = np.bincount(batch.places[inside], weights=losses[inside], minlength=len(lines))
        log_probs -= found
    return log_probs


def _losses(
    model: LanguageModel, batch: LanguageBatch, capacity: int | None
) -> tuple[np.ndarray, np.ndarray]:
    """(T, B) losses of a batch, host array, and which of them are inside the lengths."""
    state = model.state if batch.continues else None
    losses = model.loss(batch, reduction="none", state=state, capacity=capacity)
    return np.asarray(model.backend.to_host(losses), np.float64), batch.places >= 0
