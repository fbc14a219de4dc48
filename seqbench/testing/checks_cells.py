"""Checks that only recurrent cells have: states, lengths and what `validate` tells."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from seqbench.interfaces import Contract, DtypeError, Implementation, RangeError, ShapeError

from .cases import InputCase
from .check import check
from .comparing import GRADIENT_TOLERANCES, TOLERANCES, CheckFailure, require_equal
from .running import differentiable, forward_of, gradients_of, planned, upstream
from .trees import on_device, tree_map


def _cell(contract: Contract) -> bool:
    return contract.kind == "cell"


@check(_cell)
def zero_length_returns_the_initial_state(impl: Implementation, case: InputCase) -> None:
    """All lengths zero: outputs 0, state as given; its gradient passes, the weights get none."""
    inputs = replace(case.inputs, lengths=np.zeros_like(case.inputs.lengths))
    still = replace(case, inputs=inputs)
    outputs = forward_of(impl, still)
    for name in impl.contract.state:
        initial = getattr(inputs, name + "0")
        require_equal(f"zero length: {name}", getattr(outputs, name), initial, 0.0)
    require_equal("zero length: output", outputs.output, np.zeros_like(outputs.output), 0.0)
    if differentiable(impl):
        d_outputs = upstream(still, outputs)
        _, gradients = gradients_of(impl, still, d_outputs)
        for name in impl.contract.state:
            passed = getattr(gradients.inputs, name + "0")
            require_equal(f"zero length: d_{name}0", passed, getattr(d_outputs, name), 0.0)
        zeros = tree_map(np.zeros_like, case.params)
        require_equal("zero length: gradient", gradients.params, zeros, 0.0)


@check(_cell)
def shorter_batch_after_a_longer_one(impl: Implementation, case: InputCase) -> None:
    """The same plan on fewer steps: nothing of the longer batch may be left."""
    steps = len(case.inputs.x) // 2
    short = replace(
        case,
        inputs=replace(
            case.inputs,
            x=case.inputs.x[:steps].copy(),
            lengths=np.minimum(case.inputs.lengths, steps).astype(np.int32),
        ),
    )
    plan = planned(impl, case, grad=True)
    d_long = upstream(case, plan.forward(case.inputs))
    if differentiable(impl):
        plan.backward(d_long)
    expected = forward_of(impl, short)
    actual = plan.forward(short.inputs)
    require_equal(f"forward of {steps} steps", actual, expected, TOLERANCES[case.dtype])
    if differentiable(impl):
        d_short = upstream(short, expected)
        _, expected = gradients_of(impl, short, d_short)
        tolerance = GRADIENT_TOLERANCES[case.dtype]
        require_equal(f"gradient of {steps} steps", plan.backward(d_short), expected, tolerance)


@check(_cell)
def sequences_do_not_meet(impl: Implementation, case: InputCase) -> None:
    """The batch in another order gives the same results in that order."""
    order = np.random.default_rng(2).permutation(case.inputs.x.shape[1])
    inputs = case.inputs
    states = {n + "0": getattr(inputs, n + "0")[order].copy() for n in impl.contract.state}
    shuffled = replace(
        case,
        inputs=replace(
            inputs, x=inputs.x[:, order].copy(), lengths=inputs.lengths[order].copy(), **states
        ),
    )
    expected, actual = forward_of(impl, case), forward_of(impl, shuffled)
    moved = {n: getattr(expected, n)[order] for n in impl.contract.state}
    moved["output"] = expected.output[:, order]
    expected = replace(expected, **moved)
    require_equal("forward of a shuffled batch", actual, expected, TOLERANCES[case.dtype])


@check(_cell, sizes=("padded",), once=True)
def mistakes_are_told(impl: Implementation, case: InputCase) -> None:
    """Calling it with a wrong shape, dtype or length raises the error that says which."""
    inputs, weight = case.inputs, case.params.weight_hh
    steps = len(inputs.x)
    other = "float32" if case.dtype == "float64" else "float64"
    wrong_weight = replace(case.params, weight_hh=weight[:-1])
    _expect(impl, ShapeError, "x", case.params, replace(inputs, x=inputs.x[0]))
    _expect(impl, ShapeError, "weight_hh", wrong_weight, inputs)
    _expect(impl, ShapeError, "h0", case.params, replace(inputs, h0=inputs.h0[:, :-1]))
    _expect(impl, ShapeError, "lengths", case.params, replace(inputs, lengths=inputs.lengths[:-1]))
    _expect(impl, DtypeError, other, case.params, replace(inputs, h0=inputs.h0.astype(other)))
    for length in (steps + 1, -1):
        ends = inputs.lengths.copy()
        ends[0] = length
        _expect(impl, RangeError, str(length), case.params, replace(inputs, lengths=ends))
    memory = None if "c" in impl.contract.state else inputs.h0.copy()
    _expect(impl, ShapeError, "c0", case.params, replace(inputs, c0=memory))


def _expect(
    impl: Implementation, error: type[Exception], word: str, params: Any, inputs: Any
) -> None:
    given = on_device((params, inputs), impl.backend)
    try:
        impl(*given)
    except error as raised:
        if word not in str(raised):
            raise CheckFailure(f"the error does not name {word}: {raised}") from raised
        return
    except Exception as raised:
        raise CheckFailure(
            f"a wrong {word} raised {type(raised).__name__}, expected {error.__name__}: {raised}"
        ) from raised
    raise CheckFailure(f"a wrong {word} raised nothing, expected {error.__name__}")
