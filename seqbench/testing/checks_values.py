"""Checks of what a kernel is given: strided views, NaN and infinities, state updated in place."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np

from seqbench.interfaces import Contract, Implementation, ShapeError

from .cases import InputCase
from .check import check
from .comparing import GRADIENT_TOLERANCES, TOLERANCES, CheckFailure, require_equal
from .reference import reference
from .running import differentiable, dims_of, forward_of, gradients_of, planned, upstream
from .trees import is_floating, on_device, on_host, tree_map

BY_SEQUENCE = ("cell", "attention", "loss")
"""Kinds whose batch is of sequences that know nothing of each other."""

TIME_AXES = ("T", "Tq", "Tx")
FULL_BATCHES = ("odd", "padded")
"""Cases with several sequences, and T other than B."""


def _pure(contract: Contract) -> bool:
    return not contract.in_place


def _in_place(contract: Contract) -> bool:
    return contract.in_place


def _strided(tree: Any, impl: Implementation) -> Any:
    """The same device arrays as views of every second number of longer ones."""

    def stretch(array: Any) -> Any:
        if array.ndim == 0:
            return impl.backend.to_device(array)
        return impl.backend.to_device(np.repeat(array, 2, axis=-1))[..., ::2]

    return tree_map(stretch, tree)


@check(_pure)
def layout_changes_nothing(impl: Implementation, case: InputCase) -> None:
    """Strided views given to the public entry are copied: the same bits come out."""
    plain = impl(*on_device((case.params, case.inputs), impl.backend))
    expected = on_host(plain, impl.backend)
    given = _strided(case.params, impl), _strided(case.inputs, impl)
    actual = on_host(impl(*given), impl.backend)
    require_equal("calling it with strided views", actual, expected, 0.0)


@check(_in_place, sizes=("tiny",))
def strided_params_are_refused(impl: Implementation, case: InputCase) -> None:
    """A copy would be updated in place of what the caller holds."""
    inputs = on_device(case.inputs, impl.backend)
    try:
        impl(_strided(case.params, impl), inputs)
    except ShapeError as error:
        if "strided view" in str(error):
            return
        raise CheckFailure(f"the error does not tell the strided view: {error}") from error
    raise CheckFailure("strided Params raised nothing, expected ShapeError")


@check(_in_place)
def params_are_updated_in_place(impl: Implementation, case: InputCase) -> None:
    """Weights and state alike are what the shared text makes of them, in the caller's arrays."""
    exact = planned(reference(impl.contract), case.cast("float64"))
    exact.forward(case.cast("float64").inputs)
    plan = planned(impl, case)
    plan.forward(case.inputs)
    updated = on_host(plan.params, impl.backend)
    require_equal("Params after the call", updated, exact.params, TOLERANCES[case.dtype])


@check(lambda contract: contract.kind == "optimizer")
def nan_stays_in_its_weight(impl: Implementation, case: InputCase) -> None:
    """NaN in one number of the gradient spoils that weight and no other."""
    if case.inputs.gradient.size == 0:
        return
    spoilt = replace(case.inputs, gradient=case.inputs.gradient.copy())
    spoilt.gradient[-1] = np.nan
    expected = forward_of(impl, case).weight
    expected[-1] = np.nan
    actual = forward_of(impl, replace(case, inputs=spoilt)).weight
    require_equal("NaN in one gradient: weight", actual, expected, TOLERANCES[case.dtype])


@check(lambda contract: contract.kind in BY_SEQUENCE, sizes=FULL_BATCHES)
def nan_stays_in_its_sequence(impl: Implementation, case: InputCase) -> None:
    """NaN or infinity in one sequence reaches no other, and NaN does not become a number."""
    dims = dims_of(impl, case)
    if not hasattr(dims, "B"):
        return
    if hasattr(case.inputs, "reduction"):
        case = replace(case, inputs=replace(case.inputs, reduction="none"))
    spoilt_one = _longest(case.inputs)
    others = np.arange(dims.B) != spoilt_one
    with np.errstate(all="ignore"):
        for value in (np.nan, np.inf):
            spoilt = replace(case, inputs=_spoilt(case, dims, spoilt_one, value))
            _require_others(impl, case, spoilt, dims, others)
            if np.isnan(value):
                _require_nan(forward_of(impl, spoilt), dims, spoilt_one)


def _longest(inputs: Any) -> int:
    """The sequence that has the most steps, whatever its lengths are called."""
    names = [f.name for f in fields(inputs) if f.name.endswith("lengths")]
    return int(np.argmax(getattr(inputs, names[0])))


def _spoilt(case: InputCase, dims: Any, sequence: int, value: float) -> Any:
    """Inputs with `value` in every floating field of one sequence."""
    changed = {}
    for field in fields(case.inputs):
        array = getattr(case.inputs, field.name)
        if is_floating(array) and field.name not in case.constants:
            array = array.copy()
            array[_of(sequence, array, dims)] = value
            changed[field.name] = array
    return replace(case.inputs, **changed)


def _of(sequences: Any, array: Any, dims: Any) -> Any:
    """The index of some sequences of a batch: its axis is the second beside time, or the first.

    An array without a batch axis, such as a reduced loss, has nothing of one sequence: nothing.
    """
    steps = {getattr(dims, axis) for axis in TIME_AXES if hasattr(dims, axis)}
    if array.ndim >= 2 and array.shape[1] == dims.B and array.shape[0] in steps:
        return (slice(None), sequences)
    if array.ndim >= 1 and array.shape[0] == dims.B:
        return (sequences,)
    return (np.zeros(array.shape, bool),)


def _require_others(
    impl: Implementation, case: InputCase, spoilt: InputCase, dims: Any, others: Any
) -> None:
    def keep(tree: Any) -> Any:
        return tree_map(lambda array: array[_of(others, array, dims)], tree)

    outputs = forward_of(impl, case)
    tolerance = TOLERANCES[case.dtype]
    what = "another sequence holds NaN or infinity: "
    require_equal(what + "forward", keep(forward_of(impl, spoilt)), keep(outputs), tolerance)
    if not differentiable(impl):
        return
    d_outputs = upstream(case, outputs)
    _, expected = gradients_of(impl, case, d_outputs)
    _, actual = gradients_of(impl, spoilt, d_outputs)
    tolerance = GRADIENT_TOLERANCES[case.dtype]
    require_equal(what + "gradient", keep(actual.inputs), keep(expected.inputs), tolerance)


def _require_nan(outputs: Any, dims: Any, sequence: int) -> None:
    found = [getattr(outputs, f.name) for f in fields(outputs)]
    mine = [a[_of(sequence, a, dims)] for a in found if is_floating(a)]
    if not any(np.isnan(values).any() for values in mine):
        raise CheckFailure("a sequence of NaN gives numbers alone, expected NaN among them")
