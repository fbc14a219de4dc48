"""GloVe's steps on the device: one plan over many chunks."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
from emulated import implementation

from seqbench.kernels.glove import GloveChunk, GloveState, GloveStep
from seqbench.testing.comparing import require_equal
from seqbench.testing.reference import reference
from seqbench.testing.trees import tree_map

V, D = 40, 33


def chunk(count, seed):
    rng = np.random.default_rng(seed)
    rows, columns = rng.integers(0, V, (2, count)).astype(np.int32)
    return GloveChunk(rows, columns, 50 * rng.random(count) + 0.1, 20.0, 0.75, 0.5)


def state():
    rng = np.random.default_rng(0)
    shapes = [(V, D), (V, D), (V,), (V,)]
    return GloveState(*(0.1 * rng.normal(size=s) for s in shapes), *(np.ones(s) for s in shapes))


def steps_of(impl, counts):
    """The state after a step on each chunk, by one plan, and the losses."""
    held = tree_map(np.array, state())
    first = GloveStep(chunk(max(counts), 1), 0.05)
    plan = impl.plan(impl.contract.dims(held, first), "float64")
    plan.load(held)
    losses = [
        float(plan.forward(GloveStep(chunk(count, seed), 0.05)).loss)
        for seed, count in enumerate(counts)
    ]
    return held, losses


@pytest.mark.parametrize("counts", [(300,), (300, 7, 200), (5, 0, 5)])
def test_a_plan_over_many_chunks(counts):
    """No gradient is left from one step to the next, and words without a count stay."""
    impl = implementation("vectors/glove_update")
    found, losses = steps_of(impl, counts)
    exact, exact_losses = steps_of(reference(impl.contract), counts)
    require_equal("state", found, exact, 1e-10)
    np.testing.assert_allclose(losses, exact_losses, rtol=1e-12)


def test_a_row_that_no_count_meets_stays_to_the_bit():
    impl = implementation("vectors/glove_update")
    held = state()
    before = tree_map(np.array, held)
    only = replace(chunk(50, 3), rows=np.full(50, 3, np.int32), columns=np.full(50, 4, np.int32))
    plan = impl.plan(impl.contract.dims(held, GloveStep(only, 0.05)), "float64")
    plan.load(held)
    plan.forward(GloveStep(only, 0.05))
    for info in fields(held):
        mine, old = getattr(held, info.name), getattr(before, info.name)
        changed = np.flatnonzero((mine != old).reshape(V, -1).any(axis=1))
        assert changed.tolist() == ([4] if "context" in info.name else [3]), info.name
