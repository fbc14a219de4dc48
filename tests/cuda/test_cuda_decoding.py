"""Whole decodings on the device: NumPy's hypotheses, and nothing read back between looks."""

from __future__ import annotations

import numpy as np
import pytest
from emulated import implementation, kind_of
from emulated_runtime import EmulatedRuntime
from seqbench_cupy.backend import CupyBackend
from seqbench_numpy.backend import NumpyBackend

from seqbench.interfaces import SharedText
from seqbench.models.beam import BeamDecoder
from seqbench.models.greedy import GreedyDecoder
from seqbench.models.sampling import SamplingDecoder
from seqbench.models.search_settings import POLL_ON_DEVICE
from seqbench.testing.fixed_kernels import FixedKernels
from seqbench.testing.step_models import RecurrentModel, sentences

HOST = NumpyBackend()
NAMES = ("beam_select", "sample")


class CountingBackend(CupyBackend):
    """Counts what is read back, each of which waits on a GPU."""

    def __init__(self) -> None:
        super().__init__(EmulatedRuntime())
        self.reads = 0

    def to_host(self, array):
        self.reads += 1
        return super().to_host(array)


@pytest.fixture
def device():
    return CountingBackend()


def kernels_of(backend):
    made = []
    for name in NAMES:
        own = implementation(f"decoder/{name}")
        cuda = isinstance(backend, CupyBackend)
        made.append(
            kind_of(own)(own.contract, backend) if cuda else SharedText(own.contract, backend)
        )
    return FixedKernels(backend, *made)


def both(device, decoder, batch, *, vocab_size=40, seed=0, **options):
    """(decoded by the device, by the shared text on the host) of one random model."""
    found = []
    for backend in (device, HOST):
        model = RecurrentModel(backend, vocab_size=vocab_size, seed=seed, spread=1.0)
        found.append(decoder(kernels_of(backend)).decode(model, batch, **options))
    return found


def require_same(found, expected):
    assert len(found) == len(expected)
    for ours, theirs in zip(found, expected, strict=True):
        for h, e in zip(ours, theirs, strict=True):
            assert (h.tokens, h.finished, h.length) == (e.tokens, e.finished, e.length)
            assert h.log_prob == pytest.approx(e.log_prob, rel=1e-10)
            assert h.score == pytest.approx(e.score, rel=1e-10)


@pytest.mark.parametrize("stop", ["filled", "bound"])
@pytest.mark.parametrize(("width", "n_best"), [(1, 1), (4, 2), (33, 33)])
def test_beam_search_is_that_of_the_host(device, stop, width, n_best):
    """Sentences that end at different steps, some never; slots, pool and ranks included."""
    options = {"width": width, "n_best": n_best, "max_length": 23, "stop": stop, "alpha": 0.7}
    found, expected = both(device, BeamDecoder, sentences(*range(6)), vocab_size=12, **options)
    require_same(found, expected)
    assert {h.finished for beam in expected for h in beam} <= {True, False}


def test_pieces_of_a_batch(device):
    options = {"width": 5, "max_length": 9, "memory_limit_bytes": 67_000}
    found, expected = both(device, BeamDecoder, sentences(*range(8)), vocab_size=200, **options)
    assert found.notes["pieces"] > 1
    require_same(found, expected)


@pytest.mark.parametrize("poll_every", [None, 1, 5, 100])
def test_greedy_search_is_that_of_the_host(device, poll_every):
    options = {"max_length": 20, "poll_every": poll_every}
    require_same(*both(device, GreedyDecoder, sentences(0, 1, 2), vocab_size=7, **options))


def test_sampling_is_that_of_the_host(device):
    options = {"max_length": 19, "num_samples": 5, "seed": 3, "top_k": 6}
    require_same(*both(device, SamplingDecoder, sentences(0, 1, 2), vocab_size=11, **options))


@pytest.mark.parametrize("decoder", [BeamDecoder, GreedyDecoder, SamplingDecoder])
def test_the_device_is_asked_every_sixteen_steps(device, decoder):
    """A model whose EOS never comes: 3 looks in 50 steps, and one reading at the end."""
    counts = []
    for max_length in (POLL_ON_DEVICE - 1, 50):
        model = NeverEnding(device, vocab_size=9, seed=1)
        before = device.reads
        options = {"width": 3} if decoder is BeamDecoder else {}
        decoder(kernels_of(device)).decode(model, sentences(0), max_length=max_length, **options)
        counts.append(device.reads - before)
    assert counts[1] - counts[0] == 50 // POLL_ON_DEVICE


class NeverEnding(RecurrentModel):
    def step(self, state, tokens):
        logits, state = super().step(state, tokens)
        logits[:, :, self.eos_id] = -np.inf
        return logits, state


def test_a_host_looks_after_every_step():
    model = RecurrentModel(HOST, vocab_size=3, seed=2)
    decoded = BeamDecoder(kernels_of(HOST)).decode(model, sentences(0), width=1, max_length=90)
    assert decoded.notes["steps"] == decoded[0][0].length
    assert decoded[0][0].finished
