"""What training a classifier by lag is: its model with sequences drawn anew each epoch."""

from __future__ import annotations

from collections.abc import Sequence

from seqbench.data.labelled_batching import LabelledBatch
from seqbench.data.lagged import LaggedCorpus
from seqbench.interfaces import Array

from .dropout_stream import DropoutStream
from .text_classifier import TextClassifier


class LaggedProblem:
    """A `Problem` of `training`; loss in nats a sequence. `lags` are those it learns from."""

    def __init__(
        self,
        model: TextClassifier,
        corpus: LaggedCorpus,
        lags: Sequence[int],
        *,
        batch_size: int,
        seed: int,
    ) -> None:
        self.model, self._corpus, self._lags = model, corpus, tuple(lags)
        self._batch_size, self._seed = batch_size, seed
        self.parameters = model.parameters
        self.load, self.backward, self.num_correct = model.load, model.backward, model.num_correct

    def batches(self, epoch: int) -> list[LabelledBatch]:
        return self._corpus.training_batches(
            self._lags, batch_size=self._batch_size, seed=self._seed, epoch=epoch
        )

    def validation(self) -> list[LabelledBatch]:
        return [
            batch
            for lag in self._lags
            for batch in self._corpus.held_out("valid", lag, self._batch_size)
        ]

    def loss(
        self, batch: LabelledBatch, *, reduction: str, stream: DropoutStream | None = None
    ) -> Array:
        return self.model.loss(batch, reduction=reduction, stream=stream)

    def num_targets(self, batch: LabelledBatch) -> int:
        return batch.size

    def flops(self, batch: LabelledBatch) -> int:
        return self.model.flops(*batch.ids.shape, grad=True)
