"""The tuned NumPy cells against their shared texts in float64, where chunks, masks and rings meet.

The conformance suite checks what every implementation owes; here are the paths that only these
have: several chunks of the projection and of the factors, and the buffers that take turns.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from seqbench_numpy import _cell_plan
from seqbench_numpy.backend import NumpyBackend
from seqbench_numpy.gru import gru
from seqbench_numpy.gru_reset_before import gru_reset_before
from seqbench_numpy.gru_simplified import gru_simplified
from seqbench_numpy.lstm import lstm
from seqbench_numpy.lstm_coupled import lstm_coupled
from seqbench_numpy.lstm_peephole import lstm_peephole
from seqbench_numpy.lstm_peephole_full import lstm_peephole_full
from seqbench_numpy.rnn import rnn

from seqbench.interfaces import UnsupportedError
from seqbench.kernels._cell import CellDims, CellOutputs
from seqbench.kernels.gru import GRU, GRU_RESET_BEFORE
from seqbench.kernels.gru_simplified import GRU_SIMPLIFIED
from seqbench.kernels.lstm import LSTM
from seqbench.kernels.lstm_coupled import LSTM_COUPLED
from seqbench.kernels.lstm_peephole import LSTM_PEEPHOLE
from seqbench.kernels.lstm_peephole_full import LSTM_PEEPHOLE_FULL
from seqbench.kernels.rnn import RNN
from seqbench.testing.cases import random_cell_inputs, random_params
from seqbench.testing.comparing import GRADIENT_TOLERANCES, TOLERANCES, require_equal
from seqbench.testing.reference import reference
from seqbench.testing.trees import cast

CELLS = {
    "rnn": rnn(RNN, NumpyBackend()),
    "gru": gru(GRU, NumpyBackend()),
    "gru_reset_before": gru_reset_before(GRU_RESET_BEFORE, NumpyBackend()),
    "gru_simplified": gru_simplified(GRU_SIMPLIFIED, NumpyBackend()),
    "lstm": lstm(LSTM, NumpyBackend()),
    "lstm_peephole": lstm_peephole(LSTM_PEEPHOLE, NumpyBackend()),
    "lstm_peephole_full": lstm_peephole_full(LSTM_PEEPHOLE_FULL, NumpyBackend()),
    "lstm_coupled": lstm_coupled(LSTM_COUPLED, NumpyBackend()),
}
every_cell = pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS)
every_dtype = pytest.mark.parametrize("dtype", ["float32", "float64"])

DIMS = CellDims(T=11, B=4, I=5, H=6)
LENGTHS = {
    "full": np.full(4, 11, np.int32),
    "unequal": np.array([11, 3, 0, 7], np.int32),
    "all short": np.array([9, 9, 9, 9], np.int32),
    "all zero": np.zeros(4, np.int32),
}
every_length = pytest.mark.parametrize("lengths", LENGTHS.values(), ids=LENGTHS)


@pytest.fixture
def small_chunks(monkeypatch):
    """3 steps a projection, 2 or so of factors, 2 or so rows a block: each takes several."""
    monkeypatch.setattr(_cell_plan, "PROJECTED_ROWS", 3 * DIMS.B)
    monkeypatch.setattr(_cell_plan, "FACTOR_BYTES", 2 * DIMS.B * 4 * DIMS.H * 4)
    monkeypatch.setattr(_cell_plan, "BLOCK_BYTES", 2 * 4 * DIMS.H * 4)


def case(cell, dtype, lengths, dims=DIMS):
    """(params, inputs with NaN past each length, d_outputs), the same for every dtype."""
    rng = np.random.default_rng(3)
    params = random_params(cell.contract, dims, rng)
    inputs = random_cell_inputs(cell.contract, dims, rng, lengths)
    inputs.x[np.arange(dims.T)[:, None] >= lengths] = np.nan
    d_states = {name: rng.normal(size=(dims.B, dims.H)) for name in cell.contract.state}
    d_outputs = CellOutputs(output=rng.normal(size=(dims.T, dims.B, dims.H)), **d_states)
    return cast((params, inputs, d_outputs), dtype)


def run(implementation, dims, dtype, params, inputs, d_outputs):
    plan = implementation.plan(dims, dtype, grad=True)
    plan.load(params)
    return plan.forward(inputs), plan.backward(d_outputs)


def expect(cell, dims, params, inputs, d_outputs):
    """Outputs and gradients of the shared text in float64, on the same rounded values."""
    exact = cast((params, inputs, d_outputs), "float64")
    return run(reference(cell.contract), dims, "float64", *exact)


@every_cell
@every_dtype
@every_length
@pytest.mark.usefixtures("small_chunks")
def test_agrees_with_the_shared_text_over_several_chunks(cell, dtype, lengths):
    given = case(cell, dtype, lengths)
    outputs, gradients = run(cell, DIMS, dtype, *given)
    expected, d_expected = expect(cell, DIMS, *given)
    require_equal("forward", outputs, expected, TOLERANCES[dtype])
    require_equal("backward", gradients, d_expected, GRADIENT_TOLERANCES[dtype])
    assert outputs.output.dtype == dtype
    assert outputs.output.flags.c_contiguous


@every_cell
@pytest.mark.usefixtures("small_chunks")
def test_fewer_steps_than_planned_over_several_chunks(cell):
    given = case(cell, "float64", LENGTHS["unequal"])
    outputs, gradients = run(cell, DIMS._replace(T=DIMS.T + 5), "float64", *given)
    expected, d_expected = expect(cell, DIMS, *given)
    require_equal("forward", outputs, expected, 1e-10)
    require_equal("backward", gradients, d_expected, 1e-10)


@every_cell
@every_length
@pytest.mark.usefixtures("small_chunks")
def test_without_grad_the_outputs_are_the_same_bits(cell, lengths):
    params, inputs, _ = case(cell, "float32", lengths)
    kept, dropped = (cell.plan(DIMS, "float32", grad=grad) for grad in (True, False))
    kept.load(params)
    dropped.load(params)
    require_equal("grad=False", dropped.forward(inputs), kept.forward(inputs), 0.0)


@every_cell
def test_without_grad_no_step_is_kept(cell):
    dims = CellDims(T=256, B=64, I=16, H=16)
    keeps, drops = (cell.plan(dims, "float32", grad=grad).nbytes for grad in (True, False))
    states = 257 * 64 * 16 * 4
    assert states < drops < 1.5 * states
    assert keeps > 3 * states


@every_cell
def test_backward_without_grad_says_what_to_ask_for(cell):
    params, inputs, d_outputs = case(cell, "float32", LENGTHS["full"])
    plan = cell.plan(DIMS, "float32")
    plan.load(params)
    plan.forward(inputs)
    with pytest.raises(UnsupportedError, match=r"grad=False.* ask for plan\(dims, dtype, grad=Tr"):
        plan.backward(d_outputs)


@every_cell
def test_gradients_are_contiguous_and_d_outputs_may_be_missing(cell):
    params, inputs, d_outputs = case(cell, "float64", LENGTHS["unequal"])
    only_state = replace(d_outputs, output=None)
    none = CellOutputs(output=None, h=None)
    plan = cell.plan(DIMS, "float64", grad=True)
    plan.load(params)
    plan.forward(inputs)
    zero = plan.backward(none)
    require_equal("no gradient at all", zero.inputs.x, np.zeros_like(inputs.x), 0.0)
    gradients = plan.backward(only_state)
    _, expected = expect(cell, DIMS, params, inputs, only_state)
    require_equal("backward of the state alone", gradients, expected, 1e-10)
    arrays = [getattr(gradients.params, name) for name in cell.contract.shapes(DIMS)]
    assert all(a.flags.c_contiguous for a in [*arrays, gradients.inputs.x])


@every_cell
def test_a_state_fed_back_step_by_step_gives_the_sequence(cell):
    """Decoding: T = 1, the state returned is a view of the plan that takes it next."""
    params, inputs, _ = case(cell, "float64", LENGTHS["full"])
    expected = reference(cell.contract)(params, inputs)
    plan = cell.plan(DIMS._replace(T=1), "float64")
    plan.load(params)
    state = {name: getattr(inputs, name + "0") for name in cell.contract.state}
    for t in range(DIMS.T):
        one = replace(
            inputs,
            x=inputs.x[t : t + 1],
            lengths=np.ones(DIMS.B, np.int32),
            **{name + "0": value for name, value in state.items()},
        )
        outputs = plan.forward(one)
        require_equal(f"step {t}", outputs.output[0], expected.output[t], 1e-10)
        state = {name: getattr(outputs, name) for name in cell.contract.state}


@every_cell
def test_a_mask_is_paid_for_by_batches_that_need_one_and_then_forgotten(cell):
    """The same plan: unequal lengths, then a full batch, whose output is the buffer of states."""
    plan = cell.plan(DIMS, "float64", grad=True)
    for name in ("unequal", "full", "unequal"):
        params, inputs, d_outputs = given = case(cell, "float64", LENGTHS[name])
        plan.load(params)
        outputs = plan.forward(inputs)
        gradients = plan.backward(d_outputs)
        expected, d_expected = expect(cell, DIMS, *given)
        require_equal(name, outputs, expected, 1e-10)
        require_equal(name, gradients, d_expected, 1e-10)
        assert np.shares_memory(outputs.output, outputs.h) == (name == "full")


@every_cell
@pytest.mark.parametrize("dims", [(0, 3, 2, 4), (3, 0, 2, 4), (1, 1, 1, 1)])
def test_empty_and_smallest(cell, dims):
    dims = CellDims(*dims)
    given = case(cell, "float64", np.full(dims.B, dims.T, np.int32), dims)
    outputs, gradients = run(cell, dims, "float64", *given)
    expected, d_expected = expect(cell, dims, *given)
    require_equal("forward", outputs, expected, 1e-10)
    require_equal("backward", gradients, d_expected, 1e-10)


@every_cell
def test_weights_packed_by_load_outlive_the_arrays(cell):
    """Forward uses what load took: 17 rows and more, so that transposed blocks end partial."""
    dims = CellDims(T=2, B=3, I=2, H=17)
    params, inputs, _ = case(cell, "float64", np.full(3, 2, np.int32), dims)
    plan = cell.plan(dims, "float64")
    plan.load(params)
    expected = reference(cell.contract)(params, inputs)
    params.weight_ih[:] = 0
    params.weight_hh[:] = 0
    require_equal("after load", plan.forward(inputs), expected, 1e-10)
