"""What training a captioner is: its model with the batches of a captioned corpus."""

from __future__ import annotations

from seqbench.data.captioned import (
    CaptionBatch,
    CaptionCorpus,
    evaluation_batches,
    training_batches,
)
from seqbench.interfaces import Array

from .captioner import Captioner
from .dropout_stream import DropoutStream


class CaptioningProblem:
    """A `Problem` of `training`; loss in nats a token of the caption, EOS counted."""

    def __init__(
        self, model: Captioner, corpus: CaptionCorpus, *, batch_size: int, seed: int
    ) -> None:
        self.model, self._corpus = model, corpus
        self._batch_size, self._seed = batch_size, seed
        self._capacity = corpus.max_length + 1
        self.parameters = model.parameters
        self.load, self.backward = model.load, model.backward

    def batches(self, epoch: int) -> list[CaptionBatch]:
        return training_batches(
            self._corpus.train,
            batch_size=self._batch_size,
            seed=self._seed,
            epoch=epoch,
            dtype=self.model.config.dtype,
        )

    def validation(self) -> list[CaptionBatch]:
        return evaluation_batches(self._corpus.valid, self._batch_size, self.model.config.dtype)

    def loss(
        self, batch: CaptionBatch, *, reduction: str, stream: DropoutStream | None = None
    ) -> Array:
        return self.model.loss(batch, reduction=reduction, capacity=self._capacity, stream=stream)

    def num_targets(self, batch: CaptionBatch) -> int:
        return int(batch.target_lengths.sum())

    def flops(self, batch: CaptionBatch) -> int:
        return self.model.flops(batch.target_in.shape[0], batch.size, grad=True)
