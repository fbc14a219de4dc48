"""A25: the encoder-decoder, its loss with gradients, and its one-step view for the searches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from seqbench.data.batch import TranslationBatch
from seqbench.interfaces import Array, Kernels
from seqbench.kernels._cell import reverse_by_length
from seqbench.kernels.dropout import dropout_mask

from .configuration import EncoderDecoderConfig
from .decoder import Decoder, DecoderTape
from .dropout_stream import DropoutStream
from .encoder import Encoder, EncoderTape
from .kernel_layer import KernelLayer
from .parameters import Parameters
from .plans import Notes, merged_notes
from .recurrent import State

DROPOUT_SITES = 3  # source embedding, target embedding, decoder output


@dataclass(slots=True)
class Tape:
    encoder: EncoderTape
    decoder: DecoderTape


class EncoderDecoder:
    """Built from one backend's kernels; `parameters` is one flat vector.

    `grad=False` plans for inference alone: nothing is kept for a backward pass.
    """

    def __init__(
        self,
        kernels: Kernels,
        config: EncoderDecoderConfig,
        source_vocab_size: int,
        target_vocab_size: int,
        *,
        grad: bool = True,
        label_smoothing: float = 0.0,
    ) -> None:
        self.config = config
        self.target_vocab_size = target_vocab_size
        self.backend = kernels.backend
        shapes = Encoder.shapes(config, kernels, source_vocab_size)
        shapes |= Decoder.shapes(config, kernels, target_vocab_size)
        self.parameters = Parameters(shapes, config.dtype, kernels.backend)
        self.encoder = Encoder(config, kernels, self.parameters, grad=grad)
        self.decoder = Decoder(config, kernels, self.parameters, grad=grad)
        self._loss = KernelLayer(kernels, "loss/softmax_cross_entropy", self.parameters, grad=grad)
        self._label_smoothing = label_smoothing
        self._tape: Tape | None = None

    def initialise(self, seed: int) -> None:
        """Draw the parameters; a cell with a memory starts with forget bias 1 (Gers 2000)."""
        self.parameters.initialise(seed)
        H = self.config.hidden_size
        for name, shape in self.parameters.shapes.items():
            if name.endswith(".bias") and shape == (4 * H,) and name.split(".")[0] != "output":
                self.parameters[name][H : 2 * H] = 1.0
        self.load()

    def load(self) -> None:
        """Let every plan take the parameters' current values; after each update."""
        self.encoder.load()
        self.decoder.load()
        self._loss.load()

    def encode(
        self, source: Array, lengths: Array, mask: Array | None = None, capacity: int | None = None
    ) -> tuple[Array, State, EncoderTape]:
        """The memory (Tx, B, A), the decoder's first state, and the encoder's tape."""
        if self.config.reverse_source:
            source = reverse_by_length(source, lengths, xp=self.backend.xp)
        return self.encoder.forward(source, lengths, mask, capacity=capacity or source.shape[0])

    def loss(
        self,
        batch: TranslationBatch,
        *,
        reduction: str,
        capacity: int | None = None,
        stream: DropoutStream | None = None,
    ) -> Array:
        """Teacher-forced cross-entropy in nats; with `stream`, under dropout.

        `capacity` sizes the plans of both time axes, so that batches of other lengths reuse them.
        """
        device = self.backend.to_device
        steps = max(batch.source.shape[0], batch.target_in.shape[0])
        capacity = max(capacity or 0, steps)
        source_lengths, target_lengths = device(batch.source_lengths), device(batch.target_lengths)
        masks = self._masks(batch.size, stream)
        memory, initial, encoder_tape = self.encode(
            device(batch.source), source_lengths, masks[0], capacity
        )
        logits, decoder_tape = self.decoder.forward(
            device(batch.target_in),
            target_lengths,
            memory,
            source_lengths,
            initial,
            encoder_tape.final,
            (masks[1], masks[2]),
            capacity=capacity,
        )
        self._tape = Tape(encoder_tape, decoder_tape)
        smoothing = self._label_smoothing if stream is not None else 0.0
        inputs = self._loss.contract.Inputs(
            logits, device(batch.target_out), target_lengths, reduction, smoothing
        )
        return self._loss.forward(inputs, T=capacity).loss

    def backward(self) -> None:
        """Gradients of the last `loss`, summed over uses, into `parameters.gradient`."""
        assert self._tape is not None, "backward before loss"
        d_logits = self._loss.backward(self._loss.contract.Outputs(None)).logits
        d_memory, d_initial, d_final = self.decoder.backward(self._tape.decoder, d_logits)
        d_final_state = None
        if d_final is not None:
            zero = self.backend.xp.zeros_like(d_final)
            d_final_state = (d_final,) + (zero,) * (len(d_initial) - 1)
        self.encoder.backward(self._tape.encoder, d_memory, d_initial, d_final_state)

    @property
    def notes(self) -> Notes:
        """What the kernels' plans counted so far: a row tells it."""
        return merged_notes(self.encoder.notes, self.decoder.notes, self._loss.notes)

    def flops(self, Tx: int, Ty: int, B: int, *, grad: bool) -> int:
        """Operations of a batch by the formulas of its kernels, padding included."""
        V = self.target_vocab_size
        loss = self._loss.contract
        return (
            self.encoder.flops(Tx, B, grad)
            + self.decoder.flops(Tx, Ty, B, V, grad)
            + loss.flops(loss.Dims(Ty, B, V), grad)
        )

    def _masks(self, batch_size: int, stream: DropoutStream | None) -> list[Array | None]:
        """One dropout mask a site, shared over time."""
        rate = self.config.dropout
        if stream is None or rate == 0.0:
            return [None] * DROPOUT_SITES
        sizes = (self.config.embedding_size, self.config.embedding_size, self.config.hidden_size)
        return [
            dropout_mask(
                (batch_size, size),
                rate,
                seed=stream.seed,
                stream=stream.step * DROPOUT_SITES + site,
                dtype=self.config.dtype,
                xp=self.backend.xp,
            )
            for site, size in enumerate(sizes)
        ]

    def step_model(self, bos_id: int, eos_id: int) -> EncoderDecoderSteps:
        """The view that greedy, beam and scoring drive."""
        return EncoderDecoderSteps(self, bos_id, eos_id)


class EncoderDecoderFactory:
    """Makes encoder-decoders on one backend's kernels: what the registry returns for A25."""

    def __init__(self, kernels: Kernels) -> None:
        self._kernels = kernels

    def __call__(self, config: EncoderDecoderConfig, *sizes: int, **options: Any) -> EncoderDecoder:
        """`EncoderDecoder(kernels, config, source_vocab_size, target_vocab_size, **options)`."""
        return EncoderDecoder(self._kernels, config, *sizes, **options)


@dataclass(slots=True)
class DecodingState:
    """K hypotheses of B sentences; `hidden` parts are (K, B, H)."""

    hidden: State
    memory: Array
    lengths: Array
    final: State
    keys: Any


class EncoderDecoderSteps:
    """StepModel over an EncoderDecoder; see `seqbench.interfaces.StepModel`.

    A model with another encoder and this decoder replaces `start` alone.
    """

    def __init__(self, model: Any, bos_id: int, eos_id: int) -> None:
        self._model = model
        self.vocab_size = model.target_vocab_size
        self.bos_id, self.eos_id = bos_id, eos_id
        self.dtype = model.config.dtype

    def start(self, batch: Any, width: int) -> DecodingState:
        backend = self._model.backend
        lengths = backend.to_device(batch.source_lengths)
        memory, initial, tape = self._model.encode(backend.to_device(batch.source), lengths)
        xp = backend.xp
        hidden = tuple(xp.repeat(part[None], width, axis=0) for part in initial)
        keys = self._model.decoder.project_memory(memory)
        return DecodingState(hidden, xp.array(memory), lengths, tape.final, keys)

    def step(self, state: DecodingState, tokens: Array) -> tuple[Array, DecodingState]:
        logits, state.hidden = self._model.decoder.step(
            tokens, state.hidden, state.memory, state.lengths, state.final, state.keys
        )
        return logits, state

    def reorder(self, state: DecodingState, parents: Array) -> DecodingState:
        columns = self._model.backend.xp.arange(parents.shape[1])[None, :]
        state.hidden = tuple(part[parents, columns] for part in state.hidden)
        return state

    def state_bytes(self, width: int, batch: int) -> int:
        config = self._model.config
        parts = len(self._model.decoder.state_names)
        row = parts * 4 * config.hidden_size + 2 * config.memory_size + config.attention_size
        itemsize = 8 if self.dtype == "float64" else 4
        return width * batch * (2 * self.vocab_size + row) * itemsize
