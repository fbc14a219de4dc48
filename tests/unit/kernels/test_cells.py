"""What is known by hand about the cells; the checks on random inputs are in tests/conformance."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from seqbench.interfaces import DtypeError, RangeError, ShapeError, UnknownNameError
from seqbench.kernels._cell import CellDims, CellInputs, CellOutputs, reverse_by_length
from seqbench.kernels.gru import GRU, GRU_RESET_BEFORE, GRUParams
from seqbench.kernels.gru_simplified import GRU_SIMPLIFIED, GRUSimplifiedParams
from seqbench.kernels.lstm import LSTM, LSTMParams
from seqbench.kernels.lstm_coupled import LSTM_COUPLED, LSTMCoupledParams
from seqbench.kernels.lstm_peephole import LSTM_PEEPHOLE, LSTMPeepholeParams
from seqbench.kernels.lstm_peephole_full import LSTM_PEEPHOLE_FULL, LSTMPeepholeFullParams
from seqbench.kernels.output_layer import ACTIVATIONS, output_layer, output_layer_backward
from seqbench.kernels.rnn import RNN, RNNParams, merge, rnn_cache, rnn_forward_concatenated, split
from seqbench.models.truncated import truncated_bptt
from seqbench.testing.cases import cases
from seqbench.testing.comparing import relative_error, require_equal
from seqbench.testing.gradients import check_gradients
from seqbench.testing.reference import HostBackend, reference
from seqbench.testing.reusing import Reusing
from seqbench.testing.running import gradients_of, upstream

CELLS = [
    RNN,
    GRU_SIMPLIFIED,
    GRU,
    GRU_RESET_BEFORE,
    LSTM,
    LSTM_PEEPHOLE,
    LSTM_PEEPHOLE_FULL,
    LSTM_COUPLED,
]
every_cell = pytest.mark.parametrize("contract", CELLS, ids=lambda c: c.name)


def case_of(contract, size="padded"):
    return cases(contract, [size])[0]


def one_unit(contract, params, x, h0, c0=None):
    """Run one unit over a list of numbers."""
    state = [np.array([[value]]) for value in (h0, c0) if value is not None]
    inputs = CellInputs(np.reshape(x, (-1, 1, 1)), np.array([len(x)], np.int32), *state)
    return reference(contract)(params, inputs)


def sigma(x):
    return 1 / (1 + math.exp(-x))


# -- values by hand ----------------------------------------------------------------------------


def test_rnn_by_hand():
    params = RNNParams(np.array([[0.5]]), np.array([[-0.25]]), np.array([0.125]))
    out = one_unit(RNN, params, [2.0, -1.0], 0.75)
    first = math.tanh(0.5 * 2.0 - 0.25 * 0.75 + 0.125)
    second = math.tanh(0.5 * -1.0 - 0.25 * first + 0.125)
    np.testing.assert_allclose(out.output.ravel(), [first, second], rtol=1e-15)
    np.testing.assert_allclose(out.h, [[second]], rtol=1e-15)


def test_lstm_by_hand():
    w, u, b = [0.1, 0.2, 0.3, 0.4], [0.5, -0.6, 0.7, -0.8], [0.01, 0.02, 0.03, 0.04]
    params = LSTMParams(np.reshape(w, (4, 1)), np.reshape(u, (4, 1)), np.array(b))
    out = one_unit(LSTM, params, [1.5], 0.5, -0.25)
    i, f, g, o = (w[k] * 1.5 + u[k] * 0.5 + b[k] for k in range(4))
    c = sigma(f) * -0.25 + sigma(i) * math.tanh(g)
    np.testing.assert_allclose(out.c, [[c]], rtol=1e-15)
    np.testing.assert_allclose(out.h, [[sigma(o) * math.tanh(c)]], rtol=1e-15)


def test_peephole_lstm_by_hand():
    """i and f see the old memory, o the new one."""
    w, u, b = [0.1, 0.2, 0.3, 0.4], [0.5, -0.6, 0.7, -0.8], [0.01, 0.02, 0.03, 0.04]
    p = [0.9, -1.1, 1.3]
    columns = np.reshape(w, (4, 1)), np.reshape(u, (4, 1)), np.array(b)
    out = one_unit(LSTM_PEEPHOLE, LSTMPeepholeParams(*columns, np.array(p)), [1.5], 0.5, -0.25)
    i, f, g, o = (w[k] * 1.5 + u[k] * 0.5 + b[k] for k in range(4))
    c = sigma(f + p[1] * -0.25) * -0.25 + sigma(i + p[0] * -0.25) * math.tanh(g)
    np.testing.assert_allclose(out.c, [[c]], rtol=1e-15)
    np.testing.assert_allclose(out.h, [[sigma(o + p[2] * c) * math.tanh(c)]], rtol=1e-15)
    full = LSTMPeepholeFullParams(*columns, np.reshape(p, (3, 1)))
    out = one_unit(LSTM_PEEPHOLE_FULL, full, [1.5], 0.5, -0.25)
    np.testing.assert_allclose(out.c, [[c]], rtol=1e-15)
    np.testing.assert_allclose(out.h, [[sigma(o + p[2] * -0.25) * math.tanh(c)]], rtol=1e-15)


def test_peepholes_of_zero_are_the_lstm():
    case = case_of(LSTM)
    plain, hidden = case.params, case.params.weight_hh.shape[1]
    weights = (plain.weight_ih, plain.weight_hh, plain.bias)
    expected = reference(LSTM)(plain, case.inputs)
    for contract, zero in ((LSTM_PEEPHOLE, (3 * hidden,)), (LSTM_PEEPHOLE_FULL, (3 * hidden, 4))):
        params = contract.Params(*weights, np.zeros(zero))
        require_equal("outputs", reference(contract)(params, case.inputs), expected, 1e-15)


def test_full_peepholes_of_diagonal_matrices_are_the_diagonal_ones():
    """Where o's, which see another memory, are zero."""
    case = case_of(LSTM_PEEPHOLE)
    hidden = case.params.weight_hh.shape[1]
    peephole = case.params.peephole.copy()
    peephole[2 * hidden :] = 0
    diagonal = replace(case.params, peephole=peephole)
    blocks = np.concatenate([np.diag(p) for p in peephole.reshape(3, hidden)])
    weights = (diagonal.weight_ih, diagonal.weight_hh, diagonal.bias)
    full = LSTMPeepholeFullParams(*weights, blocks)
    actual = reference(LSTM_PEEPHOLE_FULL)(full, case.inputs)
    require_equal("outputs", actual, reference(LSTM_PEEPHOLE)(diagonal, case.inputs), 1e-14)


def test_coupled_gates_are_the_lstm_with_the_forget_rows_negated():
    """1 - sigmoid(a) = sigmoid(-a); the input rows' gradient is i's less f's."""
    case = case_of(LSTM_COUPLED)
    small, hidden = case.params, case.params.weight_hh.shape[1]

    def untied(weight):
        return np.concatenate([weight[:hidden], -weight[:hidden], weight[hidden:]])

    def tied(gradient):
        i, f = gradient[:hidden], gradient[hidden : 2 * hidden]
        return np.concatenate([i - f, gradient[2 * hidden :]])

    names = ("weight_ih", "weight_hh", "bias")
    large = LSTMParams(*(untied(getattr(small, name)) for name in names))
    open_case = replace(case, key=LSTM.key, params=large)
    d_outputs = upstream(case, reference(LSTM_COUPLED)(small, case.inputs))
    expected, d = gradients_of(reference(LSTM), open_case, d_outputs)
    actual, d_small = gradients_of(reference(LSTM_COUPLED), case, d_outputs)
    require_equal("outputs", actual, expected, 1e-14)
    require_equal("inputs", d_small.inputs, d.inputs, 1e-13)
    d_tied = LSTMCoupledParams(*(tied(getattr(d.params, name)) for name in names))
    require_equal("params", d_small.params, d_tied, 1e-13)


@pytest.mark.parametrize("contract", [GRU, GRU_RESET_BEFORE], ids=lambda c: c.name)
def test_gru_by_hand(contract):
    w, u = [0.1, 0.2, 0.3], [0.5, -0.6, 0.7]
    b, d = [0.01, 0.02, 0.03], [-0.3, 0.2, 0.9]
    columns = np.reshape(w, (3, 1)), np.reshape(u, (3, 1))
    out = one_unit(contract, GRUParams(*columns, np.array(b), np.array(d)), [1.5], 0.5)
    r, z = (sigma(w[k] * 1.5 + b[k] + u[k] * 0.5 + d[k]) for k in (0, 1))
    inside = r * (u[2] * 0.5 + d[2]) if contract is GRU else u[2] * (r * 0.5) + d[2]
    n = math.tanh(w[2] * 1.5 + b[2] + inside)
    np.testing.assert_allclose(out.h, [[(1 - z) * n + z * 0.5]], rtol=1e-15)


def test_simplified_gru_is_the_notes_with_the_update_gate_negated():
    """Notes: Γu = sigmoid(W_u [c; x] + b_u), c = Γu n + (1 - Γu) c_prev; ours: z = 1 - Γu."""
    w, u, b = [0.4, 0.3], [-0.7, 0.6], [0.1, -0.2]
    negated = [np.array(v) * [-1, 1] for v in (w, u, b)]
    params = GRUSimplifiedParams(negated[0][:, None], negated[1][:, None], negated[2])
    out = one_unit(GRU_SIMPLIFIED, params, [1.5], 0.5)
    gate = sigma(w[0] * 1.5 + u[0] * 0.5 + b[0])
    n = math.tanh(w[1] * 1.5 + u[1] * 0.5 + b[1])
    np.testing.assert_allclose(out.h, [[gate * n + (1 - gate) * 0.5]], rtol=1e-14)


def test_simplified_gru_is_the_gru_with_its_reset_gate_open():
    case = case_of(GRU_SIMPLIFIED)
    small, hidden = case.params, case.params.weight_hh.shape[1]

    def closed(weight):
        return np.concatenate([np.zeros((hidden, *weight.shape[1:])), weight])

    bias = closed(small.bias)
    bias[:hidden] = 40.0  # sigmoid(40) is 1 to the last bit
    full = GRUParams(closed(small.weight_ih), closed(small.weight_hh), bias, np.zeros_like(bias))
    d_outputs = upstream(case, reference(GRU_SIMPLIFIED)(small, case.inputs))
    for contract in (GRU, GRU_RESET_BEFORE):
        open_case = replace(case, key=contract.key, params=full)
        expected, d = gradients_of(reference(contract), open_case, d_outputs)
        actual, d_small = gradients_of(reference(GRU_SIMPLIFIED), case, d_outputs)
        require_equal("outputs", actual, expected, 1e-14)
        require_equal("inputs", d_small.inputs, d.inputs, 1e-13)
        require_equal("weights", d_small.params.weight_hh, d.params.weight_hh[hidden:], 1e-13)
        require_equal("bias", d_small.params.bias, d.params.bias_ih[hidden:], 1e-13)


def test_the_concatenated_form_equals_the_split_one():
    case = case_of(RNN)
    backend = HostBackend()
    cache = rnn_cache(RNN.dims(case.params, case.inputs), "float64", backend=backend)
    weight = merge(case.params, xp=np)
    actual = rnn_forward_concatenated(weight, case.params.bias, case.inputs, cache, backend=backend)
    require_equal("outputs", actual, reference(RNN)(case.params, case.inputs), 1e-15)
    require_equal("weights", split(weight, case.params.bias), case.params, 0.0)


# -- through time ------------------------------------------------------------------------------


def test_the_upstream_gradient_is_the_outputs_plus_the_next_steps():
    """d_h0 over two steps, by hand: (d1 + d2 J2) J1 with J = (1 - h^2) w."""
    w = -0.25
    params = RNNParams(np.array([[0.5]]), np.array([[w]]), np.array([0.125]))
    inputs = CellInputs(np.array([[[2.0]], [[-1.0]]]), np.array([2], np.int32), np.array([[0.75]]))
    plan = reference(RNN).plan(CellDims(2, 1, 1, 1), "float64", grad=True)
    plan.load(params)
    h1, h2 = plan.forward(inputs).output.ravel()
    d_h0 = plan.backward(CellOutputs(np.array([[[3.0]], [[5.0]]]), None)).inputs.h0
    assert d_h0[0, 0] == pytest.approx((3.0 + 5.0 * (1 - h2**2) * w) * (1 - h1**2) * w, rel=1e-14)


@every_cell
def test_truncation_by_the_whole_length_is_the_full_backward(contract):
    case = case_of(contract)
    impl = reference(contract)
    d_output = np.random.default_rng(3).normal(size=impl(case.params, case.inputs).output.shape)
    d_outputs = CellOutputs(d_output, None)
    outputs, full = gradients_of(impl, case, d_outputs)
    got, gradients = truncated_bptt(impl, case.params, case.inputs, d_output, len(d_output))
    require_equal("outputs", got, outputs, 0.0)
    require_equal("gradients", gradients, full, 0.0)


@every_cell
def test_truncation_carries_the_state_and_stops_the_gradient(contract):
    """Windows of 4 and 2 of 6 steps: each window's gradient is that of its own start state."""
    case = case_of(contract)
    impl = reference(contract)
    d_output = np.random.default_rng(3).normal(size=impl(case.params, case.inputs).output.shape)
    got, gradients = truncated_bptt(impl, case.params, case.inputs, d_output, 4)
    require_equal("outputs", got, impl(case.params, case.inputs), 1e-14)
    first = _window(case, slice(0, 4), {})
    half, d_first = gradients_of(impl, first, CellOutputs(d_output[:4], None))
    carried = {n + "0": getattr(half, n) for n in contract.state}
    second = _window(case, slice(4, 6), carried)
    _, d_second = gradients_of(impl, second, CellOutputs(d_output[4:], None))
    require_equal("h0", gradients.inputs.h0, d_first.inputs.h0, 1e-14)
    require_equal(
        "weights",
        gradients.params.weight_hh,
        d_first.params.weight_hh + d_second.params.weight_hh,
        1e-14,
    )
    x = np.concatenate([d_first.inputs.x, d_second.inputs.x])
    require_equal("x", gradients.inputs.x, x, 1e-14)


@every_cell
def test_truncation_keeps_no_view_of_the_plan(contract):
    case = case_of(contract)
    d_output = np.random.default_rng(3).normal(size=(*case.inputs.x.shape[:2], 4))
    expected = truncated_bptt(reference(contract), case.params, case.inputs, d_output, 2)
    spoiling = Reusing(reference(contract))
    actual = truncated_bptt(spoiling, case.params, case.inputs, d_output, 2)
    require_equal("results", actual, expected, 0.0)


def _window(case, steps, state):
    count = steps.stop - steps.start
    lengths = np.clip(case.inputs.lengths - steps.start, 0, count).astype(np.int32)
    inputs = replace(case.inputs, x=case.inputs.x[steps], lengths=lengths, **state)
    return replace(case, inputs=inputs)


@every_cell
def test_no_steps_at_all(contract):
    """T = 0: the state passes through, and so does its gradient."""
    case = case_of(contract)
    inputs = replace(case.inputs, x=case.inputs.x[:0], lengths=np.zeros_like(case.inputs.lengths))
    empty = replace(case, inputs=inputs)
    outputs, gradients = gradients_of(
        reference(contract), empty, CellOutputs(None, inputs.h0 + 1, inputs.h0 + 2)
    )
    assert outputs.output.shape == (0, *inputs.h0.shape)
    require_equal("h", outputs.h, inputs.h0, 0.0)
    require_equal("d_h0", gradients.inputs.h0, inputs.h0 + 1, 0.0)
    assert not any(np.any(getattr(gradients.params, n)) for n in ("weight_ih", "weight_hh"))


@every_cell
def test_gradients_by_differences_at_saturation(contract):
    """Large weights: gates near 0 and 1, where a wrong derivative is easily small."""
    case = case_of(contract)
    loud = replace(case, params=replace(case.params, weight_hh=4 * case.params.weight_hh))
    check_gradients(reference(contract), loud)


# -- reversing ---------------------------------------------------------------------------------


def test_reverse_by_length():
    x = np.arange(8.0).reshape(4, 2, 1)
    x[3, 0] = np.nan
    lengths = np.array([3, 0], np.int32)
    reversed_x = reverse_by_length(x, lengths, xp=np)
    np.testing.assert_array_equal(reversed_x[:, 0, 0], [4, 2, 0, np.nan])
    np.testing.assert_array_equal(reversed_x[:, 1, 0], [1, 3, 5, 7])
    np.testing.assert_array_equal(reverse_by_length(reversed_x, lengths, xp=np), x)
    assert reversed_x.flags.c_contiguous


# -- the output layer --------------------------------------------------------------------------


def test_output_layer_values():
    a, weight, bias = np.array([[1.0, 2.0]]), np.array([[0.5, 0.25], [-1.0, 1.0]]), np.array([0, 1])
    np.testing.assert_allclose(output_layer(a, weight, bias, "identity", xp=np), [[1.0, 2.0]])
    np.testing.assert_allclose(
        output_layer(a, weight, bias, "sigmoid", xp=np), [[sigma(1.0), sigma(2.0)]]
    )
    total = math.exp(1.0) + math.exp(2.0)
    np.testing.assert_allclose(
        output_layer(a, weight, bias, "softmax", xp=np),
        [[math.exp(1.0) / total, math.exp(2.0) / total]],
    )
    np.testing.assert_allclose(
        output_layer(a, weight, bias, "tanh", xp=np), [[math.tanh(1.0), math.tanh(2.0)]]
    )


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_output_layer_gradients(activation):
    rng = np.random.default_rng(0)
    values = [rng.normal(size=shape) for shape in ((3, 2, 4), (5, 4), (5,))]
    d_y = rng.normal(size=(3, 2, 5))
    y = output_layer(*values, activation, xp=np)
    gradients = output_layer_backward(d_y, y, *values[:2], activation)
    for position, gradient in enumerate(gradients):
        direction = rng.normal(size=values[position].shape)
        above, below = list(values), list(values)
        above[position] = values[position] + 1e-5 * direction
        below[position] = values[position] - 1e-5 * direction
        difference = output_layer(*above, activation, xp=np) - output_layer(
            *below, activation, xp=np
        )
        numeric = (d_y * difference).sum() / 2e-5
        assert (gradient * direction).sum() == pytest.approx(numeric, rel=1e-7)


def test_output_layer_tells_an_unknown_activation():
    a, weight, bias = np.ones((1, 2)), np.ones((1, 2)), np.ones(1)
    words = "no activation named 'softmx'; did you mean 'softmax'"
    with pytest.raises(UnknownNameError, match=words):
        output_layer(a, weight, bias, "softmx", xp=np)
    with pytest.raises(UnknownNameError, match=words):
        output_layer_backward(a, a, a, weight, "softmx")


# -- costs -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("contract", "gates", "pointwise", "numbers"),
    [
        (RNN, 1, (3, 5), 1 * 7 * (5 + 7 + 1)),
        (GRU_SIMPLIFIED, 2, (10, 15), 2 * 7 * (5 + 7 + 1)),
        (GRU, 3, (13, 24), 3 * 7 * (5 + 7 + 2)),
        (LSTM, 4, (17, 28), 4 * 7 * (5 + 7 + 1)),
        (LSTM_PEEPHOLE, 4, (23, 40), 4 * 7 * (5 + 7 + 1) + 3 * 7),
        (LSTM_COUPLED, 3, (15, 24), 3 * 7 * (5 + 7 + 1)),
    ],
    ids=lambda v: getattr(v, "name", None),
)
def test_costs(contract, gates, pointwise, numbers):
    dims = CellDims(T=3, B=2, I=5, H=7)
    gemm = 2 * (3 * 2) * (gates * 7) * (5 + 7)
    unit_steps = 3 * 2 * 7
    assert contract.flops(dims, False) == gemm + pointwise[0] * unit_steps
    assert contract.flops(dims, True) == 3 * gemm + sum(pointwise) * unit_steps
    states = len(contract.state) * 2 * (2 * 7)  # initial and final
    assert contract.bytes(dims, False, 4) == 4 * (3 * 2 * (5 + 7) + numbers + states)
    assert contract.bytes(dims, True, 4) > 2 * contract.bytes(dims, False, 4)
    shapes = contract.shapes(dims)
    assert sum(math.prod(shape) for shape in shapes.values()) == numbers


# -- what validate tells -----------------------------------------------------------------------


@every_cell
@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"x": np.ones((3, 3))}, ShapeError, r"x has shape \(3, 3\), expected \(T, B, I\)"),
        ({"x": np.ones((6, 4, 2))}, ShapeError, r"weight_ih is \(\d+, 3\), expected \(\d+, 2\)"),
        ({"x": np.ones((6, 4, 3), int)}, DtypeError, "x is int64, expected a floating dtype"),
        ({"h0": np.ones((4, 5))}, ShapeError, r"h0 is \(4, 5\), expected \(4, 4\)"),
        ({"h0": np.ones((4, 4), "f4")}, DtypeError, "is float32, expected float64 as x"),
        ({"lengths": np.ones(3, np.int32)}, ShapeError, r"lengths is \(3,\), expected \(4,\)"),
        ({"lengths": np.ones(4, np.int64)}, DtypeError, "lengths are int64, expected int32"),
        ({"lengths": np.array([1, 7, 1, 1], np.int32)}, RangeError, "length is 7, .* T = 6"),
        ({"lengths": np.array([1, -1, 1, 1], np.int32)}, RangeError, "a length is -1"),
    ],
)
def test_validate_tells(contract, change, error, words):
    case = case_of(contract)
    with pytest.raises(error, match=words) as raised:
        contract.validate(case.params, replace(case.inputs, **change))
    assert str(raised.value).startswith(f"{contract.name}: ")


def test_validate_tells_a_wrong_weight_and_bias():
    case = case_of(LSTM)
    wrong = replace(case.params, bias=np.ones(4))
    with pytest.raises(ShapeError, match=r"lstm: bias is \(4,\), expected \(16,\)"):
        LSTM.validate(wrong, case.inputs)
    wrong = replace(case.params, weight_hh=np.ones((12, 4)))
    with pytest.raises(ShapeError, match=r"lstm: weight_hh is \(12, 4\), expected \(16, 4\)"):
        LSTM.validate(wrong, case.inputs)


def test_costs_of_full_peepholes():
    """The LSTM's and three H x H products a step."""
    dims = CellDims(T=3, B=2, I=5, H=7)
    seen = 2 * (3 * 2) * (3 * 7) * 7
    assert LSTM_PEEPHOLE_FULL.flops(dims, False) == LSTM.flops(dims, False) + seen + 3 * 42
    more = LSTM_PEEPHOLE_FULL.flops(dims, True) - LSTM.flops(dims, True)
    assert more == 3 * seen + 4 * 42
    extra = LSTM_PEEPHOLE_FULL.bytes(dims, False, 4) - LSTM.bytes(dims, False, 4)
    assert extra == 4 * 3 * 7 * 7


def test_validate_tells_wrong_peepholes():
    case = case_of(LSTM_PEEPHOLE)
    wrong = replace(case.params, peephole=np.ones(4))
    with pytest.raises(ShapeError, match=r"lstm_peephole: peephole is \(4,\), expected \(12,\)"):
        LSTM_PEEPHOLE.validate(wrong, case.inputs)
    wrong = replace(case.params, peephole=np.ones(12, "f4"))
    with pytest.raises(DtypeError, match=r"lstm_peephole: .* is float32, expected float64 as x"):
        LSTM_PEEPHOLE.validate(wrong, case.inputs)
    case = case_of(LSTM_PEEPHOLE_FULL)
    wrong = replace(case.params, weight_ch=np.ones((4, 4)))
    with pytest.raises(ShapeError, match=r"weight_ch is \(4, 4\), expected \(12, 4\)"):
        LSTM_PEEPHOLE_FULL.validate(wrong, case.inputs)


def test_a_memory_is_asked_for_and_refused():
    case = case_of(LSTM)
    with pytest.raises(ShapeError, match=r"lstm: c0 is None, expected \(B, H\) = \(4, 4\)"):
        LSTM.validate(case.params, replace(case.inputs, c0=None))
    with pytest.raises(ShapeError, match=r"lstm: c0 is \(4, 3\), expected \(4, 4\)"):
        LSTM.validate(case.params, replace(case.inputs, c0=np.ones((4, 3))))
    case = case_of(RNN)
    with pytest.raises(ShapeError, match=r"rnn: c0 is \(4, 4\), expected None"):
        RNN.validate(case.params, replace(case.inputs, c0=case.inputs.h0))


def test_relative_error_sees_a_nan():
    assert relative_error(np.array([np.nan, 1.0]), np.array([0.0, 1.0])) == math.inf
