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
from .plans import Notes, merged_notes
from .recurrent import State
from .stacked_layer import StackedLayer

Mask = Array | None
SITES = 2  # dropout beside that of the stack: on the embedding, on the features


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

    masks: list[Mask]  # one a site, (T, B, E) and (T, B, H)
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
        self.num_parts = config.num_layers * len(cell.state)
        self.parameters = Parameters(_shapes(config, cell, vocab_size), config.dtype, self.backend)
        self._embedding = KernelLayer(
            kernels, "embedding/gather", self.parameters, "embedding", grad=grad
        )
        self._stack = StackedLayer(
            kernels,
            config.cell,
            self.parameters,
            "layers",
            grad=grad,
            num_layers=config.num_layers,
            dropout=config.dropout,
        )
        self._loss = KernelLayer(kernels, "loss/softmax_cross_entropy", self.parameters, grad=grad)
        self._label_smoothing = label_smoothing
        self._tape: LanguageTape | None = None
        self.state: State | None = None

    def initialise(self, seed: int) -> None:
        """Draw the parameters; a cell with a memory starts with forget bias 1 (Gers 2000)."""
        self.parameters.initialise(seed)
        self._stack.open_forget_gates()
        self.load()

    def load(self) -> None:
        """Let every plan take the parameters' current values; after each update."""
        for part in (self._embedding, self._stack, self._loss):
            part.load()

    def zero_state(self, batch_size: int) -> State:
        """Zero in every layer, each part (layers, B, H)."""
        return self._stack.zero_state(batch_size, self.config.hidden_size)

    def forward(
        self,
        inputs: Array,
        lengths: Array,
        state: State,
        stream: DropoutStream | None = None,
        *,
        capacity: int | None = None,
    ) -> tuple[Array, State, list[Mask]]:
        """inputs (T, B) -> features (T, B, H) for the output layer, the final state, the masks.

        All on the device; `capacity` >= T sizes the plans; with `stream`, under dropout.
        """
        capacity = capacity or inputs.shape[0]
        masks = self._masks(inputs.shape, stream)
        x = self._embedding.forward(self._embedding.contract.Inputs(inputs), T=capacity).rows
        x = _masked(x, masks[0])
        x, final = self._stack.forward(x, lengths, state, capacity=capacity, stream=stream)
        return _masked(x, masks[1]), final, masks

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
        state: State | None = None,
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
        initial = self.zero_state(batch.size) if state is None else state
        features, self.state, masks = self.forward(
            inputs, lengths, initial, stream, capacity=capacity
        )
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
        d_features, d_weight = self._output_backward(tape.features, d_logits)
        d_x, _ = self._stack.backward(_masked(d_features, tape.masks[1]), None)
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
        """Dropout's masks, each element on its own."""
        config = self.config
        if stream is None or config.dropout == 0.0:
            return [None] * SITES
        return [
            dropout_mask(
                (*shape, size),
                config.dropout,
                seed=stream.seed,
                stream=stream.step * SITES + site,
                dtype=config.dtype,
                xp=self.backend.xp,
            )
            for site, size in enumerate((config.embedding_size, config.hidden_size))
        ]

    @property
    def notes(self) -> Notes:
        """What the plans of embedding and loss counted so far: a row tells it."""
        return merged_notes(self._embedding.notes, self._loss.notes)

    def flops(self, T: int, B: int, *, grad: bool) -> int:
        """Operations of a batch by the formulas of its kernels, padding included."""
        config, loss = self.config, self._loss.contract
        total = loss.flops(loss.Dims(T, B, self.vocab_size), grad)
        total += linear_flops(T * B, config.hidden_size, self.vocab_size, grad)
        dims = CellDims(T, B, config.embedding_size, config.hidden_size)
        return total + self._stack.flops(dims, grad)


class LanguageModelFactory:
    """Makes language models on one backend's kernels: what the registry returns for A06."""

    def __init__(self, kernels: Kernels) -> None:
        self._kernels = kernels

    def __call__(
        self, config: LanguageModelConfig, vocab_size: int, **options: Any
    ) -> LanguageModel:
        """`LanguageModel(kernels, config, vocab_size, **options)`."""
        return LanguageModel(self._kernels, config, vocab_size, **options)


def _shapes(config: LanguageModelConfig, cell: Any, vocab_size: int) -> dict[str, Shape]:
    E, H = config.embedding_size, config.hidden_size
    shapes: dict[str, Shape] = {"embedding.weight": (vocab_size, E)}
    shapes |= StackedLayer.shapes("layers", cell, E, H, num_layers=config.num_layers)
    if not config.tied:
        shapes["output.weight"] = (vocab_size, H)
    return shapes | {"output.bias": (vocab_size,)}


def _masked(x: Array, mask: Mask) -> Array:
    return x if mask is None else x * mask
