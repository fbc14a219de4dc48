"""What plans count reaches the row: over evicted plans, directions and layers."""

from __future__ import annotations

import numpy as np

from seqbench.interfaces import Plan
from seqbench.models.configuration import EncoderDecoderConfig
from seqbench.models.encoder_decoder import EncoderDecoder
from seqbench.models.plans import PlanCache, merged_notes
from seqbench.registry import registry


class CountingPlan(Plan):
    def __init__(self):
        self.calls = 0

    @property
    def notes(self):
        return {"rescued": self.calls, "tile": "16 rows"}

    def load(self, params): ...

    def forward(self, inputs):
        self.calls += 1

    def backward(self, d_outputs): ...


class Counting:
    class contract:  # noqa: N801
        key = "attention/made"

    def plan(self, dims, dtype, *, grad):
        return CountingPlan()


def test_counts_outlive_the_plan_that_made_them():
    cache = PlanCache(Counting(), "float32", grad=False, keep=1)
    cache.load(None)
    for dims in ("a", "b", "c"):
        cache.plan(dims).forward(None)
    assert cache.notes == {"attention/made": {"rescued": 3}}


def test_the_same_kernel_in_two_layers_is_summed():
    one, other = {"cell/gru": {"rescued": 1}}, {"cell/gru": {"rescued": 2}, "loss/x": {"n": 1}}
    assert merged_notes(one, other) == {"cell/gru": {"rescued": 3}, "loss/x": {"n": 1}}


def test_a_model_tells_how_often_its_attention_was_rescued():
    config = EncoderDecoderConfig(embedding_size=4, hidden_size=4, attention_size=3)
    model = EncoderDecoder(registry().kernels("numpy"), config, 7, 7)
    model.initialise(0)
    memory = np.full((3, 2, config.memory_size), 1.0, np.float32)
    attention = model.decoder._attention
    inputs = attention.contract.Inputs(memory[:, :, :4] * 1e4, memory * 1e4, np.full(2, 3, "int32"))
    attention.forward(inputs)
    assert model.notes == {"attention/additive": {"rescued": 1}}
