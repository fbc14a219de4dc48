"""decoder/beam_select: the shared text by hand, the tuned override against it."""

from __future__ import annotations

import math
import tracemalloc
from dataclasses import fields, replace

import numpy as np
import pytest
from seqbench_numpy import beam_select as tuned
from seqbench_numpy.backend import NumpyBackend

from seqbench.interfaces import (
    RangeError,
    ShapeError,
    SharedText,
    UnknownNameError,
    UnsupportedError,
)
from seqbench.kernels.beam_select import (
    BEAM_SELECT,
    BeamDims,
    BeamSelectInputs,
    BeamSelectParams,
    beam_select_workspace,
    log_sum_exp,
)

BACKEND = NumpyBackend()
SHARED = SharedText(BEAM_SELECT, BACKEND)
TUNED = tuned.BeamSelect(BEAM_SELECT, BACKEND)
PARAMS = BeamSelectParams()


def random_inputs(seed, K, B, V, *, dtype="float64", stop="filled", spread=1.0, ties=False):
    """Some slots finished or empty, the rows of finished ones NaN, a third of the logits -inf."""
    rng = np.random.default_rng(seed)
    logits = spread * rng.normal(size=(K, B, V))
    scores = -3 * np.abs(rng.normal(size=(K, B)))
    if ties:
        logits, scores = np.broadcast_to(np.round(logits[:1]), (K, B, V)).copy(), np.round(scores)
    logits[:, :, 1:][rng.random((K, B, V - 1)) < 0.3] = -np.inf
    scores[rng.random((K, B)) < 0.2] = -np.inf
    finished = (rng.random((K, B)) < 0.2) & (stop == "filled")
    logits[finished] = np.nan
    pool = None
    if stop == "bound":
        pool = -np.sort(np.abs(rng.normal(size=(K, B))), axis=0)
        pool[rng.integers(0, K + 1) :] = -np.inf
        pool = pool.astype(dtype)
    return BeamSelectInputs(
        logits.astype(dtype),
        scores.astype(dtype),
        finished,
        int(rng.integers(V)),
        stop,
        pool,
        penalty=1.5,
        bound_penalty=3.0,
        n_best=int(rng.integers(1, K + 1)),
    )


def assert_equal(got, expected):
    for field in fields(expected):
        a, b = getattr(got, field.name), getattr(expected, field.name)
        assert (a is None) == (b is None), field.name
        if b is not None:
            assert a.dtype == b.dtype, field.name
            np.testing.assert_array_equal(a, b, err_msg=field.name)


@pytest.mark.parametrize("implementation", [SHARED, TUNED], ids=["shared", "tuned"])
def test_one_step_by_hand(implementation):
    """Slot 1 is finished and stays; 0 and 2 share the two free slots; 3 was empty."""
    logits = np.log([[0.5, 0.3, 0.2], [np.nan] * 3, [0.1, 0.8, 0.1], [np.nan] * 3])[:, None]
    scores = np.log([0.4, 0.3, 0.2, 1.0])[:, None]
    scores[3] = -np.inf
    finished = np.array([False, True, False, False])[:, None]
    out = implementation(PARAMS, BeamSelectInputs(logits, scores, finished, eos_id=1))
    assert out.tokens[:, 0].tolist() == [0, 1, 1, 1]
    assert out.parents[:, 0].tolist() == [0, 1, 2, 0]
    assert out.finished[:, 0].tolist() == [False, True, True, True]
    np.testing.assert_allclose(np.exp(out.scores[:, 0]), [0.2, 0.3, 0.16, 0.12])
    assert out.done.tolist() == [False]


@pytest.mark.parametrize("implementation", [SHARED, TUNED], ids=["shared", "tuned"])
def test_without_live_hypotheses_nothing_changes(implementation):
    scores = np.array([[-1.0], [-np.inf]])
    finished = np.array([[True], [False]])
    inputs = BeamSelectInputs(np.full((2, 1, 5), np.nan), scores, finished, eos_id=3)
    out = implementation(PARAMS, inputs)
    np.testing.assert_array_equal(out.scores, scores)
    np.testing.assert_array_equal(out.finished, finished)
    assert out.parents[:, 0].tolist() == [0, 1]
    assert out.tokens[:, 0].tolist() == [3, 3]
    assert out.done.tolist() == [True]


@pytest.mark.parametrize("implementation", [SHARED, TUNED], ids=["shared", "tuned"])
def test_bound_offers_every_end_to_the_pool_and_empties_a_done_beam(implementation):
    logits = np.log([[0.5, 0.4, 0.1], [0.2, 0.2, 0.6]])[:, None]
    inputs = BeamSelectInputs(
        logits,
        np.log([[0.5], [0.4]]),
        np.zeros((2, 1), bool),
        eos_id=1,
        stop="bound",
        pool=np.array([[math.log(0.15)], [-np.inf]]),
    )
    out = implementation(PARAMS, inputs)
    np.testing.assert_allclose(np.exp(out.pool[:, 0]), [0.2, 0.15])
    assert out.pool_sources[:, 0].tolist() == [2, 0]
    np.testing.assert_allclose(np.exp(out.eos_scores[:, 0]), [0.2, 0.08])
    assert out.tokens[:, 0].tolist() == [0, 2]  # 0.25 and 0.24 are left to live
    assert out.done.tolist() == [False]
    normalised = implementation(PARAMS, replace(inputs, penalty=4.0))
    np.testing.assert_allclose(np.exp(normalised.pool[:, 0]), [0.2**0.25, 0.08**0.25])
    assert normalised.pool_sources[:, 0].tolist() == [2, 3]
    done = implementation(PARAMS, replace(inputs, pool=np.log([[0.3], [0.1]])))
    assert done.done.tolist() == [True]
    assert np.isneginf(done.scores).all()


@pytest.mark.parametrize("stop", ["filled", "bound"])
@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("spread", [0.0, 1.0, 300.0])
def test_the_tuned_override_equals_the_shared_text(stop, ties, dtype, spread):
    sizes = [(1, 1, 1), (1, 3, 7), (3, 1, 64), (5, 2, 65), (2, 4, 200), (17, 2, 130), (40, 1, 3)]
    for seed, (K, B, V) in enumerate(sizes * 4):
        inputs = random_inputs(seed, K, B, V, dtype=dtype, stop=stop, spread=spread, ties=ties)
        assert_equal(TUNED(PARAMS, inputs), SHARED(PARAMS, inputs))


def test_all_logits_equal_fill_the_beam_in_order():
    K, V = 300, 1000
    out = TUNED(
        PARAMS,
        BeamSelectInputs(
            np.zeros((K, 1, V), np.float32), np.zeros((K, 1), np.float32), np.zeros((K, 1), bool), 5
        ),
    )
    assert out.tokens[:, 0].tolist() == list(range(K))
    assert (out.parents == 0).all()


def test_logits_need_not_be_contiguous():
    inputs = random_inputs(4, 3, 2, 70)
    wide = np.full((3, 2, 90), np.inf)
    wide[:, :, :70] = inputs.logits
    assert_equal(TUNED(PARAMS, replace(inputs, logits=wide[:, :, :70])), SHARED(PARAMS, inputs))


def test_a_plan_serves_step_after_step():
    plan = TUNED.plan(BeamDims(5, 2, 130), "float64")
    for seed in range(6):
        inputs = random_inputs(seed, 5, 2, 130, stop="bound" if seed % 2 else "filled")
        assert_equal(plan.forward(inputs), SHARED(PARAMS, inputs))


def test_float32_agrees_with_float64_where_candidates_are_apart():
    for seed in range(10):
        inputs = random_inputs(seed, 4, 3, 90, spread=5.0)
        narrow = replace(
            inputs,
            logits=inputs.logits.astype(np.float32),
            scores=inputs.scores.astype(np.float32),
        )
        wide, got = SHARED(PARAMS, inputs), TUNED(PARAMS, narrow)
        np.testing.assert_array_equal(got.tokens, wide.tokens)
        np.testing.assert_array_equal(got.parents, wide.parents)
        np.testing.assert_allclose(got.scores, wide.scores, rtol=1e-5)


def peak_bytes(function):
    """The most that NumPy held at once beyond what it held before."""
    tracemalloc.start()
    function()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


@pytest.mark.parametrize("sizes", [(1, 8, 500), (30, 3, 400), (300, 1, 700), (4, 64, 300)])
@pytest.mark.parametrize("kind", ["random", "equal", "first"])
@pytest.mark.parametrize("stop", ["filled", "bound"])
def test_memory_stays_within_what_is_told(sizes, kind, stop):
    """What the decoder reckons with, for close calls, for all-equal logits, at the first step."""
    K, B, V = sizes
    rng = np.random.default_rng(0)
    logits = np.zeros(sizes, np.float32) if kind == "equal" else rng.normal(size=sizes)
    scores = np.zeros((K, B), np.float32)
    if kind == "first":
        scores[1:] = -np.inf
    pool = np.full((K, B), -np.inf, np.float32)
    inputs = BeamSelectInputs(
        logits.astype(np.float32), scores, np.zeros((K, B), bool), 1, stop, pool
    )
    dims = BeamDims(K, B, V)
    told = TUNED.plan(dims, "float32").nbytes
    slack = 40_000  # interpreter objects
    used = peak_bytes(lambda: TUNED.plan(dims, "float32").forward(inputs))
    assert used <= told + slack
    used = peak_bytes(lambda: SHARED.plan(dims, "float32").forward(inputs))
    assert used <= beam_select_workspace(dims, 4) + slack


def test_log_sum_exp_survives_wide_logits():
    logits = np.array([[1e4, 1e4, -1e4], [-1e300, -np.inf, -1e300]])
    expected = np.array([1e4 + math.log(2), -1e300])
    np.testing.assert_allclose(log_sum_exp(logits, xp=np), expected, rtol=1e-15)


def test_the_override_has_no_gradient():
    with pytest.raises(UnsupportedError, match="decoder/beam_select has no gradient"):
        TUNED.plan(BeamDims(2, 1, 3), "float64").backward(None)


GOOD = BeamSelectInputs(np.zeros((2, 3, 4)), np.zeros((2, 3)), np.zeros((2, 3), bool), 1)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"logits": np.zeros((2, 3))}, ShapeError, r"logits have shape \(2, 3\), expected \(K, B,"),
        ({"scores": np.zeros((3, 2))}, ShapeError, r"scores is \(3, 2\), expected \(2, 3\)"),
        ({"finished": np.zeros((3, 2), bool)}, ShapeError, r"finished is \(3, 2\), expected"),
        ({"eos_id": 4}, RangeError, r"eos_id is 4, expected 0 to V - 1 = 3; give the id"),
        ({"stop": "filed"}, UnknownNameError, "no stop rule named 'filed'; did you mean 'filled'"),
        ({"stop": "bound"}, ShapeError, r"pool is None, expected \(2, 3\) with stop='bound'"),
        (
            {"stop": "bound", "pool": np.zeros((2, 3)), "n_best": 3},
            RangeError,
            "n_best is 3, expected 1 to K = 2; widen the beam",
        ),
        ({"logits": np.full((2, 3, 4), np.nan)}, RangeError, "logits of a live hypothesis hold Na"),
    ],
)
def test_bad_input_is_told(change, error, message):
    with pytest.raises(error, match=message):
        SHARED(PARAMS, replace(GOOD, **change))
