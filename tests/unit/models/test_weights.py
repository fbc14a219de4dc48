"""Weights there and back: exact round trips, gate orders by hand, and what a bad file is told."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from seqbench.interfaces import ShapeError, SharedText, UnknownNameError, UnsupportedError
from seqbench.kernels._cell import CellDims
from seqbench.kernels.gru import GRU, GRU_RESET_BEFORE
from seqbench.kernels.gru_simplified import GRU_SIMPLIFIED
from seqbench.kernels.lstm import LSTM
from seqbench.kernels.lstm_coupled import LSTM_COUPLED
from seqbench.kernels.lstm_peephole import LSTM_PEEPHOLE
from seqbench.kernels.rnn import RNN
from seqbench.models.stacked import Stacked
from seqbench.models.weights_onnx import OnnxWeights, from_onnx, to_onnx
from seqbench.models.weights_torch import from_torch, to_torch
from seqbench.testing.cases import cases
from seqbench.testing.comparing import require_equal
from seqbench.testing.fixed_kernels import FixedKernels
from seqbench.testing.reference import HostBackend, reference

DIMS = CellDims(T=1, B=1, I=3, H=2)
ONNX_CELLS = [RNN, GRU, GRU_RESET_BEFORE, LSTM, LSTM_PEEPHOLE, LSTM_COUPLED]
either_way = pytest.mark.parametrize("both", [False, True], ids=["forward", "both"])


def random_parts(contract, num_layers=1, both=False, dtype="float32"):
    backend = HostBackend()
    kernels = FixedKernels(backend, SharedText(contract, backend))
    stack = Stacked(kernels, contract.name, num_layers=num_layers, bidirectional=both)
    rng = np.random.default_rng(4)
    return tuple(
        contract.Params(**{n: rng.normal(size=s).astype(dtype) for n, s in shapes.items()})
        for shapes in stack.shapes(DIMS)
    )


def numbered(contract):
    """Gate k's rows of every tensor are k + 1."""
    values = {}
    for name, shape in contract.shapes(DIMS).items():
        gates = shape[0] // DIMS.H
        rows = np.repeat(np.arange(1.0, gates + 1), DIMS.H)
        values[name] = np.broadcast_to(rows.reshape(-1, *[1] * (len(shape) - 1)), shape).copy()
    return contract.Params(**values)


# -- torch -------------------------------------------------------------------------------------


@pytest.mark.parametrize("contract", [RNN, GRU, LSTM], ids=lambda c: c.name)
@pytest.mark.parametrize("num_layers", [1, 3])
@either_way
def test_torch_and_back(contract, num_layers, both):
    parts = random_parts(contract, num_layers, both)
    state = to_torch(contract.name, parts, bidirectional=both, prefix="encoder.")
    assert len(state) == 4 * len(parts)
    state["head.weight"] = np.zeros((2, 2), np.float32)
    found = from_torch(contract.name, state, prefix="encoder.")
    assert (found.cell, found.num_layers, found.bidirectional) == (contract.name, num_layers, both)
    require_equal("parts", found.parts, parts, 0.0)
    assert not np.shares_memory(found.parts[0].weight_ih, parts[0].weight_ih)


def test_torchs_names():
    state = to_torch("gru", random_parts(GRU, 2, True), bidirectional=True)
    assert list(state)[:5] == [
        "weight_ih_l0",
        "weight_hh_l0",
        "bias_ih_l0",
        "bias_hh_l0",
        "weight_ih_l0_reverse",
    ]
    assert list(state)[-1] == "bias_hh_l1_reverse"


def test_torchs_two_biases_are_one_here_but_for_the_gru():
    state = to_torch("lstm", random_parts(LSTM))
    assert not state["bias_hh_l0"].any()
    state["bias_hh_l0"] = np.arange(8, dtype=np.float32)
    bias = from_torch("lstm", state).parts[0].bias
    np.testing.assert_array_equal(bias, state["bias_ih_l0"] + np.arange(8, dtype=np.float32))
    state = to_torch("gru", random_parts(GRU))
    state["bias_hh_l0"][:] = 5
    assert (from_torch("gru", state).parts[0].bias_hh == 5).all()


def test_torch_without_biases():
    state = to_torch("rnn", random_parts(RNN))
    bare = {name: value for name, value in state.items() if "bias" not in name}
    assert not from_torch("rnn", bare).parts[0].bias.any()


def test_torch_mistakes_are_told():
    state = to_torch("lstm", random_parts(LSTM, 2))
    with pytest.raises(UnknownNameError, match=r"no cell of torch named 'gru_simplified'.* gru"):
        to_torch("gru_simplified", random_parts(GRU_SIMPLIFIED))
    with pytest.raises(ShapeError, match="to_torch lstm: 1 parts, expected 2 a layer"):
        to_torch("lstm", random_parts(LSTM), bidirectional=True)
    with pytest.raises(ShapeError, match=r"no layer under 'encoder\.'"):
        from_torch("lstm", state, prefix="encoder.")
    gap = {n.replace("_l1", "_l2"): v for n, v in state.items()}
    with pytest.raises(ShapeError, match=r"weights of _l0, _l2 under '', .* without a gap"):
        from_torch("lstm", gap)
    half = {n: v for n, v in state.items() if n != "bias_hh_l1"}
    with pytest.raises(ShapeError, match="bias_hh_l1 is missing"):
        from_torch("lstm", half)
    with pytest.raises(UnsupportedError, match=r"a projection \(weight_hr_l0\), .* proj_size=0"):
        from_torch("lstm", state | {"weight_hr_l0": np.zeros((1, 2))})


# -- ONNX --------------------------------------------------------------------------------------


@pytest.mark.parametrize("contract", ONNX_CELLS, ids=lambda c: c.name)
@either_way
def test_onnx_and_back(contract, both):
    parts = random_parts(contract, 1, both)
    packed = to_onnx(contract.name, parts)
    cell, found = from_onnx(packed)
    assert cell == contract.name
    require_equal("parts", found, parts, 0.0)
    assert packed.W.dtype == np.float32
    gates = {"RNN": 1, "GRU": 3, "LSTM": 4}[packed.operator]
    ways = 2 if both else 1
    assert packed.W.shape == (ways, gates * 2, 3)
    assert packed.R.shape == (ways, gates * 2, 2)
    assert packed.B.shape == (ways, 2 * gates * 2)


@pytest.mark.parametrize(
    ("contract", "rows", "recurrent_bias"),
    [
        (GRU, [2, 1, 3], [2, 1, 3]),  # z r h of r z n
        (LSTM, [1, 4, 2, 3], [0, 0, 0, 0]),  # i o f c of i f g o
        (LSTM_COUPLED, [1, 3, -1, 2], [0, 0, 0, 0]),  # i o f c of i g o
    ],
    ids=lambda v: getattr(v, "name", None),
)
def test_onnx_gate_orders_by_hand(contract, rows, recurrent_bias):
    packed = to_onnx(contract.name, [numbered(contract)])
    np.testing.assert_array_equal(packed.W[0, ::2, 0], rows)
    np.testing.assert_array_equal(packed.R[0, ::2, 0], rows)
    np.testing.assert_array_equal(packed.B[0, ::2], rows + recurrent_bias)


def test_onnx_peepholes_by_hand():
    packed = to_onnx("lstm_peephole", [numbered(LSTM_PEEPHOLE)])
    np.testing.assert_array_equal(packed.P[0, ::2], [1, 3, 2])  # i o f of i f o


def test_onnx_attributes():
    assert to_onnx("gru", random_parts(GRU)).attributes["linear_before_reset"] == 1
    before = to_onnx("gru_reset_before", random_parts(GRU_RESET_BEFORE)).attributes
    assert before["linear_before_reset"] == 0
    coupled = to_onnx("lstm_coupled", random_parts(LSTM_COUPLED, 1, True)).attributes
    expected = {"hidden_size": 2, "direction": "bidirectional", "input_forget": 1}
    assert coupled == expected


def test_onnx_without_biases_and_with_both():
    packed = to_onnx("lstm", random_parts(LSTM))
    assert not from_onnx(replace(packed, B=None))[1][0].bias.any()
    both = packed.B.copy()
    both[:, 8:] = 1
    got = from_onnx(replace(packed, B=both))[1][0].bias
    np.testing.assert_array_equal(got, random_parts(LSTM)[0].bias + np.float32(1))


def test_peepholes_with_coupled_gates_keep_their_function():
    """Nothing here ties them: an LSTM whose forget gate is 1 - sigmoid of the input gate's sum."""
    (params,) = random_parts(LSTM_PEEPHOLE, dtype="float64")
    packed = to_onnx("lstm_peephole", [params])
    packed = replace(packed, attributes={**packed.attributes, "input_forget": 1})
    cell, (untied,) = from_onnx(packed)
    assert cell == "lstm_peephole"
    for name in (f.name for f in fields(untied)):
        i, f = getattr(untied, name)[:2], getattr(untied, name)[2:4]
        np.testing.assert_array_equal(f, -i)
        np.testing.assert_array_equal(i, getattr(params, name)[:2])
    plain = LSTM_COUPLED.Params(
        *(np.delete(getattr(params, n), slice(2, 4), axis=0) for n in ("weight_ih", "weight_hh")),
        np.delete(params.bias, slice(2, 4)),
    )
    blind = replace(untied, peephole=np.zeros(6))
    case = cases(LSTM_COUPLED, ["padded"])[0]
    state = {n: getattr(case.inputs, n)[:, :2].copy() for n in ("h0", "c0")}
    inputs = replace(case.inputs, **state)
    expected = reference(LSTM_COUPLED)(plain, inputs)
    require_equal("outputs", reference(LSTM_PEEPHOLE)(blind, inputs), expected, 1e-14)


def _changed(**attributes):
    packed = to_onnx("lstm", random_parts(LSTM))
    return replace(packed, attributes={**packed.attributes, **attributes})


@pytest.mark.parametrize(
    ("weights", "error", "words"),
    [
        (_changed(clip=3.0), UnsupportedError, "the attribute clip is 3.0, expected none"),
        (_changed(direction="reverse"), UnsupportedError, "direction is 'reverse' with 1 in W"),
        (_changed(direction="bidirectional"), UnsupportedError, "is 'bidirectional' with 1 in W"),
        (_changed(activations=["Relu"] * 3), UnsupportedError, "activations are Relu, Relu, Relu"),
        (_changed(hidden_size=5), ShapeError, "hidden_size is 5, expected 2"),
        (replace(_changed(), W=np.ones((1, 6, 3))), ShapeError, r"W is \(1, 6, 3\), .*\(1, 8, 3\)"),
        (replace(_changed(), B=np.ones((1, 8))), ShapeError, r"B is \(1, 8\), expected \(1, 16\)"),
        (replace(_changed(), P=np.ones((1, 8))), ShapeError, r"P is \(1, 8\), expected \(1, 6\)"),
        (replace(_changed(), operator="LSTN"), UnknownNameError, "'LSTN'; did you mean 'LSTM'"),
    ],
)
def test_onnx_mistakes_are_told(weights, error, words):
    with pytest.raises(error, match=words):
        from_onnx(weights)


def test_onnx_has_not_every_cell():
    with pytest.raises(UnknownNameError, match="no cell of ONNX named 'gru_simplified'"):
        to_onnx("gru_simplified", random_parts(GRU_SIMPLIFIED))
    with pytest.raises(ShapeError, match="to_onnx rnn: 3 parts, expected 1 or 2"):
        to_onnx("rnn", random_parts(RNN) * 3)


def test_default_activations_are_taken():
    packed = _changed(activations=["Sigmoid", "Tanh", "Tanh"], layout=0)
    assert from_onnx(packed)[0] == "lstm"
    assert isinstance(packed, OnnxWeights)
