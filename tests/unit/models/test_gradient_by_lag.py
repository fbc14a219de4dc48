"""Gradients by lag: against differences of the state, the full backward, and what is known."""

from __future__ import annotations

import numpy as np
import pytest

from seqbench.interfaces import RangeError, ShapeError
from seqbench.kernels._cell import CellDims, CellInputs, CellOutputs
from seqbench.kernels.rnn import RNN
from seqbench.models.gradient_by_lag import GradientByLag
from seqbench.registry import registry
from seqbench.testing.cases import random_cell_inputs, random_params
from seqbench.testing.fixed_kernels import FixedKernels
from seqbench.testing.reference import HostBackend, reference
from seqbench.testing.reusing import Reusing

CELLS = sorted(key.partition("/")[2] for key in registry().contracts() if key.startswith("cell/"))
DIMS = CellDims(T=6, B=3, I=4, H=5)


def case(cell, dims=DIMS, seed=0):
    """An implementation, its params, a full batch and an upstream gradient, float64."""
    rng = np.random.default_rng(seed)
    contract = registry().contract("cell", cell)
    inputs = random_cell_inputs(contract, dims, rng)
    return random_params(contract, dims, rng), inputs, rng.normal(size=(dims.B, dims.H))


def norms(cell, params, inputs, d_last, kernels=None):
    return GradientByLag(kernels or registry().kernels("numpy")).norms(cell, params, inputs, d_last)


def final_h(cell, params, x, state):
    """h after the steps of x, from a state."""
    lengths = np.full(x.shape[1], len(x), np.int32)
    impl = reference(registry().contract("cell", cell))
    return np.array(impl(params, CellInputs(x, lengths, *state)).h)


@pytest.mark.parametrize("cell", CELLS)
def test_every_cell_against_differences_of_the_state(cell):
    """The derivative along the gradient's own direction is its norm."""
    params, inputs, d_last = case(cell)
    contract = registry().contract("cell", cell)
    found = norms(cell, params, inputs, d_last)
    impl = reference(contract)
    for lag in (1, 3, 6):
        before = DIMS.T - lag
        state = tuple(getattr(inputs, n + "0") for n in contract.state)
        if before:
            lengths = np.full(DIMS.B, before, np.int32)
            out = impl(params, CellInputs(inputs.x[:before], lengths, *state))
            state = tuple(np.array(getattr(out, n)) for n in contract.state)
        rest = inputs.x[before:]
        for part, name in enumerate(contract.state):
            gradient = np.zeros((DIMS.B, DIMS.H))
            for unit in range(DIMS.H):
                step = np.zeros((DIMS.B, DIMS.H))
                step[:, unit] = 1e-6
                moved = [
                    [s + sign * step * (i == part) for i, s in enumerate(state)] for sign in (1, -1)
                ]
                ends = [final_h(cell, params, rest, one) for one in moved]
                gradient[:, unit] = ((ends[0] - ends[1]) * d_last).sum(axis=1) / 2e-6
            expected = np.sqrt((gradient**2).sum(axis=1))
            np.testing.assert_allclose(found.by_state[name][lag], expected, rtol=1e-6, atol=1e-10)


@pytest.mark.parametrize("cell", CELLS)
def test_the_last_row_is_the_full_backwards_initial_state(cell):
    params, inputs, d_last = case(cell)
    impl = registry().get("cell", cell)
    plan = impl.plan(DIMS, "float64", grad=True)
    plan.load(params)
    plan.forward(inputs)
    d_output = np.zeros((DIMS.T, DIMS.B, DIMS.H))
    d_output[-1] = d_last
    d_inputs = plan.backward(CellOutputs(d_output, None, None)).inputs
    found = norms(cell, params, inputs, d_last)
    for name in impl.contract.state:
        whole = np.linalg.norm(getattr(d_inputs, name + "0"), axis=1)
        np.testing.assert_allclose(found.by_state[name][-1], whole, rtol=1e-10)
    np.testing.assert_allclose(found.by_state["h"][0], np.linalg.norm(d_last, axis=1))
    parts = sum(value**2 for value in found.by_state.values())
    np.testing.assert_allclose(found.total, np.sqrt(parts))


def test_a_linear_recurrence_vanishes_and_explodes_by_its_own_factor():
    """tanh near zero is the identity: the norm is multiplied by the weight at each lag."""
    for factor in (0.5, 1.5):
        params = RNN.Params(np.zeros((2, 1)), factor * np.eye(2), np.zeros(2))
        lengths = np.full(1, 8, np.int32)
        inputs = CellInputs(np.zeros((8, 1, 1)), lengths, np.zeros((1, 2)))
        found = norms("rnn", params, inputs, np.array([[3.0, 4.0]]))
        np.testing.assert_allclose(found.total[:, 0], 5.0 * factor ** np.arange(9), rtol=1e-12)
        np.testing.assert_allclose(found.relative, factor ** np.arange(9), rtol=1e-12)


def test_it_keeps_no_view_of_a_plans_arrays():
    backend = HostBackend()
    contract = registry().contract("cell", "lstm")
    params, inputs, d_last = case("lstm")
    spoiling = FixedKernels(backend, Reusing(reference(contract)))
    found = norms("lstm", params, inputs, d_last, spoiling)
    expected = norms("lstm", params, inputs, d_last)
    np.testing.assert_allclose(found.total, expected.total, rtol=1e-10)


def test_one_step_and_no_batch():
    params, inputs, d_last = case("gru", DIMS._replace(T=1))
    assert norms("gru", params, inputs, d_last).total.shape == (2, 3)
    params, inputs, d_last = case("gru", DIMS._replace(B=0))
    assert norms("gru", params, inputs, d_last).total.shape == (7, 0)


def test_refusals():
    params, inputs, d_last = case("gru")
    with pytest.raises(ShapeError, match=r"d_last is \(3, 4\), expected \(B, H\) = \(3, 5\); give"):
        norms("gru", params, inputs, d_last[:, :4])
    lengths = np.array([6, 5, 6], np.int32)
    short = CellInputs(inputs.x, lengths, inputs.h0)
    message = "the length of sequence 1 is below T = 6, expected full sequences of at least one"
    with pytest.raises(RangeError, match=message):
        norms("gru", params, short, d_last)
    params, inputs, d_last = case("gru", DIMS._replace(T=0))
    with pytest.raises(RangeError, match="there is no step: T = 0, expected full sequences"):
        norms("gru", params, inputs, d_last)
