"""Deliberately broken LSTMs: each says which check must find it, and by which words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from seqbench.interfaces import Gradients, Implementation, Plan, SharedText
from seqbench.kernels.lstm import LSTM, LSTMParams
from seqbench.testing.reference import HostBackend


class WrongPlan(Plan):
    """The right plan; a subclass gets one thing wrong."""

    def __init__(self, dims: Any, dtype: str, grad: bool) -> None:
        self.right = SharedText(LSTM, HostBackend()).plan(dims, dtype, grad=grad)
        self.grad, self.nbytes = grad, self.right.nbytes

    def load(self, params: Any) -> None:
        self.params = params
        self.right.load(params)

    def forward(self, inputs: Any) -> Any:
        self.inputs = inputs
        return self.right.forward(inputs)

    def backward(self, d_outputs: Any) -> Gradients:
        return self.right.backward(d_outputs)


class Broken(Implementation):
    """An override of cell/lstm that hands out wrong plans."""

    tier = "own"

    def __init__(self, plan: type[WrongPlan]) -> None:
        self.contract, self.backend = LSTM, HostBackend()
        self.impl_id, self.dtypes = f"broken.{plan.__name__}", LSTM.dtypes
        self.make_plan = plan

    def _plan(self, dims: Any, dtype: str, *, grad: bool) -> Plan:
        return self.make_plan(dims, dtype, grad)


class CallsUnchecked(Broken):
    def __call__(self, params: Any, inputs: Any) -> Any:
        plan = self.plan(LSTM.dims(params, inputs), "float64")
        plan.load(params)
        return plan.forward(inputs)


class TakesContiguousArraysAlone(Broken):
    def __call__(self, params: Any, inputs: Any) -> Any:
        if not inputs.x.flags.c_contiguous:
            raise ValueError("x is strided")
        return super().__call__(params, inputs)


class TakesEveryDtype(Broken):
    def supports(self, dims: Any, dtype: str) -> str | None:
        return None


class NoForgetGateGradient(WrongPlan):
    def backward(self, d_outputs):
        d = super().backward(d_outputs)
        H = d.params.weight_hh.shape[1]
        rows = np.r_[0:H, 2 * H : 4 * H]
        cut = {}
        for name in ("weight_ih", "weight_hh", "bias"):
            cut[name] = np.zeros_like(getattr(d.params, name))
            cut[name][rows] = getattr(d.params, name)[rows]
        return Gradients(LSTMParams(**cut), d.inputs)


class IgnoresLengths(WrongPlan):
    def forward(self, inputs):
        full = np.full_like(inputs.lengths, len(inputs.x))
        return self.right.forward(replace(inputs, lengths=full))


class ZeroLengthZeroState(WrongPlan):
    def forward(self, inputs):
        out = super().forward(inputs)
        return replace(out, h=np.where(inputs.lengths[:, None] > 0, out.h, 0))


class ClearsPaddingInPlace(WrongPlan):
    def forward(self, inputs):
        inputs.x[np.arange(len(inputs.x))[:, None] >= inputs.lengths] = 0
        return super().forward(inputs)


class ScalesUpstreamInPlace(WrongPlan):
    def backward(self, d_outputs):
        gradients = super().backward(d_outputs)
        d_outputs.output[...] *= 2
        return gradients


class MultipliesByTheMask(WrongPlan):
    def forward(self, inputs):
        out = super().forward(inputs)
        return replace(out, output=out.output + 0 * inputs.x.sum(axis=2, keepdims=True))


class WidensToFloat64(WrongPlan):
    def forward(self, inputs):
        out = super().forward(inputs)
        return replace(out, output=out.output.astype("float64"))


class FortranOrder(WrongPlan):
    def forward(self, inputs):
        out = super().forward(inputs)
        return replace(out, output=np.asfortranarray(out.output))


class AccumulatesGradients(WrongPlan):
    total: Any = 0

    def backward(self, d_outputs):
        d = super().backward(d_outputs)
        self.total = self.total + d.params.bias
        return Gradients(replace(d.params, bias=self.total), d.inputs)


class KeepsTheFirstWeights(WrongPlan):
    def load(self, params):
        if not hasattr(self, "params"):
            super().load(replace(params, bias=params.bias.copy()))


class ReadsTheWholeCapacity(WrongPlan):
    def forward(self, inputs):
        return replace(super().forward(inputs), h=self.right._cache.hidden[-1])


class ForgetsInitialState(WrongPlan):
    def backward(self, d_outputs):
        d = super().backward(d_outputs)
        return Gradients(d.params, replace(d.inputs, c0=None))


class NeedsEveryUpstream(WrongPlan):
    def backward(self, d_outputs):
        return super().backward(replace(d_outputs, c=d_outputs.c.copy()))


class RoundsInInference(WrongPlan):
    def forward(self, inputs):
        out = super().forward(inputs)
        return out if self.grad else replace(out, c=out.c.round(3))


class DriftsWithUse(WrongPlan):
    calls = 0

    def forward(self, inputs):
        out = super().forward(inputs)
        DriftsWithUse.calls += 1
        return replace(out, h=out.h + DriftsWithUse.calls)


class MixesTheBatch(WrongPlan):
    def forward(self, inputs):
        out = super().forward(inputs)
        return replace(out, h=out.h + out.h[:1])


class TurnsNanIntoZero(WrongPlan):
    def forward(self, inputs):
        out = super().forward(inputs)
        return replace(out, **{n: np.nan_to_num(getattr(out, n)) for n in ("output", "h", "c")})


class Crashes(WrongPlan):
    def forward(self, inputs):
        raise IndexError("list index out of range")


@dataclass(frozen=True)
class Break:
    """`check` must fail on `make()` with `words` in its message."""

    make: Callable[[], Broken]
    check: str
    words: str


def _plan(plan: type[WrongPlan], check: str, words: str) -> Break:
    return Break(lambda: Broken(plan), check, words)


BREAKS = [
    _plan(NoForgetGateGradient, "gradients_equal_differences", "gradient of params.weight_ih"),
    _plan(NoForgetGateGradient, "gradients_equal_reference", "params.weight_ih differs"),
    _plan(IgnoresLengths, "forward_equals_reference", "lengths [3, 0, 6, 1]"),
    _plan(IgnoresLengths, "zero_length_returns_the_initial_state", "zero length: h"),
    _plan(ZeroLengthZeroState, "zero_length_returns_the_initial_state", "zero length: h"),
    _plan(ClearsPaddingInPlace, "arguments_stay_as_they_were", "inputs after the call: x"),
    _plan(ScalesUpstreamInPlace, "arguments_stay_as_they_were", "d_outputs after the call"),
    _plan(MultipliesByTheMask, "padding_changes_nothing", "with NaN as padding: output"),
    _plan(WidensToFloat64, "results_have_the_dtype_and_layout", "output is float64"),
    _plan(FortranOrder, "results_have_the_dtype_and_layout", "not C-contiguous"),
    _plan(AccumulatesGradients, "backward_is_repeatable", "second backward: params.bias"),
    _plan(KeepsTheFirstWeights, "plan_is_a_capacity", "forward of a used plan"),
    _plan(ReadsTheWholeCapacity, "plan_is_a_capacity", "forward of a used plan: h"),
    _plan(ReadsTheWholeCapacity, "shorter_batch_after_a_longer_one", "steps: h"),
    _plan(ForgetsInitialState, "gradients_equal_reference", "inputs.c0 is None"),
    _plan(ForgetsInitialState, "gradients_equal_differences", "inputs.c0 is None"),
    _plan(NeedsEveryUpstream, "missing_upstream_is_zero", "raised AttributeError"),
    _plan(RoundsInInference, "inference_equals_training", "forward with grad=False: c"),
    _plan(DriftsWithUse, "forward_is_deterministic", "second plan: h is not the same"),
    _plan(DriftsWithUse, "call_equals_plan", "calling it: h"),
    _plan(MixesTheBatch, "sequences_do_not_meet", "shuffled batch: h"),
    _plan(Crashes, "forward_equals_reference", "raised IndexError: list index"),
    Break(lambda: CallsUnchecked(WrongPlan), "mistakes_are_told", "expected ShapeError"),
    _plan(MixesTheBatch, "nan_stays_in_its_sequence", "another sequence holds NaN or infinity: "),
    _plan(TurnsNanIntoZero, "nan_stays_in_its_sequence", "numbers alone, expected NaN"),
    Break(lambda: TakesContiguousArraysAlone(WrongPlan), "layout_changes_nothing", "x is strided"),
    Break(lambda: TakesEveryDtype(WrongPlan), "foreign_dtype_is_refused", "expected a reason"),
]
