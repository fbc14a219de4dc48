"""Attention on the device beyond the suite's sizes: several tiles, far rows, one side given."""

from __future__ import annotations

import numpy as np
import pytest
from emulated import implementation
from seqbench_cupy.attention import TILE, tiles, tiles_of_columns
from seqbench_cupy.attention_additive import LIMIT

from seqbench.kernels.attention import AdditiveParams, AttentionInputs, AttentionOutputs
from seqbench.testing.comparing import GRADIENT_TOLERANCES, TOLERANCES, require_equal
from seqbench.testing.reference import reference
from seqbench.testing.trees import cast

IMPL = implementation("attention/additive")


def case(Tq, B, Tx, Q=3, A=5, D=33, *, scale=1.0, dtype="float32", seed=0):
    rng = np.random.default_rng(seed)
    params = AdditiveParams(*(rng.normal(size=s) for s in ((D, Q), (D, A), (D,), (D,))))
    lengths = rng.integers(0, Tx + 1, B).astype(np.int32)
    queries, memory = scale * rng.normal(size=(Tq, B, Q)), scale * rng.normal(size=(Tx, B, A))
    return cast(params, dtype), cast(AttentionInputs(queries, memory, lengths), dtype)


def both(params, inputs, dtype, with_weights=True):
    """(what the device gives, what float64 says) of forward and backward."""
    found = []
    for impl, name in ((IMPL, dtype), (reference(IMPL.contract), "float64")):
        p, i = cast(params, name), cast(inputs, name)
        plan = impl.plan(impl.contract.dims(p, i), name, grad=True)
        plan.load(p)
        outputs = plan.forward(i)
        rng = np.random.default_rng(5)
        d_context = rng.normal(size=outputs.context.shape).astype(dtype)
        d_weights = rng.normal(size=outputs.weights.shape).astype(dtype) if with_weights else None
        found.append((outputs, plan.backward(cast(AttentionOutputs(d_context, d_weights), name))))
    return found


def require_same(device, exact, dtype):
    require_equal("forward", device[0], exact[0], TOLERANCES[dtype])
    require_equal("gradient", device[1], exact[1], GRADIENT_TOLERANCES[dtype])


@pytest.mark.parametrize(
    ("Tq", "B", "Tx", "D"), [(TILE + 1, 3, 37, 33), (1, 1, 100, 1), (9, 2, 1, 200)]
)
def test_several_tiles_and_warps(Tq, B, Tx, D):
    params, inputs = case(Tq, B, Tx, D=D)
    require_same(*both(params, inputs, "float32"), "float32")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_rows_too_large_for_exponentials(dtype):
    """exp(2 q) is infinite and exp(2 k) zero, while q + k may be of order one."""
    params, inputs = case(5, 2, 9, scale=3 * LIMIT[dtype], dtype=dtype)
    with np.errstate(over="ignore"):
        device, exact = both(params, inputs, dtype)
    require_equal("forward", device[0], exact[0], 10 * TOLERANCES[dtype])


def test_opposite_rows_cancel():
    """q = -k, each far out: the score is v . tanh(0)."""
    params, inputs = case(2, 1, 3, Q=4, A=4, D=4)
    params = AdditiveParams(*(np.eye(4, dtype=np.float32) * 50,) * 2, params.bias * 0, params.v)
    ones = np.ones((3, 1, 4), np.float32)
    inputs = AttentionInputs(-ones[:2], ones, np.array([3], np.int32))
    (outputs, _), _ = both(params, inputs, "float32")
    np.testing.assert_allclose(outputs.weights, 1 / 3, rtol=1e-6)


def test_no_upstream_of_the_weights():
    params, inputs = case(3, 2, 8)
    require_same(*both(params, inputs, "float32", with_weights=False), "float32")


@pytest.mark.parametrize("rows", [0, 1, TILE, TILE + 1])
def test_launch_sizes_cover(rows):
    assert tiles(rows, 3).grid == (-(-rows // TILE), 3)
    assert tiles_of_columns(rows, 3, 129).grid == (-(-rows // TILE), 3, 2)
