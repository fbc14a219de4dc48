"""What training a sentence classifier is: its model with the batches of a labelled corpus."""

from __future__ import annotations

from seqbench.data.labelled import LabelledCorpus
from seqbench.data.labelled_batching import LabelledBatch, evaluation_batches, training_batches
from seqbench.interfaces import Array

from .dropout_stream import DropoutStream
from .text_classifier import TextClassifier


class ClassificationProblem:
    """A `Problem` of `training`; loss in nats a sentence, accuracy told beside it."""

    def __init__(
        self, model: TextClassifier, corpus: LabelledCorpus, *, batch_size: int, seed: int
    ) -> None:
        self.model, self._corpus = model, corpus
        self._batch_size, self._seed = batch_size, seed
        self._capacity = int(max(split.ids.lengths.max() for split in corpus.splits))
        self.parameters = model.parameters
        self.load, self.backward, self.num_correct = model.load, model.backward, model.num_correct

    def batches(self, epoch: int) -> list[LabelledBatch]:
        return training_batches(
            self._corpus.train,
            len(self._corpus.classes),
            batch_size=self._batch_size,
            seed=self._seed,
            epoch=epoch,
        )

    def validation(self) -> list[LabelledBatch]:
        return evaluation_batches(self._corpus.valid, len(self._corpus.classes), self._batch_size)

    def loss(
        self, batch: LabelledBatch, *, reduction: str, stream: DropoutStream | None = None
    ) -> Array:
        return self.model.loss(batch, reduction=reduction, capacity=self._capacity, stream=stream)

    def num_targets(self, batch: LabelledBatch) -> int:
        return batch.size

    def flops(self, batch: LabelledBatch) -> int:
        return self.model.flops(*batch.ids.shape, grad=True)
