"""A26: convolutional features feed a recurrent decoder, with or without attention over positions.

Vinyals et al. (2015) start the decoder from the picture; Xu et al. (2015) let it look again at
every word. The decoder is that of the encoder-decoder.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from seqbench.data.captioned import CaptionBatch
from seqbench.interfaces import Array, Kernels
from seqbench.kernels.dropout import dropout_mask

from .captioner_configuration import CaptionerConfig
from .decoder import Decoder, DecoderTape
from .dropout_stream import DropoutStream
from .encoder_decoder import DecodingState, EncoderDecoderSteps
from .image_encoder import ImageEncoder, ImageTape
from .kernel_layer import KernelLayer
from .parameters import Parameters
from .recurrent import State

DROPOUT_SITES = 2  # embedded words, decoder output


@dataclass(slots=True)
class Tape:
    encoder: ImageTape
    decoder: DecoderTape
    positions: int


class Captioner:
    """Built from one backend's kernels; `parameters` is one flat vector.

    `grad=False` plans for inference alone.
    """

    def __init__(
        self,
        kernels: Kernels,
        config: CaptionerConfig,
        vocab_size: int,
        *,
        grad: bool = True,
        label_smoothing: float = 0.0,
    ) -> None:
        self.config = config
        self.target_vocab_size = vocab_size
        self.backend = kernels.backend
        shapes = ImageEncoder.shapes(config, kernels)
        shapes |= Decoder.shapes(config, kernels, vocab_size)
        self.parameters = Parameters(shapes, config.dtype, kernels.backend)
        self.encoder = ImageEncoder(config, kernels, self.parameters, grad=grad)
        self.decoder = Decoder(config, kernels, self.parameters, grad=grad)
        self._loss = KernelLayer(kernels, "loss/softmax_cross_entropy", self.parameters, grad=grad)
        self._label_smoothing = label_smoothing
        self._tape: Tape | None = None

    def initialise(self, seed: int) -> None:
        """Draw the parameters; a cell with a memory starts with forget bias 1 (Gers 2000)."""
        self.parameters.initialise(seed)
        self.encoder.initialise()
        H = self.config.hidden_size
        if self.parameters.shapes.get("decoder.bias") == (4 * H,):
            self.parameters["decoder.bias"][H : 2 * H] = 1.0
        self.load()

    def load(self) -> None:
        """Let every plan take the parameters' current values; after each update."""
        self.encoder.load()
        self.decoder.load()
        self._loss.load()

    def encode(self, images: Array) -> tuple[Array, State, State, ImageTape]:
        """memory (P, B, F), the decoder's first state, the mean over positions, tape."""
        memory, initial, tape = self.encoder.forward(images)
        return memory, initial, (memory.mean(axis=0),), tape

    def loss(
        self,
        batch: CaptionBatch,
        *,
        reduction: str,
        capacity: int | None = None,
        stream: DropoutStream | None = None,
    ) -> Array:
        """Teacher-forced cross-entropy in nats; with `stream`, under dropout."""
        device = self.backend.to_device
        memory, initial, final, encoder_tape = self.encode(device(batch.images))
        positions = memory.shape[0]
        capacity = max(capacity or 0, batch.target_in.shape[0], positions)
        lengths = device(batch.target_lengths)
        logits, decoder_tape = self.decoder.forward(
            device(batch.target_in),
            lengths,
            memory,
            self._memory_lengths(positions, batch.size),
            initial,
            final,
            self._masks(batch.size, stream),
            capacity=capacity,
        )
        self._tape = Tape(encoder_tape, decoder_tape, positions)
        smoothing = self._label_smoothing if stream is not None else 0.0
        inputs = self._loss.contract.Inputs(
            logits, device(batch.target_out), lengths, reduction, smoothing
        )
        return self._loss.forward(inputs, T=capacity).loss

    def backward(self) -> None:
        """Gradients of the last `loss` into `parameters.gradient`."""
        tape = self._tape
        assert tape is not None, "backward before loss"
        d_logits = self._loss.backward(self._loss.contract.Outputs(None)).logits
        d_memory, d_initial, d_final = self.decoder.backward(tape.decoder, d_logits)
        if d_final is not None:  # the mean over positions
            share = d_final[None] / tape.positions
            d_memory = self.backend.xp.repeat(share, tape.positions, axis=0)
        self.encoder.backward(tape.encoder, d_memory, d_initial)

    def flops(self, T: int, B: int, *, grad: bool) -> int:
        """Operations of a batch by the formulas of its kernels, padding included."""
        V, loss = self.target_vocab_size, self._loss.contract
        positions = self.parameters.shapes["position_embedding"][0]
        return (
            self.encoder.flops(B, grad)
            + self.decoder.flops(positions, T, B, V, grad)
            + int(loss.flops(loss.Dims(T, B, V), grad))
        )

    def _memory_lengths(self, positions: int, batch: int) -> Array:
        return self.backend.xp.full((batch,), positions, dtype="int32")

    def _masks(
        self, batch_size: int, stream: DropoutStream | None
    ) -> tuple[Array | None, Array | None]:
        """Of the embedded words and the decoder's output, shared over time."""
        config = self.config
        if stream is None or config.dropout == 0.0:
            return None, None
        sizes = (config.embedding_size, config.hidden_size)
        words, output = (
            dropout_mask(
                (batch_size, size),
                config.dropout,
                seed=stream.seed,
                stream=stream.step * DROPOUT_SITES + site,
                dtype=config.dtype,
                xp=self.backend.xp,
            )
            for site, size in enumerate(sizes)
        )
        return words, output

    def step_model(self, bos_id: int, eos_id: int) -> CaptionerSteps:
        """The view that greedy, beam, exact search and scoring drive."""
        return CaptionerSteps(self, bos_id, eos_id)


class CaptionerSteps(EncoderDecoderSteps):
    """StepModel over a captioner: what differs is where a search starts."""

    def __init__(self, model: Captioner, bos_id: int, eos_id: int) -> None:
        super().__init__(model, bos_id, eos_id)
        self._captioner = model

    def start(self, batch: Any, width: int) -> DecodingState:
        model = self._captioner
        xp = model.backend.xp
        memory, initial, final, _ = model.encode(model.backend.to_device(batch.images))
        hidden = tuple(xp.repeat(part[None], width, axis=0) for part in initial)
        lengths = model._memory_lengths(memory.shape[0], batch.size)
        keys = model.decoder.project_memory(memory)
        return DecodingState(hidden, memory, lengths, final, keys)


class CaptionerFactory:
    """Makes captioners on one backend's kernels: what the registry returns for A26."""

    def __init__(self, kernels: Kernels) -> None:
        self._kernels = kernels

    def __call__(self, config: CaptionerConfig, vocab_size: int, **options: Any) -> Captioner:
        return Captioner(self._kernels, config, vocab_size, **options)
