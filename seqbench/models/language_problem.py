"""What training a language model is: its model with the batches of a text."""

from __future__ import annotations

from seqbench.data.language_batching import (
    LanguageBatch,
    continuous_batches,
    ordered_batches,
    sentence_batches,
)
from seqbench.data.text_corpus import TextCorpus, TextSplit
from seqbench.interfaces import Array

from .dropout_stream import DropoutStream
from .language_model import LanguageModel


class LanguageProblem:
    """A `Problem` of `training`; loss in nats a token, EOS counted.

    A continuous text is read in `batch_size` columns, `window` steps an update, and the state goes
    on from one window to the next, without its gradient: truncated backpropagation. Otherwise a
    batch is `batch_size` sentences, each from a zero state.
    """

    def __init__(
        self, model: LanguageModel, corpus: TextCorpus, *, batch_size: int, window: int, seed: int
    ) -> None:
        self.model, self._corpus = model, corpus
        self._batch_size, self._window, self._seed = batch_size, window, seed
        self._capacity = window if corpus.continuous else _longest(corpus) + 1
        self.parameters = model.parameters
        self.load, self.backward = model.load, model.backward

    def batches(self, epoch: int) -> list[LanguageBatch]:
        if self._corpus.continuous:
            return split_batches(
                self._corpus, self._corpus.train, batch_size=self._batch_size, window=self._window
            )
        return sentence_batches(
            self._corpus.train.lines,
            batch_size=self._batch_size,
            start_id=self._corpus.start_id,
            seed=self._seed,
            epoch=epoch,
        )

    def validation(self) -> list[LanguageBatch]:
        return split_batches(
            self._corpus, self._corpus.valid, batch_size=self._batch_size, window=self._window
        )

    def loss(
        self, batch: LanguageBatch, *, reduction: str, stream: DropoutStream | None = None
    ) -> Array:
        state = self.model.state if batch.continues else None
        return self.model.loss(
            batch, reduction=reduction, state=state, capacity=self._capacity, stream=stream
        )

    def num_targets(self, batch: LanguageBatch) -> int:
        return batch.num_targets

    def flops(self, batch: LanguageBatch) -> int:
        return self.model.flops(len(batch.inputs), batch.size, grad=True)


def split_batches(
    corpus: TextCorpus, split: TextSplit, *, batch_size: int, window: int
) -> list[LanguageBatch]:
    """Every token of a split once, in the order in which it can be evaluated."""
    if not corpus.continuous:
        return ordered_batches(split.lines, batch_size=batch_size, start_id=corpus.start_id)
    return continuous_batches(
        split.stream(),
        batch_size=batch_size,
        window=window,
        start_id=corpus.start_id,
        vocab_size=len(corpus.vocabulary),
    )


def _longest(corpus: TextCorpus) -> int:
    return int(max(corpus.train.lines.lengths.max(), corpus.valid.lines.lengths.max()))
