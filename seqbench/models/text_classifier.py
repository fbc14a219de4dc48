"""A23 and A24, sentiment: embeddings, a sentence encoder, an affine map, softmax.

The notes' two methods are one model with two encoders (`dense_classifier` has a third). The softmax
is the loss's own; what leaves here are logits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from seqbench.data.labelled_batching import LabelledBatch
from seqbench.interfaces import Array, Kernels
from seqbench.kernels.dropout import dropout_mask

from .classifier_configuration import ClassifierConfig
from .dropout_stream import DropoutStream
from .kernel_layer import KernelLayer
from .linear import linear, linear_backward, linear_flops, linear_shapes
from .parameters import Parameters, Shape
from .recurrent_start import set_forget_bias, start_recurrent
from .sentence_encoders import AveragingEncoder, RecurrentEncoder, SentenceEncoder

DROPOUT_SITES = 3  # words, embeddings, features


@dataclass(slots=True)
class Tape:
    """What forward keeps for backward."""

    input_mask: Array | None  # (T, B, E) or what broadcasts to it
    feature_mask: Array | None  # (B, F)
    features: Array  # (B, F) after dropout
    logits: Array  # (1, B, C)
    labels: Array  # (1, B)


class TextClassifier:
    """Built from one backend's kernels; `parameters` is one flat vector.

    `grad=False` plans for inference alone.
    """

    def __init__(
        self,
        kernels: Kernels,
        config: ClassifierConfig,
        vocab_size: int,
        num_classes: int,
        encoder: type[SentenceEncoder],
        *,
        grad: bool = True,
        label_smoothing: float = 0.0,
    ) -> None:
        self.config, self.num_classes = config, num_classes
        self.backend = kernels.backend
        shapes: dict[str, Shape] = {"embedding.weight": (vocab_size, config.embedding_size)}
        shapes |= encoder.shapes(config, kernels)
        shapes |= linear_shapes("output", encoder.size_of(config), num_classes)
        self.parameters = Parameters(shapes, config.dtype, kernels.backend)
        self._embedding = KernelLayer(
            kernels, "embedding/gather", self.parameters, "embedding", grad=grad
        )
        self._encoder: SentenceEncoder = encoder(config, kernels, self.parameters, grad=grad)
        self._loss = KernelLayer(kernels, "loss/softmax_cross_entropy", self.parameters, grad=grad)
        self._label_smoothing = label_smoothing
        self._tape: Tape | None = None

    def initialise(self, seed: int) -> None:
        """Draw the parameters; a cell with a memory starts with forget bias 1 (Gers 2000).

        The config's `initial` and `forget_bias` say otherwise, for recurrent layers.
        """
        config, H = self.config, self.config.hidden_size
        self.parameters.initialise(seed)
        start_recurrent(self.parameters, config.initial, seed)
        for name, shape in self.parameters.shapes.items():
            if name.startswith("layer") and name.endswith(".bias") and shape == (4 * H,):
                self.parameters[name][H : 2 * H] = 1.0
        if config.forget_bias is not None:
            set_forget_bias(self.parameters, config.cell, config.forget_bias, H)
        self.load()

    def load(self) -> None:
        """Let every plan take the parameters' current values; after each update."""
        self._embedding.load()
        self._encoder.load()
        self._loss.load()

    def logits(self, batch: LabelledBatch, *, capacity: int | None = None) -> Array:
        """(B, C), unnormalised log-probabilities of the classes; no dropout."""
        return self._forward(batch, capacity, None)[0]

    def loss(
        self,
        batch: LabelledBatch,
        *,
        reduction: str,
        capacity: int | None = None,
        stream: DropoutStream | None = None,
    ) -> Array:
        """Cross-entropy in nats, `token_mean` a sentence; with `stream`, under dropout."""
        logits = self._forward(batch, capacity, stream)
        labels = self.backend.to_device(batch.labels[None])
        assert self._tape is not None
        self._tape.labels = labels
        smoothing = self._label_smoothing if stream is not None else 0.0
        ones = self.backend.xp.ones(batch.size, dtype="int32")
        inputs = self._loss.contract.Inputs(logits, labels, ones, reduction, smoothing)
        return self._loss.forward(inputs).loss

    def _forward(
        self, batch: LabelledBatch, capacity: int | None, stream: DropoutStream | None
    ) -> Array:
        """(1, B, C) logits; leaves a tape."""
        device, T = self.backend.to_device, batch.ids.shape[0]
        capacity = max(capacity or 0, T)
        ids = self._embedding.contract.Inputs(device(batch.ids))
        x = self._embedding.forward(ids, T=capacity).rows
        input_mask, feature_mask = self._masks(T, batch.size, stream)
        if input_mask is not None:
            x = x * input_mask
        features = self._encoder.forward(x, device(batch.lengths), capacity=capacity)
        if feature_mask is not None:
            features = features * feature_mask
        logits = linear(self.parameters, "output", features)[None]
        self._tape = Tape(input_mask, feature_mask, features, logits, None)
        return logits

    def backward(self) -> None:
        """Gradients of the last `loss` into `parameters.gradient`."""
        tape = self._tape
        assert tape is not None, "backward before loss"
        d_logits = self._loss.backward(self._loss.contract.Outputs(None)).logits[0]
        d_features = linear_backward(self.parameters, "output", tape.features, d_logits)
        if tape.feature_mask is not None:
            d_features = d_features * tape.feature_mask
        d_x = self._encoder.backward(d_features)
        if tape.input_mask is not None:
            d_x = d_x * tape.input_mask
        self._embedding.backward(self._embedding.contract.Outputs(d_x))

    def num_correct(self) -> Array:
        """0-d, on the device: sentences of the last loss whose likeliest class is their label."""
        assert self._tape is not None, "num_correct before loss"
        return (self._tape.logits.argmax(axis=-1) == self._tape.labels).sum()

    def flops(self, T: int, B: int, *, grad: bool) -> int:
        """Operations of a batch by the formulas of its kernels, padding included."""
        loss = self._loss.contract
        affine = linear_flops(B, self._encoder.feature_size, self.num_classes, grad)
        return (
            self._encoder.flops(T, B, grad)
            + affine
            + int(loss.flops(loss.Dims(1, B, self.num_classes), grad))
        )

    def _masks(
        self, T: int, B: int, stream: DropoutStream | None
    ) -> tuple[Array | None, Array | None]:
        """What multiplies the embeddings (T, B, E) and the features (B, F) in training."""
        if stream is None:
            return None, None
        config = self.config
        words = self._mask((T, B, 1), config.word_dropout, stream, 0)
        embeddings = self._mask((B, config.embedding_size), config.dropout, stream, 1)
        features = self._mask((B, self._encoder.feature_size), config.dropout, stream, 2)
        if words is None or embeddings is None:
            return (embeddings if words is None else words), features
        return words * embeddings, features

    def _mask(
        self, shape: tuple[int, ...], rate: float, stream: DropoutStream, site: int
    ) -> Array | None:
        if rate == 0.0:
            return None
        return dropout_mask(
            shape,
            rate,
            seed=stream.seed,
            stream=stream.step * DROPOUT_SITES + site,
            dtype=self.config.dtype,
            xp=self.backend.xp,
        )


class AveragingClassifierFactory:
    """Makes averaging classifiers on one backend's kernels: what the registry returns for A23."""

    def __init__(self, kernels: Kernels) -> None:
        self._kernels = kernels

    def __call__(
        self, config: ClassifierConfig, vocab_size: int, num_classes: int, **options: Any
    ) -> TextClassifier:
        return TextClassifier(
            self._kernels, config, vocab_size, num_classes, AveragingEncoder, **options
        )


class RecurrentClassifierFactory:
    """The same for recurrent classifiers, A24."""

    def __init__(self, kernels: Kernels) -> None:
        self._kernels = kernels

    def __call__(
        self, config: ClassifierConfig, vocab_size: int, num_classes: int, **options: Any
    ) -> TextClassifier:
        return TextClassifier(
            self._kernels, config, vocab_size, num_classes, RecurrentEncoder, **options
        )
