"""A37: trigger word detection, a convolution and a recurrent layer over a log-mel spectrogram.

The label of a step is 1 from the first step after a trigger on, for `repeats` steps, and 0 else:
with one alone, hardly a step in a hundred is positive, and a model that never speaks is nearly
always right. `positive_weight` weighs the loss of those steps against the same imbalance.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from seqbench.data.triggers import TriggerBatch
from seqbench.interfaces import Array, Kernels, RangeError
from seqbench.kernels._math import sigmoid
from seqbench.kernels.binary_cross_entropy import BinaryCrossEntropyInputs

from .acoustic_encoder import AcousticConfig, AcousticEncoder
from .dropout_stream import DropoutStream
from .kernel_layer import KernelLayer
from .parameters import Parameters
from .speech_features import SpeechFeatures


def widened(events: Sequence[Sequence[int]], steps: int, repeats: int, dtype: str) -> np.ndarray:
    """(T, B) labels: 1 at each event's step and the `repeats` - 1 steps after it, 0 else."""
    if repeats < 1:
        raise RangeError(f"trigger labels: repeats is {repeats}, expected at least 1, the one step")
    labels = np.zeros((steps, len(events)), dtype)
    for column, some in enumerate(events):
        for step in some:
            labels[step : step + repeats, column] = 1
    return labels


class TriggerDetector:
    """Built from one backend's kernels; `parameters` is one flat vector."""

    def __init__(
        self,
        kernels: Kernels,
        config: AcousticConfig,
        sample_rate: int,
        *,
        repeats: int = 1,
        positive_weight: float = 1.0,
        grad: bool = True,
    ) -> None:
        self.config, self.backend = config, kernels.backend
        self.repeats, self.positive_weight = repeats, positive_weight
        shapes = AcousticEncoder.shapes(config, kernels, 1)
        self.parameters = Parameters(shapes, config.dtype, kernels.backend)
        self._features = SpeechFeatures(kernels, config.features, sample_rate, config.dtype)
        self._encoder = AcousticEncoder(config, kernels, self.parameters, grad=grad)
        self._loss = KernelLayer(kernels, "loss/binary_cross_entropy", self.parameters, grad=grad)

    def initialise(self, seed: int) -> None:
        """Draw the parameters; a cell with a memory starts with forget bias 1 (Gers 2000)."""
        self.parameters.initialise(seed)
        self._encoder.open_forget_gates()
        self.load()

    def load(self) -> None:
        """Let every plan take the parameters' current values; after each update."""
        self._encoder.load()
        self._loss.load()

    @property
    def step_samples(self) -> int:
        """Samples from one step of the output to the next."""
        return self._features.hop * self.config.stride

    def num_steps(self, samples: int) -> int:
        return self._encoder.num_steps(self._features.num_frames(samples))

    def event_steps(self, events: Sequence[Sequence[int]]) -> list[list[int]]:
        """The first step whose centre is at or after each event's sample."""
        return [[-(-sample // self.step_samples) for sample in some] for some in events]

    def logits(
        self,
        batch: TriggerBatch,
        *,
        capacity: int | None = None,
        stream: DropoutStream | None = None,
    ) -> tuple[Array, Array]:
        """(T, B) scores and (B,) their lengths; `capacity` in samples."""
        device, samples = self.backend.to_device, max(capacity or 0, batch.signal.shape[0])
        signal = device(batch.signal.astype(self.config.dtype, copy=False))
        features, frames = self._features(signal, device(batch.lengths), capacity=samples)
        steps = self._features.num_frames(samples)
        scores, lengths = self._encoder.forward(features, frames, capacity=steps, stream=stream)
        return scores[..., 0], lengths

    def probs(self, batch: TriggerBatch, *, capacity: int | None = None) -> list[np.ndarray]:
        """For each recording (T,) host: the probability that a trigger has just ended."""
        logits, lengths = self.logits(batch, capacity=capacity)
        probs = self.backend.to_host(sigmoid(logits, xp=self.backend.xp))
        ends = self.backend.to_host(lengths)
        return [np.array(probs[:end, b]) for b, end in enumerate(ends)]

    def loss(
        self,
        batch: TriggerBatch,
        *,
        reduction: str,
        capacity: int | None = None,
        stream: DropoutStream | None = None,
    ) -> Array:
        """Binary cross-entropy in nats, `token_mean` a step; with `stream`, under dropout."""
        logits, lengths = self.logits(batch, capacity=capacity, stream=stream)
        labels = widened(
            self.event_steps(batch.events), logits.shape[0], self.repeats, self.config.dtype
        )
        targets = self.backend.to_device(labels)
        inputs = BinaryCrossEntropyInputs(logits, targets, lengths, reduction, self.positive_weight)
        return self._loss.forward(inputs).loss

    def backward(self) -> None:
        """Gradients of the last `loss` into `parameters.gradient`."""
        d_logits = self._loss.backward(self._loss.contract.Outputs(None)).logits
        self._encoder.backward(d_logits[..., None])

    def flops(self, samples: int, batch: int, grad: bool) -> int:
        """Of the encoder; features and loss are a hundredth of it."""
        return self._encoder.flops(self._features.num_frames(samples), batch, 1, grad)


class TriggerDetectorFactory:
    """Makes detectors on one backend's kernels: what the registry returns for A37."""

    def __init__(self, kernels: Kernels) -> None:
        self._kernels = kernels

    def __call__(self, config: AcousticConfig, sample_rate: int, **options: Any) -> TriggerDetector:
        """`TriggerDetector(kernels, config, sample_rate, **options)`."""
        return TriggerDetector(self._kernels, config, sample_rate, **options)
