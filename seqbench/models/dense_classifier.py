"""A fully-connected net over padded one-hots (E19): every position has weights of its own.

The input of a sentence is the T one-hots of V end to end, zeros where it is padded, T V numbers;
the hidden layer is tanh(W input + b). Of a row of W's transpose, (T V, H), an input of ones and
zeros takes some and leaves the others, so they are gathered and added up: the same numbers, the
same T V H parameters, without products with zero.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from seqbench.data.labelled_batching import LabelledBatch
from seqbench.interfaces import Array, Kernels, ShapeError
from seqbench.kernels._cell import step_masks

from .classifier_configuration import ClassifierConfig
from .dropout_stream import DropoutStream
from .parameters import Parameters, Shape
from .text_classifier import TextClassifier


class DenseEncoder:
    """Rows of the first layer, one a position, to its activations: a sum, a bias, tanh."""

    def __init__(
        self, config: ClassifierConfig, kernels: Kernels, params: Parameters, *, grad: bool
    ) -> None:
        self.feature_size = self.size_of(config)
        self._params, self._xp = params, kernels.backend.xp
        self._inside: Array = None  # (T, B, 1) bool
        self._features: Array = None  # (B, H)

    @staticmethod
    def shapes(config: ClassifierConfig, kernels: Kernels) -> dict[str, Shape]:
        return {"hidden.bias": (config.hidden_size,)}

    @staticmethod
    def size_of(config: ClassifierConfig) -> int:
        return config.hidden_size

    def load(self) -> None:
        """Nothing is planned."""

    def forward(self, x: Array, lengths: Array, *, capacity: int) -> Array:
        """x (T, B, H), the row of each position's word -> (B, H); what is padded adds nothing."""
        xp = self._xp
        self._inside = step_masks(lengths, len(x), xp=xp)
        total = xp.where(self._inside, x, xp.zeros((), dtype=x.dtype)).sum(axis=0)
        self._features = xp.tanh(total + self._params["hidden.bias"])
        return self._features

    def backward(self, d_features: Array) -> Array:
        """d_x (T, B, H); writes the gradient of the bias."""
        xp = self._xp
        d_total = d_features * (1 - self._features**2)  # features = tanh(total)
        self._params.d("hidden.bias")[...] = d_total.sum(axis=0)
        return xp.where(self._inside, d_total[None], xp.zeros((), dtype=d_total.dtype))

    def flops(self, T: int, B: int, grad: bool) -> int:
        """An addition a row and unit; backward multiplies by tanh's slope and adds up a bias."""
        return B * self.feature_size * (T + 1 + (4 if grad else 0))


class DenseClassifier(TextClassifier):
    """`embedding.weight` (T V, H) is the first layer: row t V + v is word v at position t."""

    def __init__(
        self,
        kernels: Kernels,
        config: ClassifierConfig,
        vocab_size: int,
        num_classes: int,
        **options: Any,
    ) -> None:
        self._vocab_size = vocab_size
        config = replace(config, embedding_size=config.hidden_size)
        rows = vocab_size * config.positions
        super().__init__(kernels, config, rows, num_classes, DenseEncoder, **options)

    def _forward(
        self, batch: LabelledBatch, capacity: int | None, stream: DropoutStream | None
    ) -> Array:
        return super()._forward(self.placed(batch), capacity, stream)

    def placed(self, batch: LabelledBatch) -> LabelledBatch:
        """The same sentences, each word the row of its position.

        Raises ShapeError for a sentence that is longer than there are positions.
        """
        steps = batch.ids.shape[0]
        if steps > self.config.positions:
            raise ShapeError(
                f"dense classifier: a sentence of {steps} words, expected at most positions = "
                f"{self.config.positions}; set dataset.max_length={steps}"
            )
        first = self._vocab_size * np.arange(steps, dtype=batch.ids.dtype)[:, None]  # (T, 1)
        return replace(batch, ids=batch.ids + first)


class DenseClassifierFactory:
    """Makes dense classifiers on one backend's kernels: what the registry returns."""

    def __init__(self, kernels: Kernels) -> None:
        self._kernels = kernels

    def __call__(
        self, config: ClassifierConfig, vocab_size: int, num_classes: int, **options: Any
    ) -> DenseClassifier:
        return DenseClassifier(self._kernels, config, vocab_size, num_classes, **options)
