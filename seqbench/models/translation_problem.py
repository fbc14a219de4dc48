"""What training an encoder-decoder is: its model with the batches of a parallel corpus."""

from __future__ import annotations

from seqbench.data.batch import TranslationBatch
from seqbench.data.batching import evaluation_batches, training_batches
from seqbench.data.corpus import ParallelCorpus
from seqbench.interfaces import Array

from .dropout_stream import DropoutStream
from .encoder_decoder import EncoderDecoder


class TranslationProblem:
    """A `Problem` of `training`; loss in nats a target token, EOS counted."""

    def __init__(
        self, model: EncoderDecoder, corpus: ParallelCorpus, *, batch_size: int, seed: int
    ) -> None:
        self.model, self._corpus = model, corpus
        self._batch_size, self._seed = batch_size, seed
        self._capacity = corpus.train.max_length + 1
        self.parameters = model.parameters
        self.load, self.backward = model.load, model.backward

    def batches(self, epoch: int) -> list[TranslationBatch]:
        return training_batches(
            self._corpus.train, batch_size=self._batch_size, seed=self._seed, epoch=epoch
        )

    def validation(self) -> list[TranslationBatch]:
        return evaluation_batches(self._corpus.valid, self._batch_size)

    def loss(
        self, batch: TranslationBatch, *, reduction: str, stream: DropoutStream | None = None
    ) -> Array:
        return self.model.loss(batch, reduction=reduction, capacity=self._capacity, stream=stream)

    def num_targets(self, batch: TranslationBatch) -> int:
        return int(batch.target_lengths.sum())

    def flops(self, batch: TranslationBatch) -> int:
        Tx, Ty = batch.source.shape[0], batch.target_in.shape[0]
        return self.model.flops(Tx, Ty, batch.size, grad=True)
