"""A step of beam search on the device: every width, both ways to select, ties, what is not live."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from emulated import implementation, made
from emulated_runtime import EmulatedRuntime
from emulator import emulation
from seqbench_cupy.backend import CupyBackend
from seqbench_cupy.beam_select import (
    GROUP,
    SMALL,
    BeamSelectPlan,
    finish_threads,
    row_launch,
    sizes,
)
from seqbench_cupy.runtime import DeviceProperties

import seqbench
from seqbench.interfaces import UnsupportedError
from seqbench.kernels.beam_select import BeamDims, BeamSelectInputs, BeamSelectParams
from seqbench.testing.comparing import require_equal
from seqbench.testing.reference import reference

IMPL = implementation("decoder/beam_select")
EXACT = reference(IMPL.contract)


@pytest.fixture(params=["one block", "parts"])
def way(request, monkeypatch):
    """Both ways, whatever the size."""
    if request.param == "parts":
        monkeypatch.setattr(BeamSelectPlan, "small", 0)
    return request.param


def case(K, B, V, *, seed=0, bound=False, dtype="float64"):
    """A beam under way, some slots finished and some empty."""
    rng = np.random.default_rng(seed)
    scores = -3 * rng.random((K, B))
    finished = (rng.random((K, B)) < 0.2) & (not bound)
    scores[rng.random((K, B)) < 0.1] = -np.inf
    scores[0] = -0.5
    inputs = BeamSelectInputs(
        (2 * rng.normal(size=(K, B, V))).astype(dtype), scores.astype(dtype), finished, V // 2
    )
    if not bound:
        return inputs
    pool = -np.sort(8 * rng.random((K, B)), axis=0).astype(dtype)
    pool[K // 2 + 1 :] = -np.inf
    return replace(
        inputs, stop="bound", pool=pool, penalty=1.5, bound_penalty=3.0, n_best=K // 2 + 1
    )


def require_same(inputs, tolerance=1e-10):
    exact = EXACT(BeamSelectParams(), inputs)
    require_equal("the next beam", IMPL(BeamSelectParams(), inputs), exact, tolerance)
    return exact


@pytest.mark.parametrize("bound", [False, True])
@pytest.mark.parametrize(
    ("K", "B", "V"),
    [(1, 1, 1), (1, 3, 31), (2, 1, 1000), (10, 3, 33), (31, 2, 129), (33, 1, 700), (70, 1, 5)],
)
def test_any_width(way, K, B, V, bound):
    for dtype in ("float64", "float32"):
        require_same(case(K, B, V, bound=bound, dtype=dtype, seed=K), 1e-5)


@pytest.mark.parametrize("bound", [False, True])
def test_a_wide_beam(way, bound):
    """More hypotheses than a block has threads."""
    require_same(case(1100, 1, 150, bound=bound, seed=1))


def test_three_thousand(way):
    require_same(case(3000, 1, 40, seed=2))


@pytest.mark.parametrize("K", [2, 7, 100])
def test_ties_go_to_the_lowest_flat_index(way, K):
    """Every hypothesis alike, whole logits: all of a value are equal, in many groups."""
    rng = np.random.default_rng(K)
    row = np.round(rng.normal(size=1000))
    logits = np.broadcast_to(row, (K, 1, 1000)).copy()
    inputs = BeamSelectInputs(logits, np.full((K, 1), -1.0), np.zeros((K, 1), bool), eos_id=3)
    exact = require_same(inputs)
    assert len(np.unique(exact.scores)) < K
    require_same(replace(inputs, logits=np.zeros_like(logits)))


def test_the_first_step(way):
    """One live hypothesis fills the beam; with fewer continuations than slots the rest is empty."""
    for V in (5, 400):
        inputs = case(8, 2, V)
        scores = np.full((8, 2), -np.inf)
        scores[0] = 0.0
        exact = require_same(replace(inputs, scores=scores, finished=np.zeros((8, 2), bool)))
        assert np.isinf(exact.scores).any() == (V < 8)


def test_nothing_is_left(way):
    inputs = case(4, 2, 50)
    exact = require_same(replace(inputs, finished=np.ones((4, 2), bool)))
    assert exact.done.all()
    exact = require_same(replace(inputs, scores=np.full((4, 2), -np.inf)))
    assert exact.done.all()


def test_a_plan_forgets_what_was_live(way):
    """A hypothesis that finished has no continuation, however good its logits would be."""
    inputs = case(4, 2, 100)
    alive = replace(inputs, finished=np.zeros((4, 2), bool), scores=np.full((4, 2), -1.0))
    plan = IMPL.plan(BeamDims(4, 2, 100), "float64")
    plan.forward(alive)
    finished = alive.finished.copy()
    finished[1], alive.logits[1, :, 7] = True, 1e3
    later = replace(alive, finished=finished)
    require_equal("later", plan.forward(later), EXACT(BeamSelectParams(), later), 1e-10)


def test_logits_of_minus_infinity_and_nan(way):
    """Forbidden tokens; a hypothesis whose logits became NaN has no continuation."""
    inputs = case(6, 2, 300)
    inputs.finished[:] = False
    inputs.scores[:] = -1.0
    inputs.logits[:, :, 20:] = -np.inf
    inputs.logits[2, 0] = np.nan
    inputs.logits[3, 1] = -np.inf
    with np.errstate(invalid="ignore"):
        plans = [i.plan(BeamDims(6, 2, 300), "float64") for i in (IMPL, EXACT)]
        found, exact = (plan.forward(inputs) for plan in plans)
    require_equal("the next beam", found, exact, 1e-10)
    assert (exact.parents[:, 0] != 2).all()


def test_in_any_order(way):
    inputs = case(40, 2, 300, bound=True, seed=5)
    for order in ("reverse", "random", "warp_greedy"):
        with emulation(order=order, seed=3, shadow=True):
            require_same(inputs)


def test_sizes():
    assert sizes(BeamDims(10, 64, 32000), 4) == (250, 1, 1, 32, 32 * 8 + 40)
    wide = sizes(BeamDims(3000, 1, 32000), 4)
    assert wide == (250, 15, 11, 8192, 8192 * 8 + 12000)
    assert wide.groups * 3000 > SMALL
    assert sizes(BeamDims(1, 1, 1), 8) == (1, 1, 1, 2, 2 * 12 + 4)
    assert wide.groups * GROUP >= 32000


def test_launches():
    properties = DeviceProperties()
    assert row_launch(640, 250, properties) == ((640,), (256,))
    assert row_launch(10, 250, properties) == ((10,), (1024,))
    assert row_launch(10, 1, properties) == ((10,), (32,))
    assert [finish_threads(n) for n in (0, 1, 128, 129, 10**6)] == [32, 32, 32, 64, 1024]


def test_what_a_block_cannot_sort_is_refused():
    registry = seqbench.registry()
    spec = next(iter(registry.implementations("decoder", "beam_select", "cupy")))
    small = CupyBackend(EmulatedRuntime(DeviceProperties(shared_bytes=48 * 1024)))
    impl = made(registry, "decoder", "beam_select", spec, small)
    with pytest.raises(UnsupportedError, match="K is 3000: sorting takes 81632 bytes of a block's"):
        impl.plan(BeamDims(3000, 1, 1000), "float32")
    assert impl.supports(BeamDims(1000, 1, 1000), "float32") is None
    assert "below 2^32 - 1" in IMPL.supports(BeamDims(3000, 1, 2_000_000), "float32")
    assert IMPL.supports(BeamDims(3000, 1, 1_000_000), "float64") is None
