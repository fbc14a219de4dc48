"""What training a speech recogniser is: its model with the utterances of a corpus."""

from __future__ import annotations

from seqbench.data.speech import SpeechBatch, SpeechCorpus, evaluation_batches, training_batches
from seqbench.interfaces import Array

from .dropout_stream import DropoutStream
from .speech_recogniser import SpeechRecogniser


class SpeechProblem:
    """A `Problem` of `training`; loss in nats a label."""

    def __init__(
        self, model: SpeechRecogniser, corpus: SpeechCorpus, *, batch_size: int, seed: int
    ) -> None:
        self.model, self._corpus = model, corpus
        self._batch_size, self._seed = batch_size, seed
        self._capacity = int(max(s.lengths.max() for s in (corpus.train, corpus.valid)))
        self.parameters = model.parameters
        self.load, self.backward = model.load, model.backward

    def batches(self, epoch: int) -> list[SpeechBatch]:
        return training_batches(
            self._corpus, batch_size=self._batch_size, seed=self._seed, epoch=epoch
        )

    def validation(self) -> list[SpeechBatch]:
        return evaluation_batches(self._corpus, self._corpus.valid, self._batch_size)

    def loss(
        self, batch: SpeechBatch, *, reduction: str, stream: DropoutStream | None = None
    ) -> Array:
        return self.model.loss(batch, reduction=reduction, capacity=self._capacity, stream=stream)

    def num_targets(self, batch: SpeechBatch) -> int:
        return int(batch.target_lengths.sum())

    def flops(self, batch: SpeechBatch) -> int:
        samples, size = batch.signal.shape
        return self.model.flops(samples, size, grad=True)
