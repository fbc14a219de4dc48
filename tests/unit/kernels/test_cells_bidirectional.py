"""A13 over every cell: reversal by length, gradients, padding, zero lengths, absent upstream."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from seqbench.interfaces import SharedText
from seqbench.kernels._cell import CellDims, CellInputs
from seqbench.kernels.gru import GRU
from seqbench.kernels.gru_simplified import GRU_SIMPLIFIED
from seqbench.kernels.lstm import LSTM
from seqbench.kernels.rnn import RNN
from seqbench.models.bidirectional import (
    Bidirectional,
    BidirectionalInputs,
    BidirectionalLayer,
    BidirectionalOutputs,
)
from seqbench.models.parameters import Parameters
from seqbench.testing.cases import random_params
from seqbench.testing.comparing import require_equal
from seqbench.testing.fixed_kernels import FixedKernels
from seqbench.testing.reference import HostBackend, reference
from seqbench.testing.trees import named_arrays, tree_map

DIMS = CellDims(T=5, B=4, I=3, H=2)
LENGTHS = np.array([3, 0, 5, 1], np.int32)
BACKEND = HostBackend()

every_cell = pytest.mark.parametrize(
    "contract", [RNN, GRU_SIMPLIFIED, GRU, LSTM], ids=lambda c: c.name
)


def kernels_of(contract):
    return FixedKernels(BACKEND, SharedText(contract, BACKEND))


def planned(contract, params, dims=DIMS):
    plan = Bidirectional(kernels_of(contract), contract.name).plan(dims, "float64", grad=True)
    plan.load(params)
    return plan


def random_case(contract):
    rng = np.random.default_rng(1)
    params = tuple(random_params(contract, DIMS, rng) for _ in range(2))
    states = [tuple(rng.normal(size=(2, DIMS.B, DIMS.H))) for _ in contract.state]
    inputs = BidirectionalInputs(rng.normal(size=(DIMS.T, DIMS.B, DIMS.I)), LENGTHS, *states)
    d_states = [tuple(rng.normal(size=(2, DIMS.B, DIMS.H))) for _ in contract.state]
    d_outputs = BidirectionalOutputs(rng.normal(size=(DIMS.T, DIMS.B, 2 * DIMS.H)), *d_states)
    return params, inputs, d_outputs


@every_cell
def test_each_sequence_is_read_from_both_ends(contract):
    """Against the cell run on one sequence at a time, cut to its length and turned round."""
    params, inputs, _ = random_case(contract)
    out = planned(contract, params).forward(inputs)
    for b, length in enumerate(LENGTHS):
        for way, (half, step) in enumerate(zip(params, (1, -1), strict=True)):
            x = np.ascontiguousarray(inputs.x[:length, b : b + 1][::step])
            state = [getattr(inputs, n + "0")[way][b : b + 1] for n in contract.state]
            alone = reference(contract)(half, CellInputs(x, np.array([length], np.int32), *state))
            columns = slice(way * DIMS.H, (way + 1) * DIMS.H)
            actual = out.output[:length, b : b + 1, columns]
            require_equal("output", actual, alone.output[::step], 1e-12)
            for name in contract.state:
                final = getattr(out, name)[way][b : b + 1]
                require_equal(name, final, getattr(alone, name), 1e-12)
        assert not out.output[length:, b].any()


@every_cell
def test_gradients_by_differences(contract):
    params, inputs, d_outputs = random_case(contract)
    plan = planned(contract, params)
    plan.forward(inputs)
    gradients = dict(named_arrays(plan.backward(d_outputs)))
    weights = dict(named_arrays(d_outputs))
    rng = np.random.default_rng(2)
    directions = {name: rng.normal(size=g.shape) for name, g in gradients.items()}

    def loss(step):
        def moved(side, tree):
            names = iter([name for name, _ in named_arrays(tree, side)])
            return tree_map(lambda a: a + step * directions.get(next(names), 0), tree)

        plan.load(moved("params", params))
        lengths_kept = replace(moved("inputs", inputs), lengths=LENGTHS)
        out = dict(named_arrays(plan.forward(lengths_kept)))
        return sum((out[name] * w).sum() for name, w in weights.items())

    for name in gradients:
        alone = {n: d if n == name else 0 * d for n, d in directions.items()}
        directions, kept = alone, directions
        numeric = (loss(1e-5) - loss(-1e-5)) / 2e-5
        analytic = (gradients[name] * directions[name]).sum()
        assert analytic == pytest.approx(numeric, rel=1e-6, abs=1e-8), name
        directions = kept


@every_cell
def test_padding_is_never_read(contract):
    params, inputs, d_outputs = random_case(contract)
    dirty_x = inputs.x.copy()
    dirty_x[np.arange(DIMS.T)[:, None] >= LENGTHS] = np.nan
    results = []
    for x in (inputs.x, dirty_x):
        plan = planned(contract, params)
        results.append((plan.forward(replace(inputs, x=x)), plan.backward(d_outputs)))
    require_equal("outputs", results[1][0], results[0][0], 0.0)
    require_equal("gradients", results[1][1], results[0][1], 0.0)


@every_cell
def test_absent_upstream_is_zero(contract):
    params, inputs, d_outputs = random_case(contract)
    plan = planned(contract, params)
    plan.forward(inputs)
    nothing = tree_map(np.zeros_like, d_outputs)
    only_output = plan.backward(replace(nothing, output=d_outputs.output))
    expected = tree_map(np.copy, only_output)
    require_equal(
        "output", plan.backward(BidirectionalOutputs(d_outputs.output, None)), expected, 0
    )
    expected = tree_map(np.copy, plan.backward(replace(nothing, h=d_outputs.h)))
    only_h = BidirectionalOutputs(None, d_outputs.h)
    require_equal("h", plan.backward(only_h), expected, 0)
    half = replace(nothing, h=(d_outputs.h[0], 0 * d_outputs.h[1]))
    expected = tree_map(np.copy, plan.backward(half))
    only_half = BidirectionalOutputs(None, (d_outputs.h[0], None))
    require_equal("half of h", plan.backward(only_half), expected, 0)


@every_cell
def test_time_is_a_capacity(contract):
    params, inputs, d_outputs = random_case(contract)
    exact, roomy = planned(contract, params), planned(contract, params, DIMS._replace(T=9))
    require_equal("outputs", roomy.forward(inputs), exact.forward(inputs), 0.0)
    require_equal("gradients", roomy.backward(d_outputs), exact.backward(d_outputs), 0.0)
    assert roomy.nbytes > exact.nbytes > 0


def test_it_uses_the_kernels_that_were_chosen():
    chosen = SharedText(GRU, BACKEND)
    chosen.impl_id = "mine.gru"
    kernels = FixedKernels(BACKEND, chosen)
    both = Bidirectional(kernels, "gru")
    assert kernels.resolved == {"cell/gru": "mine.gru"}
    assert both.flops(DIMS, True) == 2 * GRU.flops(DIMS, True)


@every_cell
def test_the_layer_starts_both_directions_from_one_state(contract):
    params, inputs, d_outputs = random_case(contract)
    shapes = BidirectionalLayer.shapes("encoder", contract, DIMS.I, DIMS.H)
    held = Parameters(shapes, "float64", BACKEND)
    for way, half in zip(("forward", "backward"), params, strict=True):
        for field in fields(half):
            held[f"encoder.{way}.{field.name}"][...] = getattr(half, field.name)
    layer = BidirectionalLayer(kernels_of(contract), contract.name, held, "encoder", grad=True)
    layer.load()
    states = {n + "0": getattr(inputs, n + "0")[0] for n in contract.state}
    output, finals = layer.forward(inputs.x, LENGTHS, tuple(states.values()), capacity=7)

    plan = planned(contract, params)
    shared = replace(inputs, **{name: (state, state) for name, state in states.items()})
    expected = plan.forward(shared)
    require_equal("output", output, expected.output, 0.0)
    for name, final in zip(contract.state, finals, strict=True):
        require_equal(name, final, np.concatenate(getattr(expected, name), axis=1), 0.0)
    d_x, d_initial = layer.backward(d_outputs.output, None)
    gradients = plan.backward(BidirectionalOutputs(d_outputs.output, None))
    require_equal("d_x", d_x, gradients.inputs.x, 0.0)
    for name, d_state in zip(contract.state, d_initial, strict=True):
        require_equal(name, d_state, sum(getattr(gradients.inputs, name + "0")), 0.0)
    for way, half in zip(("forward", "backward"), gradients.params, strict=True):
        for field in fields(half):
            written = held.d(f"encoder.{way}.{field.name}")
            require_equal(field.name, written, getattr(half, field.name), 0.0)
    assert layer.flops(DIMS, False) == 2 * contract.flops(DIMS, False)
