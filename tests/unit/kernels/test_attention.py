from dataclasses import replace

import numpy as np
import pytest

from seqbench.interfaces import RangeError, ShapeError, UnsupportedError
from seqbench.kernels import _attention_scores
from seqbench.kernels.attention import (
    ADDITIVE,
    DOT,
    GENERAL,
    AttentionInputs,
    AttentionOutputs,
    GeneralParams,
)
from seqbench.kernels.attention_decoder import DECODER_GRU, DECODER_LSTM, DECODER_RNN
from seqbench.kernels.losses import NoParams
from seqbench.testing.cases import cases
from seqbench.testing.checks import checks_for
from seqbench.testing.reference import reference
from seqbench.testing.running import forward_of, gradients_of, planned, upstream

ATTENTIONS = (ADDITIVE, DOT, GENERAL)
DECODERS = (DECODER_RNN, DECODER_GRU, DECODER_LSTM)


def case_of(contract, size="padded"):
    return cases(contract, (size,))[0]


@pytest.mark.parametrize("contract", ATTENTIONS + DECODERS, ids=lambda c: c.name)
def test_conforms(contract):
    impl = reference(contract)
    for check in checks_for(impl):
        assert check(impl).ran


def test_dot_by_hand():
    queries = np.array([[[1.0, 0.0]], [[0.0, 0.0]]])  # (2, 1, 2)
    memory = np.array([[[np.log(3), 5.0]], [[0.0, 1.0]], [[9.0, 9.0]]])  # (3, 1, 2)
    out = reference(DOT)(NoParams(), AttentionInputs(queries, memory, np.array([2], np.int32)))
    np.testing.assert_allclose(out.weights[:, 0], [[0.75, 0.25, 0], [0.5, 0.5, 0]])
    np.testing.assert_allclose(out.context[0, 0], [0.75 * np.log(3), 4.0])


def test_additive_by_loops():
    case = case_of(ADDITIVE, "tiny")
    p, i = case.params, case.inputs
    out = forward_of(reference(ADDITIVE), case)
    for q in range(i.queries.shape[0]):
        for b in range(i.queries.shape[1]):
            hidden = [
                np.tanh(p.weight_query @ i.queries[q, b] + p.weight_key @ m + p.bias)
                for m in i.memory[:, b]
            ]
            scores = np.exp([p.v @ h for h in hidden])
            np.testing.assert_allclose(out.weights[q, b], scores / scores.sum())


@pytest.mark.parametrize("contract", ATTENTIONS, ids=lambda c: c.name)
def test_weights_sum_to_one_and_an_empty_memory_gives_nothing(contract):
    case = case_of(contract)
    out = forward_of(reference(contract), case)
    expected = np.broadcast_to(case.inputs.lengths > 0, out.weights.shape[:2])
    np.testing.assert_allclose(out.weights.sum(axis=-1), expected)
    empty = case.inputs.lengths == 0
    np.testing.assert_array_equal(out.context[:, empty], 0)


@pytest.mark.parametrize("contract", [ADDITIVE, GENERAL], ids=lambda c: c.name)
def test_a_projected_memory_gives_the_same(contract):
    case = case_of(contract)
    expected = forward_of(reference(contract), case)
    keys = contract.project(case.params, case.inputs.memory)
    keys[case.inputs.lengths[None] <= np.arange(len(keys))[:, None]] = np.nan
    given = replace(case, inputs=replace(case.inputs, projected_memory=keys))
    actual = forward_of(reference(contract), given)
    np.testing.assert_allclose(actual.context, expected.context)
    with pytest.raises(UnsupportedError, match="projected_memory given, expected None"):
        gradients_of(reference(contract), given, upstream(given, actual))


def test_blocks_of_queries_change_nothing(monkeypatch):
    case = case_of(ADDITIVE, "odd")
    d_outputs = upstream(case, forward_of(reference(ADDITIVE), case))
    _, expected = gradients_of(reference(ADDITIVE), case, d_outputs)
    monkeypatch.setattr(_attention_scores, "PAIR_ELEMENTS", 1)
    _, actual = gradients_of(reference(ADDITIVE), case, d_outputs)
    np.testing.assert_allclose(actual.params.v, expected.params.v)
    np.testing.assert_allclose(actual.inputs.memory, expected.inputs.memory)


def test_decoder_without_attention_scores_reads_the_mean_of_the_memory():
    """With v = 0 every position weighs the same, so the cell reads [y_t; mean] at each step."""
    case = case_of(DECODER_GRU, "tiny")
    flat = replace(case.params.attention, v=case.params.attention.v * 0)
    case = replace(case, params=replace(case.params, attention=flat))
    out = forward_of(reference(DECODER_GRU), case)
    mean = case.inputs.memory.mean(axis=0)
    np.testing.assert_allclose(out.context, np.broadcast_to(mean, out.context.shape))


def test_decoder_steps_are_the_attention_on_the_state_before():
    case = case_of(DECODER_LSTM, "tiny")
    out = forward_of(reference(DECODER_LSTM), case)
    states = np.concatenate([case.inputs.h0[None], out.output[:-1]])
    asked = AttentionInputs(states, case.inputs.memory, case.inputs.memory_lengths)
    expected = reference(ADDITIVE)(case.params.attention, asked)
    np.testing.assert_allclose(out.weights, expected.weights)
    np.testing.assert_allclose(out.context, expected.context)


@pytest.mark.parametrize("contract", DECODERS, ids=lambda c: c.name)
def test_decoder_shapes_name_every_parameter(contract):
    case = case_of(contract, "odd")
    shapes = contract.shapes(contract.dims(case.params, case.inputs))
    for name, shape in shapes.items():
        side, field = name.split(".")
        assert getattr(getattr(case.params, side), field).shape == shape


def test_backward_of_weights_alone():
    case = case_of(GENERAL, "tiny")
    plan = planned(reference(GENERAL), case, grad=True)
    weights = plan.forward(case.inputs).weights
    gradients = plan.backward(AttentionOutputs(None, np.ones_like(weights)))
    np.testing.assert_allclose(gradients.inputs.queries, 0, atol=1e-15)  # each row sums to 1


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"queries": np.zeros((2, 4))}, ShapeError, r"queries has shape \(2, 4\), expected \(T, B"),
        ({"memory": np.zeros((0, 4, 4))}, ShapeError, "expected at least one position"),
        ({"queries": np.zeros((2, 3, 3))}, ShapeError, r"queries is \(2, 3, 3\), expected \(2, 4"),
        ({"lengths": np.full(4, 7, np.int32)}, RangeError, "a length is 7, expected 0 to T = 6"),
        ({"projected_memory": np.zeros((6, 4, 9))}, ShapeError, r"projected_memory is \(6, 4, 9\)"),
        ({"memory": np.zeros((6, 4, 5))}, ShapeError, r"weight is \(3, 4\), expected \(3, 5\)"),
    ],
)
def test_general_refuses(changes, error, message):
    case = case_of(GENERAL)
    with pytest.raises(error, match=message):
        GENERAL.validate(case.params, replace(case.inputs, **changes))


def test_dot_and_additive_refuse_sizes_that_disagree():
    inputs = case_of(GENERAL).inputs
    with pytest.raises(ShapeError, match="queries have size 3, the memory 4, expected the same"):
        DOT.validate(NoParams(), inputs)
    case = case_of(ADDITIVE)
    with pytest.raises(ShapeError, match=r"additive: bias is \(4,\), expected \(5,\)"):
        ADDITIVE.validate(replace(case.params, bias=np.zeros(4)), case.inputs)


def test_decoder_refuses_a_cell_of_another_size():
    case = case_of(DECODER_RNN)
    cell = replace(case.params.cell, bias=np.zeros(9))
    with pytest.raises(ShapeError, match=r"decoder_rnn: cell.bias is \(9,\), expected \(3,\)"):
        DECODER_RNN.validate(replace(case.params, cell=cell), case.inputs)


def test_costs_grow_with_both_axes():
    """E05: the pairs' part is quadratic in the length."""
    cost = [ADDITIVE.flops(ADDITIVE.Dims(n, 1, n, 8, 8, 8), False) for n in (10, 20)]
    linear = 2 * 8 * 8 * 2
    pairs = [c - linear * n for c, n in zip(cost, (10, 20), strict=True)]
    assert pairs[1] == 4 * pairs[0]
    assert GENERAL.shapes(GENERAL.Dims(1, 1, 1, 3, 5, 0)) == {"weight": (3, 5)}
    assert GeneralParams.__dataclass_fields__.keys() == {"weight"}
