"""A whole model is held against the shared texts, then timed at one length."""

from __future__ import annotations

import numpy as np
import pytest
from fake_clock import FakeTimer

from seqbench.data.batching import validate_batch
from seqbench.interfaces import RangeError, SharedText, UnsupportedError
from seqbench.measure import model_cost as module
from seqbench.measure.cost import CostSettings
from seqbench.measure.host_arrays import HOST, HostArrays
from seqbench.measure.load import MachineLoad
from seqbench.measure.model_cost import (
    ModelBench,
    ModelSizes,
    ReferenceKernels,
    drawn_batch,
    gate_error,
    model_cost,
)
from seqbench.models.configuration import EncoderDecoderConfig
from seqbench.models.scoring import score_sequences
from seqbench.registry import registry

SIZES = ModelSizes(time_steps=5, batch_size=2, vocab_size=11)
SETTINGS = CostSettings(
    warmup=1, min_samples=3, max_samples=3, min_seconds=0.0, max_seconds=10.0, seed=3
)


def config(**changes):
    sizes = {"embedding_size": 4, "hidden_size": 3, "attention_size": 5}
    return EncoderDecoderConfig(**{**sizes, **changes})


@pytest.fixture(scope="module")
def kernels():
    return registry().kernels("numpy")


@pytest.fixture
def quiet(monkeypatch):
    """Nobody else on the machine, and a clock that takes no time to read."""
    monkeypatch.setattr(module, "load_between", lambda before, after: None)
    monkeypatch.setattr(module, "empty_region", lambda timer: 1e-6)


class Clocked(HostArrays):
    """Every region takes 20 ms, every peak is 8 KiB."""

    def timer(self):
        return FakeTimer((0.02,))

    def memory(self):
        return Peak()


class Peak:
    def reset(self):
        return None

    def peak_bytes(self):
        return 8192


class ClockedKernels:
    """The shared texts by a made clock; `wrong` spoils one of them."""

    def __init__(self, kernels, wrong=""):
        self.backend, self._kernels, self._wrong = Clocked(), kernels, wrong

    def get(self, kind, name):
        found = SharedText(self._kernels.get(kind, name).contract, self.backend)
        return Spoilt(found) if name == self._wrong else found

    @property
    def resolved(self):
        return {}


class Spoilt:
    """Its plans answer twice what they should."""

    def __init__(self, implementation):
        self._of = implementation

    def __getattr__(self, name):
        return getattr(self._of, name)

    def plan(self, *sizes, **more):
        plan = self._of.plan(*sizes, **more)
        forward = plan.forward
        plan.forward = lambda inputs: type(out := forward(inputs))(2 * out.context, out.weights)
        return plan


def test_a_drawn_batch_is_full_and_without_special_tokens():
    batch = drawn_batch(ModelSizes(7, 3, 9), 0)
    validate_batch(batch, 9, 9)
    assert batch.source.shape == batch.target_in.shape == (7, 3)
    assert batch.source.min() >= 4
    assert batch.target_in[0].tolist() == [1] * 3
    assert batch.target_out[-1].tolist() == [2] * 3
    assert (batch.target_out[:-1] == batch.target_in[1:]).all()
    assert (drawn_batch(ModelSizes(7, 3, 9), 0).source == batch.source).all()
    assert (drawn_batch(ModelSizes(7, 3, 9), 1).source != batch.source).any()


@pytest.mark.parametrize("attention", ["none", "additive", "dot", "general"])
@pytest.mark.parametrize("bidirectional", [True, False])
def test_every_phase_is_timed_after_the_gate(quiet, kernels, attention, bidirectional):
    bidirectional &= attention != "dot"  # whose memory is as wide as its query
    made = config(attention=attention, bidirectional=bidirectional)
    cost = model_cost(ClockedKernels(kernels), made, SIZES, SETTINGS)
    assert (cost.gate, cost.valid, cost.reasons) == ("pass", True, [])
    times = {}
    for sample in cost.samples:
        if sample.metric == "time":
            times.setdefault(sample.phase, []).append(sample.value)
    assert times == {phase: [0.02] * 3 for phase in ("forward", "forward_backward", "decode")}
    flops = {s.phase: s.value for s in cost.samples if s.metric == "flops"}
    assert flops["forward_backward"] > 2 * flops["forward"] > 0
    assert sum(s.metric == "peak_memory" for s in cost.samples) == 3


def test_a_busy_machine_and_a_short_region_are_told(kernels, monkeypatch):
    monkeypatch.setattr(module, "load_between", lambda *times: MachineLoad(2, 1.0, 1.0, 0.0))
    cost = model_cost(ClockedKernels(kernels), config(), SIZES, SETTINGS)
    assert (cost.gate, cost.valid) == ("pass", False)
    assert "busy machine: others used 1.0 of 2 cores" in cost.reasons[0]
    assert "decode: a sample lasts 0.02 s, expected 100 times the clock's own" in cost.reasons[-1]
    assert any(sample.metric == "time" for sample in cost.samples)


def test_a_wrong_kernel_is_not_timed(kernels):
    cost = model_cost(ClockedKernels(kernels, wrong="additive"), config(), SIZES, SETTINGS)
    assert (cost.gate, cost.valid, cost.samples) == ("fail", False, [])
    assert "the loss differs from the float64 shared texts' by" in cost.reasons[0]
    assert "run `seqbench check host`" in cost.reasons[0]


def test_the_gate_is_near_nought_for_the_tuned_kernels(kernels):
    for dtype, allowed in (("float32", 1e-5), ("float64", 1e-12)):
        bench = ModelBench(kernels, config(dtype=dtype), SIZES, drawn_batch(SIZES, 0), 0)
        assert gate_error(kernels, bench.inference, drawn_batch(SIZES, 0)) < allowed


def test_decoding_takes_the_steps_that_teacher_forcing_scores(kernels):
    """The last step's logits are those that the search's own scorer sees."""
    batch = drawn_batch(SIZES, 0)
    reference = ReferenceKernels(kernels)
    bench = ModelBench(reference, config(dtype="float64"), SIZES, batch, 0)
    logits = np.asarray(bench.calls()["decode"]())[0]  # (B, V)
    last = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    steps = bench.inference.step_model(1, 2)

    def scored(length):
        lengths = np.full(SIZES.batch_size, length)
        return score_sequences(steps, batch, batch.target_out, lengths, backend=HOST)

    expected = scored(SIZES.time_steps) - scored(SIZES.time_steps - 1)
    assert last[:, 2] == pytest.approx(expected, abs=1e-12)


def test_what_cannot_be_measured_is_told(kernels):
    with pytest.raises(RangeError, match=r"vocab_size is 4, expected more than 4, the special tok"):
        ModelSizes(3, 1, 4)
    cold = CostSettings(cache="cold")
    with pytest.raises(UnsupportedError, match=r"cache is 'cold', expected warm: a model runs"):
        model_cost(kernels, config(), SIZES, cold)
    with pytest.raises(UnsupportedError, match=r"no tolerance for int8, expected one of float64"):
        model_cost(kernels, config(dtype="int8"), SIZES, SETTINGS)
