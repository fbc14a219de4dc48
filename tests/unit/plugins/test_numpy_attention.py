"""The tuned additive attention where it has paths of its own: blocks, and what it rescues."""

from dataclasses import replace

import numpy as np
import pytest
from seqbench_numpy import attention
from seqbench_numpy.attention import AdditiveAttention
from seqbench_numpy.backend import NumpyBackend

from seqbench.interfaces import UnsupportedError
from seqbench.kernels.attention import ADDITIVE
from seqbench.testing.cases import cases
from seqbench.testing.checks import checks_for
from seqbench.testing.comparing import GRADIENT_TOLERANCES, TOLERANCES, require_equal
from seqbench.testing.reference import reference
from seqbench.testing.running import forward_of, gradients_of, planned, upstream
from seqbench.testing.trees import cast

IMPL = AdditiveAttention(ADDITIVE, NumpyBackend())
every_dtype = pytest.mark.parametrize("dtype", ["float32", "float64"])


def case_of(size, dtype="float64"):
    return cases(ADDITIVE, (size,), dtype=dtype)[0]


def require_as_reference(case):
    exact, dtype = reference(ADDITIVE), case.dtype
    expected = forward_of(exact, case.cast("float64"))
    d_outputs = upstream(case, expected)
    _, gradients = gradients_of(exact, case.cast("float64"), cast(d_outputs, "float64"))
    outputs, actual = gradients_of(IMPL, case, d_outputs)
    require_equal("forward", outputs, expected, TOLERANCES[dtype])
    require_equal("gradient", actual, gradients, GRADIENT_TOLERANCES[dtype])


def scaled_queries(case, factor):
    return replace(case, inputs=replace(case.inputs, queries=case.inputs.queries * factor))


def test_conforms():
    for check in checks_for(IMPL):
        assert check(IMPL).ran


@every_dtype
@pytest.mark.parametrize("rows", [1, 2, 5, 20])
def test_blocks_cut_any_axis(monkeypatch, dtype, rows):
    case = case_of("padded", dtype)
    size = len(case.params.v) * np.dtype(dtype).itemsize
    monkeypatch.setattr(attention, "BLOCK_BYTES", rows * size)
    require_as_reference(case)


@every_dtype
def test_projections_too_large_for_exp_are_rescued(dtype):
    """exp(2 q) exp(2 k) would be inf * 0; the tanh of the sum is an ordinary number."""
    case = scaled_queries(case_of("padded", dtype), dtype_factor(dtype))
    plan = planned(IMPL, case)
    plan.forward(case.inputs)
    assert plan.plan.notes == {"rescued": 1}
    require_as_reference(case)


def dtype_factor(dtype):
    return {"float32": 30.0, "float64": 300.0}[dtype]


def test_ordinary_projections_are_not_rescued():
    case = case_of("padded")
    plan = planned(IMPL, case)
    plan.forward(case.inputs)
    assert plan.plan.notes == {"rescued": 0}


@every_dtype
def test_just_inside_the_limit(dtype):
    """The largest projections that take the product of exps neither overflow nor lose digits."""
    case = case_of("tiny", dtype)
    limit = attention.LARGEST[np.dtype(dtype).itemsize]
    params = replace(case.params, bias=case.params.bias * 0)
    keys = abs(case.inputs.memory @ params.weight_key.T).max()
    queries = abs(case.inputs.queries @ params.weight_query.T).max()
    case = replace(case, params=params)
    case = scaled_queries(case, case.inputs.queries.dtype.type((limit - keys) * 0.999 / queries))
    plan = planned(IMPL, case)
    plan.forward(case.inputs)
    assert plan.plan.notes == {"rescued": 0}
    require_as_reference(case)


def test_a_projected_memory_gives_the_same():
    case = case_of("padded")
    keys = ADDITIVE.project(case.params, case.inputs.memory)
    keys[case.inputs.lengths[None] <= np.arange(len(keys))[:, None]] = np.nan
    given = replace(case, inputs=replace(case.inputs, projected_memory=keys))
    require_equal("forward", forward_of(IMPL, given), forward_of(IMPL, case), 1e-12)
    with pytest.raises(UnsupportedError, match="projected_memory given, expected None"):
        gradients_of(IMPL, given, upstream(given, forward_of(IMPL, case)))


def test_no_backward_without_grad():
    case = case_of("tiny")
    plan = planned(IMPL, case)
    outputs = plan.forward(case.inputs)
    with pytest.raises(UnsupportedError, match="grad=False and has no buffers for backward"):
        plan.backward(upstream(case, outputs))
    assert 0 < plan.plan.nbytes < planned(IMPL, case, grad=True).plan.nbytes
