"""What training a trigger word detector is: its model with the recordings of a corpus."""

from __future__ import annotations

from seqbench.data.triggers import (
    TriggerBatch,
    TriggerCorpus,
    evaluation_batches,
    training_batches,
)
from seqbench.interfaces import Array

from .dropout_stream import DropoutStream
from .trigger_word import TriggerDetector


class TriggerProblem:
    """A `Problem` of `training`; loss in nats a step."""

    def __init__(
        self, model: TriggerDetector, corpus: TriggerCorpus, *, batch_size: int, seed: int
    ) -> None:
        self.model, self._corpus = model, corpus
        self._batch_size, self._seed = batch_size, seed
        self._capacity = int(max(s.lengths.max() for s in (corpus.train, corpus.valid)))
        self.parameters = model.parameters
        self.load, self.backward = model.load, model.backward

    def batches(self, epoch: int) -> list[TriggerBatch]:
        return training_batches(
            self._corpus.train, batch_size=self._batch_size, seed=self._seed, epoch=epoch
        )

    def validation(self) -> list[TriggerBatch]:
        return evaluation_batches(self._corpus.valid, self._batch_size)

    def loss(
        self, batch: TriggerBatch, *, reduction: str, stream: DropoutStream | None = None
    ) -> Array:
        return self.model.loss(batch, reduction=reduction, capacity=self._capacity, stream=stream)

    def num_targets(self, batch: TriggerBatch) -> int:
        return sum(self.model.num_steps(int(n)) for n in batch.lengths)

    def flops(self, batch: TriggerBatch) -> int:
        samples, size = batch.signal.shape
        return self.model.flops(samples, size, grad=True)
