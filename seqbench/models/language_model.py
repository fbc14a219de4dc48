"""A06, the language model: what comes next, word by word or character by character.

Mikolov et al. (2010); dropout on what goes up between layers, never on what goes on in time, an
element at a time (Zaremba et al. 2014, section 3.1); output weights tied to the embedding's on
request (Press & Wolf 2017). Trained by backpropagation through one window, the state carried to
the next.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from seqbench.data.language_batching import LanguageBatch
from seqbench.interfaces import Array, Kernels, RangeError
from seqbench.kernels._cell import CellDims
from seqbench.kernels.dropout import dropout_mask

from .dropout_stream import DropoutStream
from .kernel_layer import KernelLayer
from .linear import linear_flops
from .parameters import Parameters, Shape
from .recurrent import RecurrentLayer, State

Mask = Array | None
States = tuple[State, ...]
"""The state of each layer, the lowest first."""


@dataclass(frozen=True, slots=True)
class LanguageModelConfig:
    """What decides a language model's parameters and mathematics.

    cell : a registered name; num_layers : how many of it, one on the other
    dropout : rate on the embedding and on the output of every layer
    tied : the output's weight is the embedding's; needs embedding_size = hidden_size
    """

    cell: str = "lstm"
    embedding_size: int = 128
    hidden_size: int = 128
    num_layers: int = 1
    dropout: float = 0.0
    tied: bool = False
    dtype: str = "float32"

    def __post_init__(self) -> None:
        if self.num_layers < 1:
            raise RangeError(
                f"language_model: num_layers is {self.num_layers}, expected at least 1; set "
                "model.options.num_layers=1"
            )
        if self.tied and self.embedding_size != self.hidden_size:
            raise RangeError(
                f"language_model: embedding_size is {self.embedding_size} with tied weights, "
                f"expected hidden_size = {self.hidden_size}; make them equal, or set "
                "model.options.tied=false"
            )

    @property
    def output_weight(self) -> str:
        """The name of the tensor (V, H) that makes logits."""
        return "embedding.weight" if self.tied else "output.weight"


@dataclass(slots=True)
class LanguageTape:
    """What forward keeps for backward."""

    masks: list[Mask]  # one a site, (T, B, E) then (T, B, H)
    features: Array  # (T, B, H) what the output layer saw


class LanguageModel:
    """Built from one backend's kernels; `parameters` is one flat vector.

    `grad=False` plans for inference alone. `state` is the final one of the last `loss`.
    """

    def __init__(
        self,
        kernels: Kernels,
        config: LanguageModelConfig,
        vocab_size: int,
        *,
        grad: bool = True,
        label_smoothing: float = 0.0,
    ) -> None:
        self.config, self.vocab_size = config, vocab_size
        self.backend = kernels.backend
        cell = kernels.get("cell", config.cell).contract
        self.state_names: tuple[str, ...] = cell.state
        self.parameters = Parameters(_shapes(config, cell, vocab_size), config.dtype, self.backend)
        self._embedding = KernelLayer(
            kernels, "embedding/gather", self.parameters, "embedding", grad=grad
        )
        self._layers = [
            RecurrentLayer(kernels, config.cell, self.parameters, name, grad=grad)
            for name in _layer_names(config)
        ]
        self._loss = KernelLayer(kernels, "loss/softmax_cross_entropy", self.parameters, grad=grad)
        self._label_smoothing = label_smoothing
        self._tape: LanguageTape | None = None
        self.state: States | None = None

    def initialise(self, seed: int) -> None:
        """Draw the parameters; a cell with a memory starts with forget bias 1 (Gers 2000)."""
        self.parameters.initialise(seed)
        H = self.config.hidden_size
        for name in _layer_names(self.config) if "c" in self.state_names else ():
            if self.parameters.shapes[f"{name}.bias"] == (4 * H,):  # i, f, g, o
                self.parameters[f"{name}.bias"][H : 2 * H] = 1.0
        self.load()

    def load(self) -> None:
        """Let every plan take the parameters' current values; after each update."""
        for part in (self._embedding, *self._layers, self._loss):
            part.load()

    def zero_state(self, batch_size: int) -> States:
        """Zero in every layer, each part (B, H)."""
        shape = (batch_size, self.config.hidden_size)
        zero = self.backend.xp.zeros(shape, dtype=self.config.dtype)
        return ((zero,) * len(self.state_names),) * self.config.num_layers

    def forward(
        self,
        inputs: Array,
        lengths: Array,
        state: States,
        masks: list[Mask] | None = None,
        *,
        capacity: int | None = None,
    ) -> tuple[Array, States]:
        """inputs (T, B) -> features (T, B, H) that the output layer reads, and the final state.

        All on the device; `capacity` >= T sizes the plans.
        """
        masks = masks or [None] * (self.config.num_layers + 1)
        capacity = capacity or inputs.shape[0]
        x = self._embedding.forward(self._embedding.contract.Inputs(inputs), T=capacity).rows
        x = _masked(x, masks[0])
        final = []
        for layer, initial, mask in zip(self._layers, state, masks[1:], strict=True):
            x, after = layer.forward(x, lengths, initial, capacity=capacity)
            x = _masked(x, mask)
            final.append(tuple(part.copy() for part in after))  # the plan reuses its arrays
        return x, tuple(final)

    def logits(self, features: Array) -> Array:
        """features (..., H) -> (..., V)."""
        rows = features.reshape(-1, features.shape[-1])
        found = rows @ self.parameters[self.config.output_weight].T
        found += self.parameters["output.bias"]
        return found.reshape(*features.shape[:-1], self.vocab_size)

    def loss(
        self,
        batch: LanguageBatch,
        *,
        reduction: str,
        state: States | None = None,
        capacity: int | None = None,
        stream: DropoutStream | None = None,
    ) -> Array:
        """Cross-entropy of what comes next, in nats; with `stream`, under dropout.

        `state` is where the batch begins, None for zero; afterwards `self.state` is where it ends.
        `capacity` sizes the plans, so that shorter batches reuse them.
        """
        device = self.backend.to_device
        inputs, lengths = device(batch.inputs), device(batch.lengths)
        capacity = max(capacity or 0, inputs.shape[0])
        masks = self._masks(inputs.shape, stream)
        initial = self.zero_state(batch.size) if state is None else state
        features, self.state = self.forward(inputs, lengths, initial, masks, capacity=capacity)
        self._tape = LanguageTape(masks, features)
        smoothing = self._label_smoothing if stream is not None else 0.0
        scored = self._loss.contract.Inputs(
            self.logits(features), device(batch.targets), lengths, reduction, smoothing
        )
        return self._loss.forward(scored, T=capacity).loss

    def backward(self) -> None:
        """Gradients of the last `loss` into `parameters.gradient`; none crosses its start."""
        assert self._tape is not None, "backward before loss"
        tape = self._tape
        d_logits = self._loss.backward(self._loss.contract.Outputs(None)).logits
        d_x, d_weight = self._output_backward(tape.features, d_logits)
        for layer, mask in zip(self._layers[::-1], tape.masks[:0:-1], strict=True):
            d_x, _ = layer.backward(_masked(d_x, mask), None)
        d_rows = self.backend.xp.ascontiguousarray(_masked(d_x, tape.masks[0]))
        self._embedding.backward(self._embedding.contract.Outputs(d_rows))
        if self.config.tied:
            d_output = self.parameters.d("embedding.weight")
            d_output += d_weight  # used twice: looked up, and multiplied by
        else:
            self.parameters.d("output.weight")[...] = d_weight

    def _output_backward(self, features: Array, d_logits: Array) -> tuple[Array, Array]:
        """d_features (T, B, H) and d_weight (V, H); writes the gradient of the bias."""
        d_rows = d_logits.reshape(-1, self.vocab_size)
        rows = features.reshape(-1, features.shape[-1])
        self.parameters.d("output.bias")[...] = d_rows.sum(axis=0)
        d_features = d_rows @ self.parameters[self.config.output_weight]  # logits = features W.T
        return d_features.reshape(features.shape), d_rows.T @ rows

    def _masks(self, shape: tuple[int, ...], stream: DropoutStream | None) -> list[Mask]:
        """One dropout mask a site, each element on its own."""
        config, sites = self.config, self.config.num_layers + 1
        if stream is None or config.dropout == 0.0:
            return [None] * sites
        sizes = [config.embedding_size] + [config.hidden_size] * config.num_layers
        return [
            dropout_mask(
                (*shape, size),
                config.dropout,
                seed=stream.seed,
                stream=stream.step * sites + site,
                dtype=config.dtype,
                xp=self.backend.xp,
            )
            for site, size in enumerate(sizes)
        ]

    def flops(self, T: int, B: int, *, grad: bool) -> int:
        """Operations of a batch by the formulas of its kernels, padding included."""
        config, loss = self.config, self._loss.contract
        total = loss.flops(loss.Dims(T, B, self.vocab_size), grad)
        total += linear_flops(T * B, config.hidden_size, self.vocab_size, grad)
        for number, layer in enumerate(self._layers):
            size = config.hidden_size if number else config.embedding_size
            total += layer.flops(CellDims(T, B, size, config.hidden_size), grad)
        return total


class LanguageModelFactory:
    """Makes language models on one backend's kernels: what the registry returns for A06."""

    def __init__(self, kernels: Kernels) -> None:
        self._kernels = kernels

    def __call__(
        self, config: LanguageModelConfig, vocab_size: int, **options: Any
    ) -> LanguageModel:
        """`LanguageModel(kernels, config, vocab_size, **options)`."""
        return LanguageModel(self._kernels, config, vocab_size, **options)


def _layer_names(config: LanguageModelConfig) -> list[str]:
    return [f"layer{number}" for number in range(config.num_layers)]


def _shapes(config: LanguageModelConfig, cell: Any, vocab_size: int) -> dict[str, Shape]:
    shapes: dict[str, Shape] = {"embedding.weight": (vocab_size, config.embedding_size)}
    size = config.embedding_size
    for name in _layer_names(config):
        shapes |= RecurrentLayer.shapes(name, cell, size, config.hidden_size)
        size = config.hidden_size
    if not config.tied:
        shapes["output.weight"] = (vocab_size, config.hidden_size)
    return shapes | {"output.bias": (vocab_size,)}


def _masked(x: Array, mask: Mask) -> Array:
    return x if mask is None else x * mask
