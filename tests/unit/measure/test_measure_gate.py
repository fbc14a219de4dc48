"""The gate lets through what is right and names the tensor that is wrong."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from seqbench.interfaces import SharedText, UnsupportedError
from seqbench.kernels.attention_decoder import DECODER_GRU
from seqbench.kernels.bleu import BLEU_STATS
from seqbench.kernels.gru import GRU
from seqbench.kernels.lstm import LSTM
from seqbench.kernels.nearest import NEIGHBOURS
from seqbench.kernels.optimizers import ADAM
from seqbench.measure.gate import correctness_gate, relative_error, share_that_differs
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


# -- kernels of every kind -------------------------------------------------------------------------


class Changed(SharedText):
    """The shared text with its outputs, or its updated parameters, changed afterwards."""

    change = staticmethod(lambda params, outputs: outputs)

    def _plan(self, dims, dtype, *, grad):
        plan = super()._plan(dims, dtype, grad=grad)
        right = plan.forward
        plan.forward = lambda inputs: self.change(plan._params, right(inputs))
        return plan


def changed(contract, change, dtype="float32", **sizes):
    impl = Changed(contract, HOST)
    impl.change = change
    work = draw(contract, sizes, dtype)
    return correctness_gate(impl, work.params, work.inputs, dtype)


def first_answers_off(params, outputs):
    outputs.ids[:2] += 1
    return outputs


def test_ids_may_differ_in_few_places_where_floats_decide():
    """Near ties of float32 scores; in float64 there are none."""
    few = changed(NEIGHBOURS, first_answers_off, N=400, V=500, E=8, K=10)
    assert (few.gate, few.errors["ids"]) == ("fail", pytest.approx(20 / 4000))
    one = changed(NEIGHBOURS, first_answers_off, N=2000, V=500, E=8, K=10)
    assert (one.gate, one.errors["ids"]) == ("pass", pytest.approx(20 / 20_000))
    exact = changed(NEIGHBOURS, first_answers_off, dtype="float64", N=2000, V=500, E=8, K=10)
    assert exact.gate == "fail"
    assert exact.reasons[0].startswith(
        "host.shared: ids differs from the float64 shared text by 0.001 of its entries, allowed 0"
    )


def test_counts_of_ids_are_exact():
    def one_more(params, outputs):
        outputs.matches[0, 0] += 1
        return outputs

    assert changed(BLEU_STATS, lambda params, outputs: outputs, N=900).gate == "pass"
    assert changed(BLEU_STATS, one_more, N=900).gate == "fail"


def test_state_that_is_updated_in_place_is_held_too():
    def other_moment(params, outputs):
        params.m[0] += 1
        return outputs

    report = changed(ADAM, other_moment, N=9)
    assert report.gate == "fail"
    assert {"weight", "params.weight", "params.m", "params.v"} == set(report.errors)
    assert report.reasons[0].startswith("host.shared: params.m differs")


def test_nested_gradients_are_named_by_their_path():
    work = draw(DECODER_GRU, {"T": 2, "B": 2, "Tx": 3, "E": 3, "A": 4, "D": 3, "H": 3})
    report = correctness_gate(
        SharedText(DECODER_GRU, HOST), work.params, work.inputs, "float32", work.d_outputs
    )
    assert report.gate == "pass"
    assert {"d_params.cell.weight_ih", "d_params.attention.v", "d_inputs.memory"} <= set(
        report.errors
    )


def test_shares_that_differ_by_hand():
    assert share_that_differs(np.array([1, 2, 3, 4]), np.array([1, 2, 3, 5])) == 0.25
    assert share_that_differs(np.array([1]), np.array([1, 2])) == float("inf")
    assert share_that_differs(np.zeros(0, int), np.zeros(0, int)) == 0.0
