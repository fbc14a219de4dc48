"""The gate lets through what is right and names the tensor that is wrong."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from seqbench.interfaces import SharedText, UnsupportedError
from seqbench.kernels.gru import GRU
from seqbench.kernels.lstm import LSTM
from seqbench.measure.gate import correctness_gate, relative_error
from seqbench.measure.host_arrays import HOST
from seqbench.measure.workloads import draw

DIMS = GRU.Dims(T=4, B=3, I=5, H=6)


def gate(impl, dtype="float32", grad=True):
    work = draw(impl.contract, DIMS._asdict(), dtype)
    d_outputs = work.d_outputs if grad else None
    return correctness_gate(impl, work.params, work.inputs, dtype, d_outputs)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("contract", [GRU, LSTM], ids=lambda c: c.name)
def test_the_shared_text_passes(contract, dtype):
    report = gate(SharedText(contract, HOST), dtype)
    assert (report.gate, report.reasons) == ("pass", [])
    biases = {"d_params.bias_ih", "d_params.bias_hh"} if contract is GRU else {"d_params.bias"}
    memory = {"c", "d_inputs.c0"} if contract is LSTM else set()
    assert set(report.errors) == biases | memory | {
        "output",
        "h",
        "d_params.weight_ih",
        "d_params.weight_hh",
        "d_inputs.x",
        "d_inputs.h0",
    }
    # float32 rounds, float64 repeats the very same operations
    assert (max(report.errors.values()) > 0) == (dtype == "float32")


def test_the_reference_computes_in_float64_throughout():
    seen = []

    def forward(params, inputs, cache, *, backend):
        tensors = (params.weight_hh, inputs.x, inputs.h0, cache.hidden)
        seen.append({str(tensor.dtype) for tensor in tensors})
        return GRU.forward(params, inputs, cache, backend=backend)

    gate(SharedText(replace(GRU, forward=forward), HOST), grad=False)
    assert seen[-2:] == [{"float32"}, {"float64"}]  # the first draws upstream gradients


def test_without_upstream_gradients_forward_alone_is_held():
    assert set(gate(SharedText(GRU, HOST), grad=False).errors) == {"output", "h"}


def broken(**changes):
    """The reference is the contract's text, so break what the backend computes, not the text."""

    class Wrong(SharedText):
        def _plan(self, dims, dtype, *, grad):
            plan = super()._plan(dims, dtype, grad=grad)
            for name, change in changes.items():
                right = getattr(plan, name)
                setattr(plan, name, lambda tree, right=right, change=change: change(right(tree)))
            return plan

    impl = Wrong(GRU, HOST)
    impl.impl_id = "numpy.wrong"
    return impl


def test_a_wrong_output_fails_and_is_named():
    report = gate(broken(forward=lambda out: replace(out, h=out.h * np.float32(1.001))))
    assert report.gate == "fail"
    assert report.errors["h"] == pytest.approx(1e-3, rel=1e-2)
    assert report.reasons == [
        "numpy.wrong: h differs from the float64 shared text by 0.001 of its largest value, "
        "allowed 1e-05; run `seqbench check host`"
    ]


def test_a_gradient_that_is_missing_or_not_finite_fails():
    def without_x(gradients):
        return gradients._replace(inputs=replace(gradients.inputs, x=None))

    report = gate(broken(backward=without_x))
    assert report.errors["d_inputs.x"] == float("inf")

    def with_nan(gradients):
        weights = gradients.params.weight_hh * np.float32("nan")
        return gradients._replace(params=replace(gradients.params, weight_hh=weights))

    report = gate(broken(backward=with_nan))
    assert report.gate == "fail"
    assert "d_params.weight_hh differs" in report.reasons[0]


def test_gradients_in_float32_may_be_ten_times_further_off():
    def off(gradients):
        weights = gradients.params.weight_hh * np.float32(1 + 5e-5)
        return gradients._replace(params=replace(gradients.params, weight_hh=weights))

    assert gate(broken(backward=off)).gate == "pass"
    assert gate(broken(forward=lambda o: replace(o, h=o.h * np.float32(1 + 5e-5)))).gate == "fail"


def test_a_dtype_without_a_tolerance_is_refused():
    work = draw(GRU, DIMS._asdict())
    with pytest.raises(UnsupportedError, match="no tolerance for int8, expected one of float64"):
        correctness_gate(SharedText(GRU, HOST), work.params, work.inputs, "int8")
    with pytest.raises(UnsupportedError, match="no tolerance for gradients in float16, expected"):
        correctness_gate(SharedText(GRU, HOST), work.params, work.inputs, "float16", work.d_outputs)


def test_relative_error_by_hand():
    expected = np.array([1.0, -4.0])
    assert relative_error(np.array([1.0, -3.0]), expected) == 0.25
    assert relative_error(np.array([1.0, -4.0, 0.0]), expected) == float("inf")
    assert relative_error(np.array([np.nan, 0.0]), np.array([np.nan, 0.0])) == float("inf")
    assert relative_error(np.array([np.inf, 1.0]), np.array([np.inf, 2.0])) == 0.5
    assert relative_error(np.array([np.inf, 1.0]), np.array([-np.inf, 1.0])) == float("inf")
    assert relative_error(np.array([np.inf, 1.0]), np.array([3.0, 1.0])) == float("inf")
    assert relative_error(np.array([0.5]), np.array([0.0])) == 0.5
    assert relative_error(np.zeros((0, 2)), np.zeros((0, 2))) == 0.0
