"""The decoder with attention beyond the suite's sizes: several tiles, spare capacity, upstreams."""

from __future__ import annotations

import numpy as np
import pytest
from emulated import backend, implementation

from seqbench.kernels._cell import CellDims
from seqbench.kernels.attention import AdditiveParams
from seqbench.kernels.attention_decoder import (
    AttentionDecoderDims,
    AttentionDecoderInputs,
    AttentionDecoderOutputs,
    AttentionDecoderParams,
)
from seqbench.kernels.gru import GRU
from seqbench.kernels.lstm import LSTM
from seqbench.kernels.rnn import RNN
from seqbench.testing.cases import random_params
from seqbench.testing.comparing import GRADIENT_TOLERANCES, TOLERANCES, require_equal
from seqbench.testing.reference import reference
from seqbench.testing.trees import cast

CELLS = {cell.name: cell for cell in (RNN, GRU, LSTM)}
DIMS = AttentionDecoderDims(T=5, B=35, Tx=37, E=6, A=40, D=33, H=18)
"""More sequences and units than a tile of the cell, more rows than a block of the attention."""


def case(name, dims=DIMS, seed=0):
    """Scores and gates of order one: at larger ones float32 of any text is off by 1e-5."""
    rng = np.random.default_rng(seed)
    T, B, Tx, E, A, D, H = dims
    of_cell = random_params(CELLS[name], CellDims(T, B, E + A, H), rng)
    scoring = AdditiveParams(*(rng.normal(0, 0.3, s) for s in ((D, H), (D, A), (D,), (D,))))
    inputs = AttentionDecoderInputs(
        embedded=rng.normal(size=(T, B, E)),
        lengths=rng.integers(0, T + 1, B).astype(np.int32),
        memory=rng.normal(0, 0.3, (Tx, B, A)),
        memory_lengths=rng.integers(0, Tx + 1, B).astype(np.int32),
        **{f"{s}0": rng.normal(size=(B, H)) for s in CELLS[name].state},
    )
    return AttentionDecoderParams(of_cell, scoring), inputs


def upstream(outputs, without=()):
    """Of every output but those named."""
    rng = np.random.default_rng(5)
    fields = {}
    for field in ("output", "context", "weights", "h", "c"):
        value = getattr(outputs, field)
        drawn = None if value is None else rng.normal(size=value.shape).astype(np.float32)
        fields[field] = None if field in without else drawn
    return AttentionDecoderOutputs(**fields)


def both(name, dtype="float32", *, dims=DIMS, without=()):
    """(what the device gives, what float64 says) of forward and backward."""
    own, params_inputs = implementation(f"attention/decoder_{name}"), case(name)
    found = []
    for impl, wanted in ((own, dtype), (reference(own.contract), "float64")):
        params, inputs = (cast(cast(x, dtype), wanted) for x in params_inputs)
        plan = impl.plan(dims, wanted, grad=True)
        plan.load(params)
        outputs = plan.forward(inputs)
        gradients = plan.backward(cast(upstream(outputs, without), wanted))
        found.append((outputs, gradients))
    return found


def require_same(device, exact, dtype="float32"):
    require_equal("forward", device[0], exact[0], TOLERANCES[dtype])
    require_equal("gradient", device[1], exact[1], GRADIENT_TOLERANCES[dtype])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", CELLS)
def test_several_tiles_of_every_kernel(name, dtype):
    require_same(*both(name, dtype), dtype)


@pytest.mark.parametrize("name", CELLS)
def test_a_plan_for_longer_sequences(name):
    """T and Tx are capacities: rows of a buffer follow the call's sizes."""
    require_same(*both(name, dims=DIMS._replace(T=8, Tx=50)))


@pytest.mark.parametrize(
    "without", [("context",), ("weights",), ("output", "context"), ("h", "c", "weights")]
)
def test_outputs_that_nothing_came_back_to(without):
    require_same(*both("lstm", without=without))


def test_upstream_past_the_lengths_changes_nothing():
    own = implementation("attention/decoder_gru")
    params, inputs = (cast(x, "float32") for x in case("gru"))
    plan = own.plan(DIMS, "float32", grad=True)
    plan.load(params)
    d_outputs = upstream(plan.forward(inputs))
    clean = cast(plan.backward(d_outputs), "float32")  # a copy
    padded = np.arange(DIMS.T)[:, None] >= inputs.lengths
    for array in (d_outputs.output, d_outputs.context, d_outputs.weights):
        array[padded] = np.nan
    plan.forward(inputs)
    require_equal("gradient", plan.backward(d_outputs), clean, 0.0)


def test_without_a_gradient_two_states_are_kept():
    own = implementation("attention/decoder_lstm")
    params, inputs = (cast(x, "float32") for x in case("lstm"))
    found = []
    for grad in (True, False):
        plan = own.plan(DIMS, "float32", grad=grad)
        plan.load(params)
        found.append((plan.forward(inputs), plan.nbytes))
    require_equal("forward", found[1][0], found[0][0], 0.0)
    assert found[1][1] < found[0][1] / 2


def test_six_kernels_and_products_a_step(monkeypatch):
    """Twelve steps more cost twelve times the launches of a step; the rest is once a call."""
    counts = [launches(T, monkeypatch) for T in (1, 13)]
    assert counts[1] - counts[0] == 12 * 5  # and one addition


def launches(T, monkeypatch):
    """Kernels and products of a forward pass of T steps."""
    runtime, seen = backend().runtime, []
    kernel, gemm = type(runtime).kernel, type(runtime).gemm
    with monkeypatch.context() as patch:
        patch.setattr(type(runtime), "kernel", lambda *a: (seen.append(a), kernel(*a))[1])
        patch.setattr(type(runtime), "gemm", lambda *a: (seen.append(a), gemm(*a))[1])
        dims = DIMS._replace(T=T, B=2)
        params, inputs = (cast(x, "float32") for x in case("lstm", dims))
        plan = implementation("attention/decoder_lstm").plan(dims, "float32", grad=False)
        plan.load(params)
        plan.forward(inputs)
    return len(seen)
