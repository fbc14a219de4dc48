"""The suite can fail: every deliberate mistake is found by the check that looks for it."""

from __future__ import annotations

import types
from dataclasses import replace
from typing import ClassVar

import pytest
from broken import BREAKS, Broken, Crashes, IgnoresLengths, RoundsInInference, WrongPlan

from seqbench.interfaces import (
    Plan,
    PluginUnavailableError,
    SharedText,
    UnknownNameError,
    UnsupportedError,
)
from seqbench.kernels.lstm import LSTM
from seqbench.testing.cases import cases
from seqbench.testing.checks import checks_for
from seqbench.testing.comparing import CheckFailure
from seqbench.testing.conformance import (
    BackendConformance,
    conformance_of,
    run_check,
    run_conformance,
)
from seqbench.testing.reference import HostBackend, reference


def check_named(name, impl):
    return next(c for c in checks_for(impl) if c.name == name)


@pytest.mark.parametrize("case", BREAKS, ids=lambda b: f"{b.make().impl_id}-{b.check}")
def test_the_right_check_finds_it(case):
    impl = case.make()
    with pytest.raises(CheckFailure) as failure:
        check_named(case.check, impl)(impl)
    assert case.words in str(failure.value)
    assert f"{case.check} of {impl.impl_id} on cell/lstm[" in str(failure.value)


def test_every_check_is_seen_failing():
    """A new check needs a mistake that it finds; costs have a test of their own below."""
    names = {c.name for c in checks_for(Broken(WrongPlan))}
    assert names - {b.check for b in BREAKS} == {"costs_are_told"}


def test_costs_must_be_positive_integers():
    class NoMemory(WrongPlan):
        def __init__(self, *args):
            super().__init__(*args)
            self.nbytes = None

    impl = Broken(NoMemory)
    with pytest.raises(CheckFailure, match=r"plan.nbytes is None, expected an integer"):
        check_named("costs_are_told", impl)(impl)


def test_nothing_else_fails_where_nothing_is_wrong():
    report = run_conformance([Broken(WrongPlan)])
    assert report.ok, report.failures
    assert report.summary() == "20 checks: 20 pass"


def test_the_smallest_failing_case_is_told():
    row = run_check(check_named("forward_equals_reference", Broken(Crashes)), Broken(Crashes))
    assert row.status == "fail"
    assert (
        "on cell/lstm[one,float32] (x (1, 1, 3), lengths [1], h0 (1, 4), c0 (1, 4))" in row.message
    )


def test_a_known_failure_is_no_failure():
    key = ("cell/lstm", "inference_equals_training")
    report = run_conformance([Broken(RoundsInInference)], {key: "issue 12"})
    row = next(r for r in report.rows if r.check == key[1])
    assert (row.status, row.message) == ("known", "issue 12")


def test_a_known_failure_that_passes_is_an_error():
    key = ("cell/lstm", "inference_equals_training", "broken.WrongPlan")
    report = run_conformance([Broken(WrongPlan)], {key: "issue 12"})
    assert [r.check for r in report.failures] == ["inference_equals_training"]
    assert "remove its known failure (issue 12)" in report.failures[0].message


def test_a_known_failure_must_name_a_check():
    report = run_conformance([Broken(WrongPlan)], {("cell/lstm", "no_such_check"): "?"})
    assert "no such check was run; remove ('cell/lstm', 'no_such_check')" in (
        report.failures[0].message
    )


def test_refused_sizes_are_told():
    class Picky(Broken):
        def supports(self, dims, dtype):
            return "T must be 1" if dims.T > 1 else super().supports(dims, dtype)

    impl = Picky(WrongPlan)
    row = run_check(check_named("forward_equals_reference", impl), impl)
    assert row.status == "partial"
    assert "cell/lstm[tiny,float32]: broken.WrongPlan: T must be 1" in row.message


def test_a_check_without_a_case_is_skipped():
    impl = Broken(WrongPlan)
    impl.dtypes = ("float32",)
    check = check_named("gradients_equal_differences", impl)
    assert run_check(check, impl).status == "skipped"


def test_a_contract_without_cases_fails_once():
    contract = replace(LSTM, kind="loss", name="nobody")
    report = run_conformance([SharedText(contract, HostBackend())])
    assert [r.check for r in report.rows] == ["cases"]
    assert "write a builder with @seqbench.testing.cases.builder('loss/nobody')" in (
        report.rows[0].message
    )


class FakeRegistry:
    """One contract that is served, one that the backend lacks, one that cannot be loaded."""

    def contracts(self):
        return dict.fromkeys(("cell/lstm", "cell/rnn", "loss/broken"))

    def kernels(self, backend):
        def get(kind, name):
            if name == "lstm":
                return Broken(WrongPlan)
            if name == "rnn":
                raise UnknownNameError("backend 'mine' does not have cell/rnn")
            raise PluginUnavailableError("mine.loss:X cannot be loaded: no module mine.loss")

        return types.SimpleNamespace(get=get)


def test_conformance_of_a_backend_leaves_out_what_it_lacks_and_tells_what_is_broken():
    report = conformance_of("mine", FakeRegistry())
    assert {r.contract for r in report.rows} == {"cell/lstm", "loss/broken"}
    assert [(r.check, r.status) for r in report.rows if r.contract == "loss/broken"] == [
        ("load", "fail")
    ]
    assert not report.ok


def test_an_empty_report_is_not_ok():
    report = run_conformance([])
    assert not report.ok
    assert report.summary() == "0 checks: nothing was checked"


class Mine(BackendConformance):
    backend = "mine"

    @classmethod
    def implementations(cls):
        return [Broken(IgnoresLengths)]


def test_the_pytest_class_fails_with_the_message():
    impl = Mine.implementations()[0]
    with pytest.raises(CheckFailure, match="zero length: h"):
        Mine().test_conformance(impl, check_named("zero_length_returns_the_initial_state", impl))


def test_the_pytest_class_refuses_known_failures_that_name_nothing():
    class Stale(Mine):
        known_failures: ClassVar = {("cell/gru", "forward_equals_reference"): "?"}

    with pytest.raises(CheckFailure, match="name no check of mine"):
        Stale().test_known_failures_name_checks()


def test_a_case_without_padding_says_so():
    case = cases(LSTM, ["tiny"])[0]
    bare = type(case)(case.key, case.size, case.params, case.inputs)
    with pytest.raises(UnsupportedError, match="cell/lstm has no padding to fill"):
        bare.filled(0.0)


def test_the_reference_is_the_shared_text():
    assert isinstance(reference(LSTM), SharedText)
    assert isinstance(reference(LSTM).plan(LSTM.Dims(1, 1, 1, 1)), Plan)
