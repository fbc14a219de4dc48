"""A speech recogniser: log-mel features, an acoustic encoder, CTC over characters (A35).

Graves et al. (2006); the shape is that of Amodei et al. (2016), small.
"""

from __future__ import annotations

from typing import Any

from seqbench.data.speech import BLANK_ID, SpeechBatch
from seqbench.interfaces import Array, Kernels
from seqbench.kernels.ctc import CTCInputs

from .acoustic_encoder import AcousticConfig, AcousticEncoder
from .dropout_stream import DropoutStream
from .kernel_layer import KernelLayer
from .parameters import Parameters
from .speech_features import SpeechFeatures


class SpeechRecogniser:
    """Built from one backend's kernels; `parameters` is one flat vector.

    num_labels : characters, without the blank. `grad=False` plans for inference alone.
    """

    def __init__(
        self,
        kernels: Kernels,
        config: AcousticConfig,
        num_labels: int,
        sample_rate: int,
        *,
        grad: bool = True,
    ) -> None:
        self.config, self.backend, self.num_outputs = config, kernels.backend, num_labels + 1
        shapes = AcousticEncoder.shapes(config, kernels, self.num_outputs)
        self.parameters = Parameters(shapes, config.dtype, kernels.backend)
        self._features = SpeechFeatures(kernels, config.features, sample_rate, config.dtype)
        self._encoder = AcousticEncoder(config, kernels, self.parameters, grad=grad)
        self._loss = KernelLayer(kernels, "loss/ctc", self.parameters, grad=grad)

    def initialise(self, seed: int) -> None:
        """Draw the parameters; a cell with a memory starts with forget bias 1 (Gers 2000)."""
        self.parameters.initialise(seed)
        self._encoder.open_forget_gates()
        self.load()

    def load(self) -> None:
        """Let every plan take the parameters' current values; after each update."""
        self._encoder.load()
        self._loss.load()

    def logits(
        self,
        batch: SpeechBatch,
        *,
        capacity: int | None = None,
        stream: DropoutStream | None = None,
    ) -> tuple[Array, Array]:
        """(T, B, V) scores of blank and labels, and (B,) their lengths; `capacity` in samples."""
        device, samples = self.backend.to_device, max(capacity or 0, batch.signal.shape[0])
        signal = device(batch.signal.astype(self.config.dtype, copy=False))
        features, frames = self._features(signal, device(batch.lengths), capacity=samples)
        steps = self._features.num_frames(samples)
        return self._encoder.forward(features, frames, capacity=steps, stream=stream)

    def loss(
        self,
        batch: SpeechBatch,
        *,
        reduction: str,
        capacity: int | None = None,
        stream: DropoutStream | None = None,
    ) -> Array:
        """CTC in nats, `token_mean` a label; with `stream`, under dropout.

        inf where an utterance has fewer steps than its labels need.
        """
        device = self.backend.to_device
        logits, lengths = self.logits(batch, capacity=capacity, stream=stream)
        targets, target_lengths = device(batch.targets), device(batch.target_lengths)
        inputs = CTCInputs(logits, targets, lengths, target_lengths, BLANK_ID, reduction)
        return self._loss.forward(inputs).loss

    def backward(self) -> None:
        """Gradients of the last `loss` into `parameters.gradient`."""
        d_logits = self._loss.backward(self._loss.contract.Outputs(None)).logits
        self._encoder.backward(d_logits.astype(self.config.dtype, copy=False))

    def flops(self, samples: int, batch: int, grad: bool) -> int:
        """Of the encoder; features and loss are a hundredth of it."""
        frames = self._features.num_frames(samples)
        return self._encoder.flops(frames, batch, self.num_outputs, grad)


class SpeechRecogniserFactory:
    """Makes recognisers on one backend's kernels: what the registry returns."""

    def __init__(self, kernels: Kernels) -> None:
        self._kernels = kernels

    def __call__(self, config: AcousticConfig, *sizes: int, **options: Any) -> SpeechRecogniser:
        """`SpeechRecogniser(kernels, config, num_labels, sample_rate, **options)`."""
        return SpeechRecogniser(self._kernels, config, *sizes, **options)
