"""A14: depth, direction, dropout, gradients, padding, truncation, and what a bad batch is told."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from seqbench.interfaces import (
    DtypeError,
    RangeError,
    ShapeError,
    SharedText,
    UnknownNameError,
    UnsupportedError,
)
from seqbench.kernels._cell import CellDims, CellInputs, CellOutputs
from seqbench.kernels.gru import GRU
from seqbench.kernels.lstm import LSTM
from seqbench.kernels.lstm_peephole import LSTM_PEEPHOLE
from seqbench.kernels.rnn import RNN
from seqbench.models.bidirectional import Bidirectional, BidirectionalInputs
from seqbench.models.dropout_stream import DropoutStream
from seqbench.models.parameters import Parameters
from seqbench.models.stacked import Stacked
from seqbench.models.stacked_layer import StackedLayer, part_prefixes
from seqbench.models.truncated import TruncatedBPTT, truncated_bptt
from seqbench.testing.comparing import require_equal
from seqbench.testing.fixed_kernels import FixedKernels
from seqbench.testing.reference import HostBackend, reference
from seqbench.testing.trees import named_arrays, tree_map

DIMS = CellDims(T=5, B=4, I=3, H=2)
LENGTHS = np.array([3, 0, 5, 1], np.int32)
BACKEND = HostBackend()
STREAM = DropoutStream(seed=7, step=3)

every_cell = pytest.mark.parametrize(
    "contract", [RNN, GRU, LSTM, LSTM_PEEPHOLE], ids=lambda c: c.name
)
either_way = pytest.mark.parametrize("both", [False, True], ids=["forward", "both"])
any_depth = pytest.mark.parametrize("depth", [1, 2, 3])


def stack_of(contract, depth=2, both=False, dropout=0.0):
    kernels = FixedKernels(BACKEND, SharedText(contract, BACKEND))
    return Stacked(kernels, contract.name, num_layers=depth, bidirectional=both, dropout=dropout)


def random_case(stack, dims=DIMS, lengths=LENGTHS):
    """(params, inputs, d_outputs); initial states are not zero, one length is."""
    rng = np.random.default_rng(1)
    params = tuple(
        stack.cell.Params(**{n: rng.normal(0, 0.6, shape) for n, shape in shapes.items()})
        for shapes in stack.shapes(dims)
    )
    state = (stack.num_parts, dims.B, dims.H)
    states = [rng.normal(size=state) for _ in stack.state]
    inputs = CellInputs(rng.normal(size=(dims.T, dims.B, dims.I)), lengths, *states)
    width = stack.num_directions * dims.H
    d_states = [rng.normal(size=state) for _ in stack.state]
    return params, inputs, CellOutputs(rng.normal(size=(dims.T, dims.B, width)), *d_states)


def planned(stack, params, dims=DIMS):
    plan = stack.plan(dims, "float64", grad=True)
    plan.load(params)
    return plan


# -- what it computes --------------------------------------------------------------------------


@every_cell
@any_depth
def test_layers_one_after_another(contract, depth):
    stack = stack_of(contract, depth)
    params, inputs, _ = random_case(stack)
    out = planned(stack, params).forward(inputs)
    x = inputs.x
    for layer in range(depth):
        state = [getattr(inputs, n + "0")[layer] for n in contract.state]
        alone = reference(contract)(params[layer], CellInputs(x, LENGTHS, *state))
        for name in contract.state:
            require_equal(name, getattr(out, name)[layer], getattr(alone, name), 0.0)
        x = alone.output
    require_equal("output", out.output, x, 0.0)


@every_cell
def test_both_directions_feed_the_layer_above(contract):
    stack = stack_of(contract, 2, both=True)
    params, inputs, _ = random_case(stack)
    out = stack(params, inputs)
    kernels = FixedKernels(BACKEND, SharedText(contract, BACKEND))
    x = inputs.x
    for layer in range(2):
        pair = slice(2 * layer, 2 * layer + 2)
        plan = Bidirectional(kernels, contract.name).plan(DIMS._replace(I=x.shape[2]), "float64")
        plan.load(params[pair])
        states = [tuple(getattr(inputs, n + "0")[pair]) for n in contract.state]
        one = plan.forward(BidirectionalInputs(x, LENGTHS, *states))
        require_equal("h", out.h[pair], np.stack(one.h), 0.0)
        x = one.output
    require_equal("output", out.output, x, 0.0)


@every_cell
@either_way
@any_depth
@pytest.mark.parametrize("dropout", [0.0, 0.4])
def test_gradients_by_differences(contract, both, depth, dropout):
    stack = stack_of(contract, depth, both, dropout)
    params, inputs, d_outputs = random_case(stack)
    masks = stack.masks(DIMS, "float64", STREAM)
    plan = planned(stack, params)
    plan.forward(inputs, masks)
    gradients = dict(named_arrays(plan.backward(d_outputs)))
    weights = dict(named_arrays(d_outputs))
    rng = np.random.default_rng(2)

    def loss(directions, step):
        def moved(side, tree):
            names = iter([name for name, _ in named_arrays(tree, side)])
            return tree_map(lambda a: a + step * directions.get(next(names), 0), tree)

        plan.load(moved("params", params))
        out = plan.forward(replace(moved("inputs", inputs), lengths=LENGTHS), masks)
        return sum((a * weights[name]).sum() for name, a in named_arrays(out))

    expected = {f"params.{n}" for n, _ in named_arrays(params)}
    expected |= {f"inputs.{n}" for n, _ in named_arrays(inputs)} - {"inputs.lengths"}
    assert set(gradients) == expected
    for name, gradient in gradients.items():
        directions = {name: rng.normal(size=gradient.shape)}
        numeric = (loss(directions, 1e-5) - loss(directions, -1e-5)) / 2e-5
        analytic = (gradient * directions[name]).sum()
        assert analytic == pytest.approx(numeric, rel=1e-6, abs=1e-8), name


@either_way
@every_cell
def test_padding_is_never_read(contract, both):
    stack = stack_of(contract, 2, both)
    params, inputs, d_outputs = random_case(stack)
    dirty = inputs.x.copy()
    dirty[np.arange(DIMS.T)[:, None] >= LENGTHS] = np.nan
    results = []
    for x in (inputs.x, dirty):
        plan = planned(stack, params)
        results.append((plan.forward(replace(inputs, x=x)), plan.backward(d_outputs)))
    require_equal("outputs", results[1][0], results[0][0], 0.0)
    require_equal("gradients", results[1][1], results[0][1], 0.0)
    assert not results[0][0].output[:, 1].any()
    require_equal("zero length", results[0][0].h[:, 1], inputs.h0[:, 1], 0.0)


@either_way
def test_absent_upstream_is_zero(both):
    stack = stack_of(LSTM, 2, both)
    params, inputs, d_outputs = random_case(stack)
    plan = planned(stack, params)
    plan.forward(inputs)
    for name in ("output", "h", "c"):
        zero = replace(d_outputs, **{name: 0 * getattr(d_outputs, name)})
        expected = tree_map(np.copy, plan.backward(zero))
        require_equal(name, plan.backward(replace(d_outputs, **{name: None})), expected, 0.0)


@either_way
def test_time_is_a_capacity(both):
    stack = stack_of(GRU, 3, both)
    params, inputs, d_outputs = random_case(stack)
    exact, roomy = planned(stack, params), planned(stack, params, DIMS._replace(T=9))
    require_equal("outputs", roomy.forward(inputs), exact.forward(inputs), 0.0)
    require_equal("gradients", roomy.backward(d_outputs), exact.backward(d_outputs), 0.0)
    assert roomy.nbytes > exact.nbytes > 0


@pytest.mark.parametrize(("T", "B"), [(1, 1), (4, 0), (1, 3)])
@either_way
def test_smallest_and_empty(both, T, B):
    dims = DIMS._replace(T=T, B=B)
    stack = stack_of(LSTM, 2, both)
    params, inputs, d_outputs = random_case(stack, dims, np.full(B, T, np.int32))
    plan = planned(stack, params, dims)
    assert plan.forward(inputs).output.shape == d_outputs.output.shape
    assert plan.backward(d_outputs).inputs.h0.shape == inputs.h0.shape


# -- dropout -----------------------------------------------------------------------------------


def test_dropout_is_between_layers_and_only_where_masks_are_given():
    stack, open_stack = stack_of(LSTM, 2, dropout=0.5), stack_of(LSTM, 2)
    params, inputs, _ = random_case(stack)
    plan = planned(stack, params)
    (mask,) = stack.masks(DIMS, "float64", STREAM)
    dropped = tree_map(np.copy, plan.forward(inputs, [mask]))
    require_equal("inference", plan.forward(inputs), open_stack(params, inputs), 0.0)
    lower = reference(LSTM)(params[0], CellInputs(inputs.x, LENGTHS, inputs.h0[0], inputs.c0[0]))
    above = CellInputs(lower.output * mask, LENGTHS, inputs.h0[1], inputs.c0[1])
    require_equal("output", dropped.output, reference(LSTM)(params[1], above).output, 1e-15)
    require_equal("the lowest layer", dropped.h[0], lower.h, 0.0)
    assert set(np.unique(mask)) == {0.0, 2.0}


def test_masks_are_drawn_by_seed_step_gap_and_namespace():
    stack = stack_of(LSTM, 3, dropout=0.5)
    first, second = stack.masks(DIMS, "float32", STREAM)
    assert first.shape == (5, 4, 2)
    assert first.dtype == np.float32
    again, _ = stack.masks(DIMS, "float64", STREAM)
    np.testing.assert_array_equal(first, again)
    others = [
        second,
        stack.masks(DIMS, "float32", replace(STREAM, seed=8))[0],
        stack.masks(DIMS, "float32", replace(STREAM, step=4))[0],
        stack.masks(DIMS, "float32", STREAM, namespace=1)[0],
    ]
    assert all(not np.array_equal(first, other) for other in others)
    shared = stack.masks(DIMS, "float32", STREAM, shared_over_time=True)
    assert [m.shape for m in shared] == [(1, 4, 2)] * 2
    assert stack_of(LSTM, 3).masks(DIMS, "float32", STREAM) == []
    assert stack_of(LSTM, 1, dropout=0.5).masks(DIMS, "float32", STREAM) == []


def test_a_longer_batch_drops_the_same_elements_of_its_first_steps():
    stack = stack_of(GRU, 2, dropout=0.3)
    short = stack.masks(DIMS, "float64", STREAM)[0]
    longer = stack.masks(DIMS._replace(T=8), "float64", STREAM)[0]
    np.testing.assert_array_equal(longer[:5], short)


# -- truncated backpropagation -----------------------------------------------------------------


@every_cell
def test_truncation_by_the_whole_length_is_the_full_backward(contract):
    stack = stack_of(contract, 2)
    params, inputs, d_outputs = random_case(stack)
    got, gradients = truncated_bptt(stack, params, inputs, d_outputs.output, DIMS.T)
    plan = planned(stack, params)
    require_equal("outputs", got, plan.forward(inputs), 0.0)
    full = plan.backward(CellOutputs(d_outputs.output, None))
    require_equal("gradients", gradients, full, 0.0)


@every_cell
def test_truncation_carries_every_layers_state_and_stops_the_gradient(contract):
    stack = stack_of(contract, 2)
    params, inputs, d_outputs = random_case(stack)
    kernels = FixedKernels(BACKEND, SharedText(contract, BACKEND))
    run = TruncatedBPTT(kernels, contract.name, num_layers=2)
    got, gradients = run(params, inputs, d_outputs.output, 3)
    plan = planned(stack, params)
    require_equal("outputs", got, plan.forward(inputs), 1e-14)
    first = replace(inputs, x=inputs.x[:3], lengths=np.minimum(LENGTHS, 3))
    half = tree_map(np.copy, plan.forward(first))
    d_first = tree_map(np.copy, plan.backward(CellOutputs(d_outputs.output[:3], None)))
    carried = {n + "0": getattr(half, n) for n in contract.state}
    rest = np.maximum(LENGTHS - 3, 0).astype(np.int32)
    plan.forward(replace(inputs, x=inputs.x[3:], lengths=rest, **carried))
    d_second = plan.backward(CellOutputs(d_outputs.output[3:], None))
    require_equal("h0", gradients.inputs.h0, d_first.inputs.h0, 1e-14)
    for part, a, b in zip(gradients.params, d_first.params, d_second.params, strict=True):
        for f in fields(part):
            total = getattr(a, f.name) + getattr(b, f.name)
            require_equal(f.name, getattr(part, f.name), total, 1e-14)


def test_truncation_refuses_what_it_cannot_do():
    stack = stack_of(GRU, 2, both=True)
    params, inputs, d_outputs = random_case(stack)
    with pytest.raises(UnsupportedError, match="runs in both directions, expected one"):
        truncated_bptt(stack, params, inputs, d_outputs.output, 2)
    one_way = stack_of(GRU, 2)
    params, inputs, d_outputs = random_case(one_way)
    with pytest.raises(RangeError, match="window is 0, expected at least 1"):
        truncated_bptt(one_way, params, inputs, d_outputs.output, 0)
    nothing = replace(inputs, x=inputs.x[:0], lengths=np.zeros_like(inputs.lengths))
    with pytest.raises(ShapeError, match=r"truncated_bptt: x has shape \(0, .* with T at least 1"):
        truncated_bptt(one_way, params, nothing, d_outputs.output[:0], 2)


# -- in a model --------------------------------------------------------------------------------


@either_way
@every_cell
def test_the_layer_of_a_model(contract, both):
    stack = stack_of(contract, 2, both, dropout=0.4)
    params, inputs, d_outputs = random_case(stack)
    shapes = StackedLayer.shapes("rnn", contract, DIMS.I, DIMS.H, num_layers=2, bidirectional=both)
    held = Parameters(shapes, "float64", BACKEND)
    prefixes = part_prefixes("rnn", 2, both)
    for under, part in zip(prefixes, params, strict=True):
        for f in fields(part):
            held[f"{under}.{f.name}"][...] = getattr(part, f.name)
    layer = StackedLayer(
        FixedKernels(BACKEND, SharedText(contract, BACKEND)),
        contract.name,
        held,
        "rnn",
        grad=True,
        num_layers=2,
        bidirectional=both,
        dropout=0.4,
    )
    layer.load()
    state = tuple(getattr(inputs, n + "0") for n in contract.state)
    output, finals = layer.forward(inputs.x, LENGTHS, state, capacity=DIMS.T + 2)
    plan = planned(stack, params)
    expected = plan.forward(inputs)
    require_equal("output", output, expected.output, 0.0)
    for name, final in zip(contract.state, finals, strict=True):
        require_equal(name, final, getattr(expected, name), 0.0)

    output, _ = layer.forward(inputs.x, LENGTHS, state, capacity=DIMS.T + 2, stream=STREAM)
    assert not np.array_equal(output, expected.output)
    masks = stack.masks(DIMS, "float64", STREAM, namespace=layer._namespace)
    require_equal("dropped", output, plan.forward(inputs, masks).output, 0.0)
    d_state = tuple(getattr(d_outputs, n) for n in contract.state)
    d_x, d_initial = layer.backward(d_outputs.output, d_state)
    gradients = plan.backward(d_outputs)
    require_equal("d_x", d_x, gradients.inputs.x, 0.0)
    for name, d in zip(contract.state, d_initial, strict=True):
        require_equal(name, d, getattr(gradients.inputs, name + "0"), 0.0)
    for under, part in zip(prefixes, gradients.params, strict=True):
        for f in fields(part):
            require_equal(f.name, held.d(f"{under}.{f.name}"), getattr(part, f.name), 0.0)
    assert layer.flops(DIMS, True) == stack.flops(DIMS, True)
    assert [z.shape for z in layer.zero_state(4, 2)] == [s.shape for s in state]


def test_flops_are_those_of_the_layers():
    wide = DIMS._replace(I=2 * DIMS.H)
    expected = 2 * LSTM.flops(DIMS, True) + 2 * 2 * LSTM.flops(wide, True)
    assert stack_of(LSTM, 3, both=True).flops(DIMS, True) == expected


# -- what a bad batch is told ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"num_layers": 0}, RangeError, "stacked: num_layers is 0, expected at least 1"),
        ({"dropout": 1.0}, RangeError, "stacked: dropout is 1.0, expected at least 0 and below 1"),
        ({"dropout": -0.1}, RangeError, "stacked: dropout is -0.1, expected at least 0"),
    ],
)
def test_options_out_of_range(options, error, words):
    kernels = FixedKernels(BACKEND, SharedText(LSTM, BACKEND))
    with pytest.raises(error, match=words):
        Stacked(kernels, "lstm", **options)


def test_an_unknown_cell_names_those_installed():
    import seqbench

    kernels = seqbench.registry().kernels("numpy")
    with pytest.raises(UnknownNameError, match="no cell named 'lstn'; did you mean 'lstm'"):
        Stacked(kernels, "lstn")


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"x": np.ones((5, 4))}, ShapeError, r"x has shape \(5, 4\), expected \(T, B, I\)"),
        (
            {"x": np.ones((5, 4, 2))},
            ShapeError,
            r"part 0: weight_ih is \(8, 3\), expected \(8, 2\)",
        ),
        ({"h0": np.ones((2, 4, 2))}, ShapeError, r"h0 is \(2, 4, 2\), expected .* = \(4, 4, 2\)"),
        ({"h0": np.ones((2, 4, 2))}, ShapeError, "there are 4: 2 layers in both directions"),
        ({"h0": np.ones((4, 4, 3))}, ShapeError, r"h0 is \(4, 4, 3\), expected \(4, 4, 2\)"),
        ({"c0": None}, ShapeError, "c0 is None"),
        ({"c0": np.ones((4, 4, 2), "f4")}, DtypeError, "is float32, expected float64 as x"),
        ({"lengths": np.full(4, 6, np.int32)}, RangeError, "a length is 6, expected 0 to T = 5"),
        ({"lengths": np.full(4, 5)}, DtypeError, "lengths are int64, expected int32"),
    ],
)
def test_validate_tells(change, error, words):
    stack = stack_of(LSTM, 2, both=True)
    params, inputs, _ = random_case(stack)
    with pytest.raises(error, match=words) as raised:
        stack(params, replace(inputs, **change))
    assert str(raised.value).startswith("stacked lstm")


def test_validate_tells_missing_and_misplaced_weights():
    stack = stack_of(LSTM, 2, both=True)
    params, inputs, _ = random_case(stack)
    with pytest.raises(ShapeError, match=r"3 parts of weights, expected 4: 2 layers in both"):
        stack(params[:3], inputs)
    swapped = (params[0], params[1], params[0], params[3])
    with pytest.raises(ShapeError, match=r"part 2: weight_ih is \(8, 3\), expected \(8, 4\)"):
        stack(swapped, inputs)
