"""Cells by way of `to_onnx` against ONNX: its reference evaluator, and onnxruntime.

The evaluator knows neither `input_forget` nor sequence lengths: full sequences, and coupled gates
by forget rows that are the input rows negated. onnxruntime knows both.
"""

from __future__ import annotations

import numpy as np
import pytest

from seqbench.interfaces import SharedText
from seqbench.kernels._cell import CellDims, CellInputs
from seqbench.kernels.gru import GRU, GRU_RESET_BEFORE
from seqbench.kernels.lstm import LSTM
from seqbench.kernels.lstm_coupled import LSTM_COUPLED
from seqbench.kernels.lstm_peephole import LSTM_PEEPHOLE
from seqbench.kernels.rnn import RNN
from seqbench.models.stacked import Stacked
from seqbench.models.weights_onnx import FORGET_BLOCK, from_onnx, to_onnx
from seqbench.testing.cases import random_params
from seqbench.testing.comparing import relative_error
from seqbench.testing.fixed_kernels import FixedKernels
from seqbench.testing.reference import HostBackend
from seqbench.testing.trees import cast

DIMS = CellDims(T=9, B=5, I=4, H=6)
FULL = np.full(DIMS.B, DIMS.T, np.int32)
LENGTHS = np.array([4, 9, 1, 7, 9], np.int32)
OPSET = 14

CELLS = [RNN, GRU, GRU_RESET_BEFORE, LSTM, LSTM_PEEPHOLE, LSTM_COUPLED]
every_cell = pytest.mark.parametrize("contract", CELLS, ids=lambda c: c.name)
either_way = pytest.mark.parametrize("ways", [1, 2], ids=["forward", "both"])


def random_case(contract, ways, dtype):
    rng = np.random.default_rng(5)
    parts = [random_params(contract, DIMS, rng) for _ in range(ways)]
    states = [rng.normal(0, 0.5, (ways, DIMS.B, DIMS.H)) for _ in contract.state]
    return cast((parts, rng.normal(size=(DIMS.T, DIMS.B, DIMS.I)), states), dtype)


def ours(cell, parts, x, lengths, states):
    contract = next(c for c in CELLS if c.name == cell)
    backend = HostBackend()
    kernels = FixedKernels(backend, SharedText(contract, backend))
    stack = Stacked(kernels, cell, num_layers=1, bidirectional=len(parts) == 2)
    out = stack(tuple(parts), CellInputs(x, lengths, *states))
    return [out.output, *(getattr(out, name) for name in contract.state)]


def model_of(weights, states, x, lengths=None):
    """(a one-node model, its inputs by name)."""
    import onnx

    names = ["X", "W", "R", "B", "sequence_lens", "initial_h", "initial_c", "P"]
    values = [x, weights.W, weights.R, weights.B, lengths, *states]
    values += [None] * (len(names) - 1 - len(values)) + [weights.P]
    given = {n: v for n, v in zip(names, values, strict=True) if v is not None}
    inputs = [n if n in given else "" for n in names]
    while not inputs[-1]:
        inputs.pop()
    results = ["Y", "Y_h", "Y_c"][: 1 + len(states)]
    node = onnx.helper.make_node(weights.operator, inputs, results, **weights.attributes)
    kinds = {n: onnx.helper.np_dtype_to_tensor_dtype(v.dtype) for n, v in given.items()}
    graph = onnx.helper.make_graph(
        [node],
        "one",
        [onnx.helper.make_tensor_value_info(n, kinds[n], v.shape) for n, v in given.items()],
        [onnx.helper.make_tensor_value_info(n, kinds["X"], None) for n in results],
    )
    opset = onnx.helper.make_opsetid("", OPSET)
    return onnx.helper.make_model(graph, opset_imports=[opset], ir_version=9), given


def beside(outputs):
    """Y (T, directions, B, H) as (T, B, directions * H)."""
    Y, *finals = outputs
    return [Y.transpose(0, 2, 1, 3).reshape(*Y.shape[:1], Y.shape[2], -1), *finals]


def assert_same(actual, expected, tolerance):
    for a, b in zip(actual, expected, strict=True):
        assert a.shape == b.shape
        assert relative_error(a, b) <= tolerance


@every_cell
@either_way
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-10), ("float32", 1e-5)])
@pytest.mark.peer("onnx")
def test_the_reference_evaluator(contract, ways, dtype, tolerance):
    from onnx.reference import ReferenceEvaluator

    parts, x, states = random_case(contract, ways, dtype)
    weights = to_onnx(contract.name, parts)
    model, given = model_of(weights, states, x)
    theirs = beside(ReferenceEvaluator(model).run(None, given))
    assert_same(ours(contract.name, parts, x, FULL, states), theirs, tolerance)
    cell, loaded = from_onnx(weights)
    assert_same(ours(cell, loaded, x, FULL, states), theirs, tolerance)


@every_cell
@either_way
@pytest.mark.peer("onnx", "onnxruntime")
def test_onnxruntime_over_a_padded_batch(contract, ways):
    parts, x, states = random_case(contract, ways, "float32")
    weights = to_onnx(contract.name, parts)
    if contract is LSTM_COUPLED:  # with input_forget = 1 nobody may read these rows
        for rows in (weights.W, weights.R):
            rows[:, FORGET_BLOCK * DIMS.H : (FORGET_BLOCK + 1) * DIMS.H] = 7.0
    theirs = run_runtime(weights, states, x)
    assert_same(ours(contract.name, parts, x, LENGTHS, states), theirs, 1e-5)
    cell, loaded = from_onnx(weights)
    assert_same(ours(cell, loaded, x, LENGTHS, states), theirs, 1e-5)


@either_way
@pytest.mark.peer("onnx", "onnxruntime")
def test_onnxruntime_with_peepholes_and_coupled_gates(ways):
    parts, x, states = random_case(LSTM_PEEPHOLE, ways, "float32")
    weights = to_onnx("lstm_peephole", parts)
    weights.attributes["input_forget"] = 1
    theirs = run_runtime(weights, states, x)
    cell, loaded = from_onnx(weights)
    assert_same(ours(cell, loaded, x, LENGTHS, states), theirs, 1e-5)


def run_runtime(weights, states, x):
    import onnxruntime

    model, given = model_of(weights, states, x, LENGTHS)
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return beside(session.run(None, given))
