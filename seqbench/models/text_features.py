"""A01: from text to one-hot vectors, through a vocabulary of words or of characters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from seqbench.data.vocabulary import Level, Sentence, Vocabulary
from seqbench.interfaces import Array, DataError, Kernels
from seqbench.kernels.losses import NoParams
from seqbench.kernels.one_hot import OneHotInputs


class TextFeatures:
    """Vocabularies, and one-hot batches by the backend's `feature/one_hot`."""

    def __init__(self, kernels: Kernels) -> None:
        self._backend = kernels.backend
        self._one_hot = kernels.get("feature", "one_hot")

    @staticmethod
    def build(
        sentences: Iterable[Sentence],
        *,
        level: Level = "word",
        min_count: int = 1,
        max_size: int | None = None,
    ) -> Vocabulary:
        """The vocabulary of a corpus; see `Vocabulary.build` for arguments and errors."""
        return Vocabulary.build(sentences, level=level, min_count=min_count, max_size=max_size)

    def one_hot(
        self, vocabulary: Vocabulary, sentences: Sequence[Sentence], *, dtype: str = "float32"
    ) -> tuple[Array, np.ndarray]:
        """(T, B, V) on the device, zero past each length, and lengths (B,) int32, host array.

        Unknown units are UNK's vector. Raises DataError where there is no sentence.
        """
        if not sentences:
            raise DataError(
                "one_hot: there is no sentence, expected at least one; an empty string is one too"
            )
        ids, lengths = vocabulary.encode_batch(sentences)
        device = self._backend.to_device
        inputs = OneHotInputs(device(ids), device(lengths), len(vocabulary))
        contract = self._one_hot.contract
        contract.validate(NoParams(), inputs)
        plan = self._one_hot.plan(contract.dims(NoParams(), inputs), dtype)
        plan.load(NoParams())
        return plan.forward(inputs).one_hot, lengths
