"""A05: one-to-many, many-to-one, many-to-many of equal and of unequal lengths, as small models.

The forms of Karpathy (2015), "The unreasonable effectiveness of recurrent neural networks", which
the notes follow. The first three are one recurrent stack (A14) of any cell between what is read and
a softmax; the last is the encoder-decoder (A25) without attention.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from seqbench.interfaces import Array, Kernels, RangeError
from seqbench.kernels._cell import check_shape

from .architecture import Architecture, ArchitectureBatch, ArchitectureConfig
from .configuration import EncoderDecoderConfig
from .dropout_stream import DropoutStream
from .encoder_decoder import EncoderDecoder
from .kernel_layer import KernelLayer
from .linear import linear, linear_backward, linear_shapes
from .parameters import Shape

PLAIN = EncoderDecoderConfig(attention="none", bidirectional=False)


class ManyToMany(Architecture):
    """A label at every step (tagging): logits (T, B, V)."""

    def logits(self, batch: ArchitectureBatch, stream: DropoutStream | None = None) -> Array:
        device = self.backend.to_device
        self._features, _ = self._run(device(batch.x), device(batch.lengths), stream)
        return linear(self.parameters, "output", self._features)

    def loss(
        self, batch: ArchitectureBatch, *, reduction: str, stream: DropoutStream | None = None
    ) -> Array:
        """Nats; with `stream`, under dropout."""
        check_shape("many_to_many", "targets", batch.targets, batch.x.shape[:2])
        return self._cross_entropy(self.logits(batch, stream), batch, reduction)

    def backward(self) -> Array:
        """Gradients of the last loss into `parameters.gradient`; returns d_x."""
        return self._stack.backward(self._d_features(), None)[0]


class ManyToOne(Architecture):
    """One label a sequence (sentiment): logits (B, V) from the final state of the top layer.

    In both directions that is the state of each at the end of its own reading.
    """

    def logits(self, batch: ArchitectureBatch, stream: DropoutStream | None = None) -> Array:
        device = self.backend.to_device
        _, final = self._run(device(batch.x), device(batch.lengths), stream)
        top = final[0][-self._stack.stack.num_directions :]  # (directions, B, H)
        self._features = self.backend.xp.concatenate(list(top), axis=1)  # (B, F)
        return linear(self.parameters, "output", self._features)

    def loss(
        self, batch: ArchitectureBatch, *, reduction: str, stream: DropoutStream | None = None
    ) -> Array:
        """Nats; with `stream`, under dropout."""
        check_shape("many_to_one", "targets", batch.targets, batch.x.shape[1:2])
        return self._cross_entropy(self.logits(batch, stream)[None], batch, reduction)

    def _loss_lengths(self, lengths: Array) -> Array:
        return self.backend.xp.ones_like(lengths)

    def _num_outputs(self, steps: int) -> int:
        return 1

    def backward(self) -> Array:
        """Gradients of the last loss into `parameters.gradient`; returns d_x."""
        xp, stack = self.backend.xp, self._stack.stack
        d_features = self._d_features()  # (B, F)
        H = self.config.hidden_size
        d_h = xp.zeros((stack.num_parts, len(d_features), H), dtype=d_features.dtype)
        for way in range(stack.num_directions):
            part = stack.num_parts - stack.num_directions + way
            d_h[part] = d_features[:, way * H : (way + 1) * H]
        d_state = (d_h,) + (xp.zeros_like(d_h),) * (len(stack.state) - 1)
        return self._stack.backward(None, d_state)[0]


class OneToMany(Architecture):
    """A sequence from one vector (music from a genre, a caption from a picture).

    The first step reads the vector, projected; each later one the embedding of the label before it:
    the right one in training, its own choice in `generate`.
    """

    def __init__(self, kernels: Kernels, config: ArchitectureConfig, *, grad: bool = True) -> None:
        if config.bidirectional:
            raise RangeError(
                "one_to_many: bidirectional is True, expected False; what comes later is not there "
                "to be read when a label is chosen"
            )
        super().__init__(kernels, config, grad=grad)
        self._embedding = KernelLayer(
            kernels, "embedding/gather", self.parameters, "target_embedding", grad=grad
        )
        self._layers.append(self._embedding)
        self._vector: Array = None

    @staticmethod
    def _step_size(config: ArchitectureConfig) -> int:
        return config.hidden_size

    @staticmethod
    def _shapes(config: ArchitectureConfig) -> dict[str, Shape]:
        table = {"target_embedding.weight": (config.num_labels, config.hidden_size)}
        return table | linear_shapes("input", config.input_size, config.hidden_size)

    def logits(self, batch: ArchitectureBatch, stream: DropoutStream | None = None) -> Array:
        """(T, B, V), teacher-forced."""
        device, xp = self.backend.to_device, self.backend.xp
        self._vector = device(batch.x)
        first = linear(self.parameters, "input", self._vector)[None]  # (1, B, H)
        later = self._embed(device(batch.targets[:-1]))
        x = xp.concatenate([first, later])  # (T, B, H)
        self._features, _ = self._run(x, device(batch.lengths), stream)
        return linear(self.parameters, "output", self._features)

    def loss(
        self, batch: ArchitectureBatch, *, reduction: str, stream: DropoutStream | None = None
    ) -> Array:
        """Nats; with `stream`, under dropout."""
        expected = (batch.targets.shape[0], batch.x.shape[0])
        check_shape("one_to_many", "targets", batch.targets, expected)
        return self._cross_entropy(self.logits(batch, stream), batch, reduction)

    def backward(self) -> Array:
        """Gradients of the last loss into `parameters.gradient`; returns that of the vector."""
        d_x, _ = self._stack.backward(self._d_features(), None)
        contiguous = self.backend.xp.ascontiguousarray(d_x[1:])
        self._embedding.backward(self._embedding.contract.Outputs(contiguous))
        return linear_backward(self.parameters, "input", self._vector, d_x[0])

    def generate(self, x: Array, steps: int) -> Array:
        """x (B, I) -> the most probable label of each step, given those before it: (steps, B)."""
        device, xp = self.backend.to_device, self.backend.xp
        step = linear(self.parameters, "input", device(x))[None]
        state = self._stack.zero_state(x.shape[0], self.config.hidden_size)
        ones, chosen = xp.ones(x.shape[0], dtype="int32"), []
        for _ in range(steps):
            features, state = self._stack.forward(step, ones, state, capacity=1)
            labels = linear(self.parameters, "output", features).argmax(axis=-1).astype("int32")
            chosen.append(labels)
            step = self._embed(labels)
        return xp.concatenate(chosen)

    def _embed(self, labels: Array) -> Array:
        return self._embedding.forward(self._embedding.contract.Inputs(labels)).rows


def one_to_many(kernels: Kernels) -> Callable[..., OneToMany]:
    """`make(config, grad=True)`."""
    return partial(OneToMany, kernels)


def many_to_one(kernels: Kernels) -> Callable[..., ManyToOne]:
    """`make(config, grad=True)`."""
    return partial(ManyToOne, kernels)


def many_to_many(kernels: Kernels) -> Callable[..., ManyToMany]:
    """`make(config, grad=True)`."""
    return partial(ManyToMany, kernels)


def many_to_many_unequal(kernels: Kernels) -> Callable[..., EncoderDecoder]:
    """`make(source_vocab_size, target_vocab_size, config=PLAIN, **options)`.

    The encoder's final state is all that the decoder learns of the source (Sutskever et al. 2014).
    """

    def make(*sizes: int, config: EncoderDecoderConfig = PLAIN, **options: Any) -> EncoderDecoder:
        return EncoderDecoder(kernels, config, *sizes, **options)

    return make
