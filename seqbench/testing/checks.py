"""The checks that every implementation of every contract must pass; pytest only wraps them.

Each runs on all sizes and dtypes that the implementation serves. Optimizers overwrite their
parameters by contract, so what would forbid that is not asked of them.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

from seqbench.interfaces import Contract, Implementation, UnsupportedError, is_c_contiguous

from . import checks_cells, checks_values
from .cases import InputCase
from .check import CHECKS, Check, check
from .comparing import GRADIENT_TOLERANCES, TOLERANCES, CheckFailure, require_equal
from .gradients import check_gradients
from .reference import reference
from .running import (
    differentiable,
    dims_of,
    forward_of,
    gradients_of,
    planned,
    scaled,
    upstream,
)
from .trees import cast, is_array, named_arrays, on_host

__all__ = ["CHECKS", "Check", "checks_cells", "checks_for", "checks_values"]

CAPACITY_AXES = ("T", "Tq", "Tx", "N")
FOREIGN_DTYPE = "complex64"
GRAD_SIZES = ("tiny", "odd", "one", "step", "padded")


def checks_for(impl: Implementation) -> list[Check]:
    """The checks that mean something for this implementation's contract."""
    return [c for c in CHECKS if c.applies(impl.contract)]


def _graded(contract: Contract) -> bool:
    return contract.backward is not None


def _pure(contract: Contract) -> bool:
    """Whether forward leaves what it was given alone: all but optimizers."""
    return not contract.in_place


@check()
def forward_equals_reference(impl: Implementation, case: InputCase) -> None:
    expected = forward_of(reference(impl.contract), case.cast("float64"))
    require_equal("forward", forward_of(impl, case), expected, TOLERANCES[case.dtype])


@check(_graded)
def gradients_equal_reference(impl: Implementation, case: InputCase) -> None:
    exact = reference(impl.contract)
    exact_case = case.cast("float64")
    d_outputs = upstream(case, forward_of(exact, exact_case))  # in the case's dtype
    exact_d = cast(d_outputs, "float64")
    _, expected = gradients_of(exact, exact_case, exact_d)
    _, actual = gradients_of(impl, case, d_outputs)
    require_equal("gradient", actual, expected, GRADIENT_TOLERANCES[case.dtype])


@check(_graded, dtypes=("float64",), sizes=GRAD_SIZES)
def gradients_equal_differences(impl: Implementation, case: InputCase) -> None:
    check_gradients(impl, case)


@check(_graded)
def missing_upstream_is_zero(impl: Implementation, case: InputCase) -> None:
    """A field of d_outputs may be None: the same as zeros."""
    full = upstream(case, forward_of(impl, case))
    given = [f.name for f in fields(full) if is_array(getattr(full, f.name))]
    for name in given if len(given) > 1 else []:
        zero = replace(full, **{name: getattr(full, name) * 0})
        _, expected = gradients_of(impl, case, zero)
        _, actual = gradients_of(impl, case, replace(full, **{name: None}))
        tolerance = GRADIENT_TOLERANCES[case.dtype]
        require_equal(f"gradient with d_outputs.{name} = None", actual, expected, tolerance)


@check(_pure)
def padding_changes_nothing(impl: Implementation, case: InputCase) -> None:
    """NaN past the lengths: neither outputs nor gradients may see it."""
    if case.padding is None:
        return
    clean, dirty = case.filled(0.0), case.filled(float("nan"))
    tolerance = TOLERANCES[case.dtype]
    expected = forward_of(impl, clean)
    require_equal("forward with NaN as padding", forward_of(impl, dirty), expected, tolerance)
    if differentiable(impl):
        d_outputs = upstream(case, expected)
        _, expected = gradients_of(impl, clean, d_outputs)
        _, actual = gradients_of(impl, dirty, d_outputs)
        tolerance = GRADIENT_TOLERANCES[case.dtype]
        require_equal("gradient with NaN as padding", actual, expected, tolerance)


@check(_pure)
def plan_is_a_capacity(impl: Implementation, case: InputCase) -> None:
    """A plan made for longer axes, and used before on other numbers, gives the same."""
    dims = dims_of(impl, case)
    longer = {a: getattr(dims, a) + 3 for a in CAPACITY_AXES if hasattr(dims, a)}
    plan = planned(impl, scaled(case, 0.5), grad=True, dims=dims._replace(**longer))
    outputs = plan.forward(scaled(case, 0.5).inputs)
    d_outputs = upstream(case, outputs)
    if differentiable(impl):
        plan.backward(d_outputs)
    plan.load(case.params)
    tolerance = TOLERANCES[case.dtype]
    actual = plan.forward(case.inputs)
    require_equal("forward of a used plan", actual, forward_of(impl, case), tolerance)
    if differentiable(impl):
        _, expected = gradients_of(impl, case, d_outputs)
        actual = plan.backward(d_outputs)
        tolerance = GRADIENT_TOLERANCES[case.dtype]
        require_equal("gradient of a used plan", actual, expected, tolerance)


@check(_graded)
def inference_equals_training(impl: Implementation, case: InputCase) -> None:
    """A plan without gradients may keep less, not compute something else."""
    trained = planned(impl, case, grad=True).forward(case.inputs)
    tolerance = TOLERANCES[case.dtype]
    require_equal("forward with grad=False", forward_of(impl, case), trained, tolerance)


@check(_pure)
def call_equals_plan(impl: Implementation, case: InputCase) -> None:
    """`impl(params, inputs)`, the public entry, is validate, plan, load and forward."""
    plan = planned(impl, case)
    expected = plan.forward(case.inputs)
    called = on_host(impl(plan.params, plan.inputs), impl.backend)
    require_equal("calling it", called, expected, 0.0)


@check(_pure)
def arguments_stay_as_they_were(impl: Implementation, case: InputCase) -> None:
    plan = planned(impl, case, grad=True)
    outputs = plan.forward(case.inputs)
    if differentiable(impl):
        d_outputs = upstream(case, outputs)
        plan.backward(d_outputs)
        _require_intact("d_outputs", impl, plan.d_outputs, d_outputs)
    _require_intact("params", impl, plan.params, case.params)
    _require_intact("inputs", impl, plan.inputs, case.inputs)


def _require_intact(what: str, impl: Implementation, device: Any, host: Any) -> None:
    require_equal(f"{what} after the call", on_host(device, impl.backend), host, 0.0)


@check(_graded)
def backward_is_repeatable(impl: Implementation, case: InputCase) -> None:
    """It overwrites, it does not accumulate."""
    plan = planned(impl, case, grad=True)
    d_outputs = upstream(case, plan.forward(case.inputs))
    first = plan.backward(d_outputs)
    require_equal("the second backward", plan.backward(d_outputs), first, 0.0)


@check()
def forward_is_deterministic(impl: Implementation, case: InputCase) -> None:
    first = forward_of(impl, case)
    require_equal("forward of a second plan", forward_of(impl, case), first, 0.0)
    if _pure(impl.contract):
        plan = planned(impl, case)
        plan.forward(case.inputs)
        require_equal("the second forward", plan.forward(case.inputs), first, 0.0)


@check()
def results_have_the_dtype_and_layout(impl: Implementation, case: InputCase) -> None:
    """Floating results in the inputs' dtype, integers as the shared text's; C-contiguous."""
    plan = planned(impl, case, grad=True)
    outputs = plan.forward(case.inputs)
    _require_dtypes("outputs", outputs, _shared_outputs(impl, case))
    _require_contiguous("outputs", plan.outputs)
    if differentiable(impl):
        gradients = plan.backward(upstream(case, outputs))
        _require_dtypes("gradients of params", gradients.params, case.params)
        _require_dtypes("gradients of inputs", gradients.inputs, case.inputs)
        _require_contiguous("gradients", plan.gradients)


def _shared_outputs(impl: Implementation, case: InputCase) -> Any:
    """The shared text's; cast to a dtype that it does not serve itself."""
    shared = reference(impl.contract)
    if case.dtype in shared.dtypes:
        return forward_of(shared, case)
    return cast(forward_of(shared, case.cast("float64")), case.dtype)


def _require_dtypes(what: str, actual: Any, expected: Any) -> None:
    wanted = dict(named_arrays(expected))
    for name, array in named_arrays(actual):
        if name not in wanted:
            raise CheckFailure(f"{what}: {name} is an array, expected None")
        if array.dtype != wanted[name].dtype:
            raise CheckFailure(f"{what}: {name} is {array.dtype}, expected {wanted[name].dtype}")
        if array.shape != wanted[name].shape:
            raise CheckFailure(f"{what}: {name} is {array.shape}, expected {wanted[name].shape}")


def _require_contiguous(what: str, tree: Any) -> None:
    for name, array in named_arrays(tree):
        if not is_c_contiguous(array):
            raise CheckFailure(f"{what}: {name} {tuple(array.shape)} is not C-contiguous")


@check(once=True)
def foreign_dtype_is_refused(impl: Implementation, case: InputCase) -> None:
    """A dtype nobody has: `supports` tells the reason, `plan` raises it; no silent cast."""
    dims = dims_of(impl, case)
    if impl.supports(dims, FOREIGN_DTYPE) is None:
        raise CheckFailure(f"supports({FOREIGN_DTYPE}) is None, expected a reason")
    try:
        impl.plan(dims, FOREIGN_DTYPE)
    except UnsupportedError as error:
        if FOREIGN_DTYPE not in str(error):
            raise CheckFailure(f"the error does not name {FOREIGN_DTYPE}: {error}") from error
        return
    raise CheckFailure(f"plan({FOREIGN_DTYPE}) raised nothing, expected UnsupportedError")


@check(once=True)
def costs_are_told(impl: Implementation, case: InputCase) -> None:
    """FLOP and bytes are positive integers, backward adds to both, and a plan knows its memory."""
    contract, dims = impl.contract, dims_of(impl, case)
    item = {"float64": 8, "float32": 4, "float16": 2, "bfloat16": 2}[case.dtype]
    costs = {
        "flops": [contract.flops(dims, grad) for grad in (False, True)],
        "bytes": [contract.bytes(dims, grad, item) for grad in (False, True)],
    }
    for name, (forward, both) in costs.items():
        if not (isinstance(forward, int) and isinstance(both, int) and 0 < forward <= both):
            raise CheckFailure(
                f"{name} are {forward!r} forward and {both!r} with backward, "
                "expected integers, 0 < forward <= with backward"
            )
    nbytes = impl.plan(dims, case.dtype, grad=differentiable(impl)).nbytes
    if not isinstance(nbytes, int) or nbytes < 0:
        raise CheckFailure(f"plan.nbytes is {nbytes!r}, expected an integer of at least 0")
