"""Edit counts on the device beyond the suite's sizes: more cells than threads."""

from __future__ import annotations

import numpy as np
import pytest
from emulated import implementation
from emulator import emulation
from seqbench_cupy.edit_distance import diagonal_bytes, pair_launch

from seqbench.interfaces import UnsupportedError
from seqbench.kernels.edit_distance import (
    EditDistanceDims,
    EditDistanceInputs,
    EditDistanceParams,
)
from seqbench.testing.comparing import require_equal
from seqbench.testing.reference import reference

IMPL = implementation("metric/edit_distance")


def case(N, L, L2, vocab_size=4, seed=0):
    """Lengths up to the axes, the first pair of full length."""
    rng = np.random.default_rng(seed)

    def side(length):
        lengths = rng.integers(0, length + 1, N).astype(np.int32)
        lengths[:1] = length
        return rng.integers(0, vocab_size, (N, length)).astype(np.int32), lengths

    return EditDistanceInputs(*side(L), *side(L2))


def require_same(inputs):
    exact = reference(IMPL.contract)(EditDistanceParams(), inputs)
    require_equal("counts", IMPL(EditDistanceParams(), inputs), exact, 0.0)


@pytest.mark.parametrize(
    ("N", "L", "L2"),
    [(0, 3, 4), (3, 0, 0), (2, 0, 5), (9, 31, 33), (9, 33, 31), (2, 300, 700), (1, 1000, 270)],
)
def test_any_size(N, L, L2):
    require_same(case(N, L, L2, seed=L))
    require_same(case(N, L, L2, vocab_size=1000, seed=L))


def test_in_any_order():
    for order in ("reverse", "random", "warp_greedy"):
        with emulation(order=order, seed=5, shadow=True):
            require_same(case(3, 70, 40))


def test_a_shorter_batch_of_a_plan():
    plan = IMPL.plan(EditDistanceDims(9, 7, 5), "float32")
    inputs = case(4, 7, 5)
    exact = reference(IMPL.contract)(EditDistanceParams(), inputs)
    require_equal("counts", plan.forward(inputs), exact, 0.0)


def test_launches():
    assert pair_launch(7, 0) == ((7,), (32,))
    assert pair_launch(7, 31) == ((7,), (32,))
    assert pair_launch(7, 32) == ((7,), (64,))
    assert pair_launch(7, 5000) == ((7,), (256,))
    assert diagonal_bytes(31) == 768


def test_sides_that_do_not_fit_are_refused():
    with pytest.raises(UnsupportedError, match="L = 9700, L2 = 9800: diagonals take 232824 bytes"):
        IMPL.plan(EditDistanceDims(1, 9700, 9800), "float32")
    assert IMPL.supports(EditDistanceDims(1, 9600, 50_000), "float32") is None
