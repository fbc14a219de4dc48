"""The kit's own parts: errors between arrays, walks over trees, cases, gradient messages."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from seqbench.interfaces import Gradients, UnsupportedError
from seqbench.kernels._cell import CellInputs
from seqbench.kernels.gru import GRU, GRUParams
from seqbench.kernels.lstm import LSTM
from seqbench.testing.cases import SIZES, InputCase, builder, cases, pad_time
from seqbench.testing.comparing import CheckFailure, relative_error, require_equal
from seqbench.testing.gradients import check_gradients
from seqbench.testing.reference import reference
from seqbench.testing.running import scaled, upstream
from seqbench.testing.trees import cast, named_arrays, on_device, on_host, tree_map


def test_relative_error_is_of_the_largest_value():
    assert relative_error(np.array([1.0, 3.9]), np.array([1.0, 4.0])) == pytest.approx(0.025)
    assert relative_error(np.zeros((0, 3)), np.zeros((0, 3))) == 0.0


def test_relative_error_over_zeros_is_over_the_floor():
    assert relative_error(np.array([1e-12]), np.array([0.0])) == pytest.approx(1e-9)


@pytest.mark.parametrize(
    ("actual", "expected", "error"),
    [
        (math.inf, math.inf, 0.0),
        (-math.inf, math.inf, math.inf),
        (math.nan, math.nan, 0.0),
        (math.nan, 1.0, math.inf),
        (1.0, math.nan, math.inf),
        (math.inf, 1.0, math.inf),
    ],
)
def test_relative_error_wants_the_same_infinities_and_nans(actual, expected, error):
    assert relative_error(np.array([2.0, actual]), np.array([2.0, expected])) == error


def test_require_equal_tells_the_field_the_index_and_both_values():
    a = CellInputs(np.array([[1.0, 2.0]]), np.array([1], np.int32), np.array([1.0]))
    b = replace(a, x=np.array([[1.0, 2.5]]))
    words = r"outputs: x differs by 0.2 of its largest value, allowed 0.1; at \[0, 1\] it is 2.0, "
    with pytest.raises(CheckFailure, match=words + "expected 2.5"):
        require_equal("outputs", a, b, 0.1)
    require_equal("outputs", a, b, 0.3)


def test_require_equal_is_exact_for_integers_and_at_tolerance_zero():
    with pytest.raises(CheckFailure, match=r"ids is not the same; at \[1\] it is 3, expected 4"):
        require_equal("ids", np.array([1, 3]), np.array([1, 4]), 0.5)
    with pytest.raises(CheckFailure, match="is not the same"):
        require_equal("x", np.array([1.0]), np.array([1.0 + 1e-15]), 0.0)
    require_equal("x", np.array([np.nan]), np.array([np.nan]), 0.0)


def test_require_equal_tells_shapes_and_absent_arrays():
    a = CellInputs(np.ones(2), None, np.ones(2))
    with pytest.raises(CheckFailure, match=r"d: x is \(2,\), expected \(3,\)"):
        require_equal("d", a, replace(a, x=np.ones(3)), 1.0)
    with pytest.raises(CheckFailure, match=r"d: h0 is None, expected an array \(2,\)"):
        require_equal("d", replace(a, h0=None), a, 1.0)
    with pytest.raises(CheckFailure, match="d: h0 is an array, expected None"):
        require_equal("d", a, replace(a, h0=None), 1.0)


def test_trees_are_walked_in_field_order():
    tree = Gradients({"w": np.ones(1)}, [CellInputs(np.ones(2), None, np.ones(3)), 7])
    assert [n for n, _ in named_arrays(tree)] == ["params.w", "inputs.0.x", "inputs.0.h0"]
    doubled = tree_map(lambda a: 2 * a, tree)
    assert isinstance(doubled, Gradients)
    assert doubled.inputs[1] == 7
    assert doubled.params["w"] == 2


def test_cast_leaves_integers_and_the_original():
    x, lengths = np.ones(2), np.ones(2, np.int32)
    made = cast(CellInputs(x, lengths, x), "float32")
    assert (made.x.dtype, made.lengths.dtype, x.dtype) == (np.float32, np.int32, np.float64)
    assert made.lengths is not lengths


def test_device_and_host_trees_are_copies():
    backend, x = reference(GRU).backend, np.ones(2)
    device = on_device({"x": x}, backend)["x"]
    host = on_host({"x": device}, backend)["x"]
    device[0] = 5.0
    assert (x[0], host[0]) == (1.0, 1.0)


def test_cases_are_the_same_for_the_same_seed():
    first, again, other = cases(LSTM), cases(LSTM), cases(LSTM, seed=1)
    assert [c.size for c in first] == list(SIZES)
    require_equal("again", again[1].params, first[1].params, 0.0)
    assert (other[1].params.bias != first[1].params.bias).any()


def test_cell_cases_cover_lengths_and_states():
    padded = cases(LSTM, ["padded"], dtype="float32")[0]
    lengths = padded.inputs.lengths
    assert lengths.dtype == np.int32
    assert (lengths.min(), lengths.max()) == (0, len(padded.inputs.x))
    assert np.abs(padded.inputs.c0).min() > 0
    assert str(padded) == "cell/lstm[padded,float32]"
    assert cases(GRU, ["empty"])[0].inputs.x.shape == (3, 0, 3)


def test_filling_touches_padding_alone():
    case = cases(GRU, ["padded"])[0]
    filled = case.filled(np.nan).inputs
    for b, length in enumerate(case.inputs.lengths):
        np.testing.assert_array_equal(filled.x[:length, b], case.inputs.x[:length, b])
        assert np.isnan(filled.x[length:, b]).all()
    assert not np.isnan(case.inputs.x).any()


def test_scaled_and_upstream():
    case = cases(GRU, ["tiny"], dtype="float32")[0]
    half = scaled(case, 0.5)
    assert half.inputs.x.dtype == np.float32
    np.testing.assert_array_equal(half.inputs.lengths, case.inputs.lengths)
    d_outputs = upstream(case, reference(GRU)(case.params, case.inputs))
    assert (d_outputs.output.dtype, d_outputs.c) == (np.float32, None)


def test_a_builder_may_have_no_case_of_a_size():
    contract = replace(GRU, kind="feature", name="from_a_test")

    @builder("feature/from_a_test", padding=pad_time("x"), graded=("h",))
    def _(rng, size):
        case = cases(GRU, [size])[0]
        return (case.params, case.inputs) if size == "tiny" else None

    made = cases(contract)
    assert [(c.size, c.graded) for c in made] == [("tiny", ("h",))]


def test_a_contract_without_a_builder_says_what_to_write():
    with pytest.raises(UnsupportedError, match=r"no cases for loss/hinge; write a builder with"):
        cases(replace(GRU, kind="loss", name="hinge"))


class Wrong:
    """GRU's shared text with one gradient replaced."""

    def __new__(cls, change):
        right = GRU.backward

        def backward(*args, **kwargs):
            return change(right(*args, **kwargs))

        return reference(replace(GRU, backward=backward))


def padded_case() -> InputCase:
    return cases(GRU, ["padded"])[0]


@pytest.mark.parametrize("name", ["weight_ih", "weight_hh", "bias_ih", "bias_hh"])
def test_the_field_that_is_off_is_named(name):
    def change(d):
        wrong: GRUParams = replace(d.params, **{name: getattr(d.params, name) * 1.00001})
        return Gradients(wrong, d.inputs)

    with pytest.raises(CheckFailure, match=f"gradient of params.{name}: backward gives"):
        check_gradients(Wrong(change), padded_case())


def test_a_field_without_a_gradient_is_told_unless_it_is_constant():
    impl = Wrong(lambda d: Gradients(d.params, replace(d.inputs, h0=None)))
    with pytest.raises(CheckFailure, match=r"gradient of inputs.h0 is None, expected an array"):
        check_gradients(impl, padded_case())
    check_gradients(impl, replace(padded_case(), constants=("h0",)))


def test_a_gradient_of_another_shape_is_told():
    impl = Wrong(lambda d: Gradients(d.params, replace(d.inputs, h0=d.inputs.h0[:1])))
    with pytest.raises(CheckFailure, match=r"gradient of inputs.h0 is \(1, 4\), expected \(4, 4\)"):
        check_gradients(impl, padded_case())
