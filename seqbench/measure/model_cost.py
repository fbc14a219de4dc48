"""What a whole encoder-decoder costs at one length: time, memory and FLOP of its phases.

`forward` reads T source tokens and scores T target tokens, teacher-forced; `forward_backward` is
an update's work without the optimiser; `decode` encodes and then takes T steps, one token at a
time. Tokens are drawn, every sentence is full length.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from seqbench.data.batch import TranslationBatch
from seqbench.data.vocabulary import BOS_ID, EOS_ID, SPECIALS
from seqbench.interfaces import (
    Array,
    Implementation,
    Kernels,
    RangeError,
    Sample,
    SharedText,
    UnsupportedError,
)
from seqbench.models.configuration import EncoderDecoderConfig
from seqbench.models.encoder_decoder import EncoderDecoder

from .cost import Cost, CostSettings
from .gate import FORWARD, relative_error
from .host_arrays import HOST
from .load import cpu_times, load_between
from .memory import peak_bytes_of
from .timing import Observed, empty_region, observe, validity

REDUCTION = "token_mean"
FIRST = len(SPECIALS)
"""The lowest id that is drawn: PAD, BOS, EOS and UNK come before it."""


@dataclass(frozen=True, slots=True)
class ModelSizes:
    """T source and T target tokens, EOS among the latter, of B sentences over V words a side."""

    time_steps: int
    batch_size: int
    vocab_size: int

    def __post_init__(self) -> None:
        if self.vocab_size <= FIRST:
            raise RangeError(
                f"model_cost: vocab_size is {self.vocab_size}, expected more than {FIRST}, the "
                "special tokens; set workload.options.vocab_size=1000"
            )


class ReferenceKernels:
    """The shared texts on plain NumPy, of the contracts that other kernels serve."""

    backend = HOST

    def __init__(self, kernels: Kernels) -> None:
        self._kernels = kernels

    def get(self, kind: str, name: str) -> Implementation:
        return SharedText(self._kernels.get(kind, name).contract, HOST)

    @property
    def resolved(self) -> dict[str, str]:
        return {}


def drawn_batch(sizes: ModelSizes, seed: int) -> TranslationBatch:
    """Uniform tokens without special ones; BOS before and EOS after the target's."""
    rng = np.random.default_rng(seed)
    T, B = sizes.time_steps, sizes.batch_size
    source = rng.integers(FIRST, sizes.vocab_size, (T, B)).astype(np.int32)
    target = rng.integers(FIRST, sizes.vocab_size, (T - 1, B)).astype(np.int32)
    row, full = np.zeros((1, B), np.int32), np.full(B, T, np.int32)
    return TranslationBatch(
        source=source,
        source_lengths=full,
        target_in=np.concatenate([row + np.int32(BOS_ID), target]),
        target_out=np.concatenate([target, row + np.int32(EOS_ID)]),
        target_lengths=full,
        indices=np.arange(B),
    )


def model_cost(
    kernels: Kernels,
    config: EncoderDecoderConfig,
    sizes: ModelSizes,
    settings: CostSettings,
) -> Cost:
    """Gate, peak memory, times and FLOP of every phase.

    The loss is held against that of the shared texts in float64 on the same parameters; where it
    differs there are no samples.

    Raises UnsupportedError for a dtype without a tolerance, and for caches that are to be cold: a
    model has many kernels, between which they are warm.
    """
    if settings.cache != "warm":
        raise UnsupportedError(
            f"model_cost: measure.options.cache is {settings.cache!r}, expected warm: a model runs "
            "many kernels, the later ones on what the earlier left; leave it out"
        )
    if config.dtype not in FORWARD:
        raise UnsupportedError(
            f"model_cost: no tolerance for {config.dtype}, expected one of {', '.join(FORWARD)}; "
            "set dtype"
        )
    batch = drawn_batch(sizes, settings.seed)
    bench = ModelBench(kernels, config, sizes, batch, settings.seed)
    error = gate_error(kernels, bench.inference, batch)
    allowed = FORWARD[config.dtype]
    notes = {"errors": {"loss": f"{error:.2g}"}}
    if not error <= allowed:
        reason = (
            f"model_cost: the loss differs from the float64 shared texts' by {error:.2g}, allowed "
            f"{allowed:g}; run `seqbench check {kernels.backend.name}`"
        )
        return Cost([], "fail", False, [reason], notes)
    samples = [Sample("gate_error", error, "fraction", "none")]
    before = cpu_times()
    observed: dict[str, Observed] = {}
    for phase, call in bench.calls().items():
        samples.append(bench.peak_memory(phase))
        observed[phase] = observe(call, timer=kernels.backend.timer(), sampling=settings)
        samples += bench.samples(phase, observed[phase].seconds)
    load = load_between(before, cpu_times())
    empty_s = empty_region(kernels.backend.timer())
    reasons = [load.busy] if load and load.busy else []
    for phase, found in observed.items():
        _, told = validity(found.seconds, sampling=settings, empty_s=empty_s)
        reasons += [f"{phase}: {reason}" for reason in told]
    return Cost(samples, "pass", not reasons, reasons, notes)


class ModelBench:
    """One model for inference and one that keeps what backward needs, of the same parameters."""

    def __init__(
        self,
        kernels: Kernels,
        config: EncoderDecoderConfig,
        sizes: ModelSizes,
        batch: TranslationBatch,
        seed: int,
    ) -> None:
        self._backend, self._sizes, self._batch = kernels.backend, sizes, batch
        vocab = (sizes.vocab_size, sizes.vocab_size)
        self.inference = EncoderDecoder(kernels, config, *vocab, grad=False)
        self.inference.initialise(seed)
        self._training = EncoderDecoder(kernels, config, *vocab, grad=True)
        self._training.initialise(seed)
        self._tokens = self._backend.to_device(batch.target_in[:, None, :])  # (T, K = 1, B)

    def calls(self) -> dict[str, Callable[[], object]]:
        """What each phase times."""
        return {
            "forward": partial(self.inference.loss, self._batch, reduction=REDUCTION),
            "forward_backward": self._update,
            "decode": self._decode,
        }

    def _update(self) -> None:
        self._training.load()
        self._training.loss(self._batch, reduction=REDUCTION)
        self._training.backward()

    def _decode(self) -> Array:
        """The last logits; the tokens are given, so that every call takes T steps."""
        steps = self.inference.step_model(BOS_ID, EOS_ID)
        state = steps.start(self._batch, 1)
        for tokens in self._tokens:
            logits, state = steps.step(state, tokens)
        return logits

    def peak_memory(self, phase: str) -> Sample:
        """Of the first call: plans are made in it."""
        peak = peak_bytes_of(self.calls()[phase], self._backend)
        return Sample("peak_memory", float(peak), "B", "lower", phase)

    def samples(self, phase: str, seconds: list[float]) -> list[Sample]:
        """Every time and, but for `decode`, FLOP by the kernels' formulas."""
        found = [Sample("time", s, "s", "lower", phase, n) for n, s in enumerate(seconds)]
        if phase == "decode":
            return found
        T, B = self._sizes.time_steps, self._sizes.batch_size
        flops = self.inference.flops(T, T, B, grad=phase == "forward_backward")
        return [*found, Sample("flops", float(flops), "FLOP", "lower", phase)]


def gate_error(kernels: Kernels, model: EncoderDecoder, batch: TranslationBatch) -> float:
    """How far the loss is from the shared texts' in float64, as a share of it."""
    wide = replace(model.config, dtype="float64")
    vocab_size = model.target_vocab_size
    text = EncoderDecoder(ReferenceKernels(kernels), wide, vocab_size, vocab_size, grad=False)
    text.parameters.load(model.parameters.to_host())
    text.load()
    found, expected = (
        np.asarray(m.backend.to_host(m.loss(batch, reduction=REDUCTION))).reshape(1)
        for m in (model, text)
    )
    return relative_error(found, expected)
