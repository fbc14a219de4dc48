"""Drawing the next token: its distribution, its settings, and what it refuses."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import chisquare
from seqbench_numpy.sample import Sample

from seqbench.interfaces import DtypeError, RangeError, ShapeError
from seqbench.kernels.losses import NoParams
from seqbench.kernels.philox import uniform
from seqbench.kernels.sample import SAMPLE, SampleDims, SampleInputs, pick
from seqbench.testing.reference import HostBackend, reference

SHARED = reference(SAMPLE)
TUNED = Sample(SAMPLE, HostBackend())
BOTH = pytest.mark.parametrize("impl", [SHARED, TUNED], ids=["shared", "numpy"])
DRAWS = 20_000


def drawn(impl, logits, **settings):
    return impl(NoParams(), SampleInputs(np.asarray(logits), **settings)).ids


def many(impl, logits, **settings):
    """DRAWS ids of one row of logits."""
    return drawn(impl, np.tile(logits, (DRAWS, 1)), **settings)


def softmax(logits):
    weights = np.exp(logits - logits.max())
    return weights / weights.sum()


@BOTH
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("V", "temperature"), [(7, 1.0), (7, 0.5), (150, 1.0), (150, 2.5)])
def test_draws_follow_the_softmax(impl, dtype, V, temperature):
    logits = 1.5 * np.random.default_rng(V).normal(size=V).astype(dtype)
    counts = np.bincount(many(impl, logits, temperature=temperature, seed=11), minlength=V)
    expected = DRAWS * softmax(logits.astype("float64") / temperature)
    assert chisquare(counts, expected).pvalue > 1e-3


@BOTH
@pytest.mark.parametrize("top_k", [1, 3, 40])
def test_top_k_draws_among_the_k_largest_alone(impl, top_k):
    logits = np.random.default_rng(0).normal(size=90)
    counts = np.bincount(many(impl, logits, top_k=top_k, seed=3), minlength=90)
    kept = np.argsort(-logits)[:top_k]
    assert counts.sum() == counts[kept].sum()
    expected = DRAWS * softmax(logits[kept])
    assert top_k == 1 or chisquare(counts[kept], expected).pvalue > 1e-3


@BOTH
def test_equal_logits_at_the_edge_of_top_k_go_by_id(impl):
    found = many(impl, [0.0, 2.0, 1.0, 1.0, 1.0, -1.0], top_k=3)
    assert set(found) == {1, 2, 3}


@BOTH
def test_top_k_of_all_is_no_top_k(impl):
    logits = np.random.default_rng(1).normal(size=(50, 33))
    np.testing.assert_array_equal(drawn(impl, logits, top_k=33), drawn(impl, logits))


@BOTH
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_temperature_of_zero_is_the_largest_and_its_neighbourhood_tends_to_it(impl, dtype):
    logits = np.random.default_rng(2).normal(size=(64, 200)).astype(dtype)
    best = logits.argmax(axis=1)
    np.testing.assert_array_equal(drawn(impl, logits, temperature=0), best)
    np.testing.assert_array_equal(drawn(impl, logits, temperature=1e-6), best)
    assert drawn(impl, [[1.0, 3.0, 3.0]], temperature=0).tolist() == [1]


@BOTH
def test_row_b_takes_number_offset_plus_b_of_the_stream(impl):
    """With equal logits the id is the drawn number times V, rounded down."""
    settings = {"seed": 5, "stream": 2**40 + 1}
    numbers = uniform((12,), **settings, start=3, dtype="float64", xp=np)
    found = drawn(impl, np.zeros((12, 1000)), **settings, offset=3)
    np.testing.assert_array_equal(found, np.floor(numbers * 1000))
    later = drawn(impl, np.zeros((8, 1000)), **settings, offset=7)
    np.testing.assert_array_equal(later, found[4:])


@BOTH
def test_what_is_minus_infinity_is_never_drawn(impl):
    logits = np.where(np.arange(200) % 3 == 0, 0.0, -np.inf)
    found = many(impl, logits)
    assert set(found % 3) == {0}
    assert len(set(found)) == 67


@BOTH
@pytest.mark.parametrize("level", [1e4, -1e4])
def test_the_level_of_the_logits_does_not_matter(impl, level):
    logits = np.random.default_rng(3).normal(size=(64, 300))
    np.testing.assert_array_equal(drawn(impl, logits + level), drawn(impl, logits))


def test_rows_that_overflow_or_vanish_are_rescued_and_counted():
    logits = np.random.default_rng(4).normal(size=(40, 300)).astype("float32")
    logits[7] += 200
    logits[9] -= 200
    plan = TUNED.plan(SampleDims(40, 300))
    plan.load(NoParams())
    found = plan.forward(SampleInputs(logits, seed=1)).ids
    assert plan.notes == {"rescued": 2}
    np.testing.assert_array_equal(found, drawn(SHARED, logits, seed=1))


def test_backends_differ_in_near_ties_alone():
    """10,000 float32 weights: the two agree but for a drawn number beside a running sum."""
    logits = np.random.default_rng(5).normal(size=(400, 10_000)).astype("float32")
    ours, exact = drawn(TUNED, logits, seed=2), drawn(SHARED, logits, seed=2)
    differ = np.flatnonzero(ours != exact)
    assert len(differ) <= 2
    weights = np.exp(logits.astype("float64"))
    running = weights.cumsum(axis=1) / weights.sum(axis=1, keepdims=True)
    numbers = uniform((400,), seed=2, stream=0, dtype="float64", xp=np)
    for row in differ:
        edge = running[row, min(ours[row], exact[row])]
        assert abs(numbers[row] - edge) < 10_000 * np.finfo("float32").eps


def test_a_target_that_rounds_to_the_sum_takes_the_last_id_with_a_weight():
    weights = np.array([[1.0, 2.0, 0.0, 4.0, 0.0]])
    assert pick(weights, np.array([1.0]), xp=np).tolist() == [3]
    assert pick(weights, np.array([0.0]), xp=np).tolist() == [0]
    assert pick(weights, np.array([1 / 7]), xp=np).tolist() == [1]
    assert pick(np.array([[0.0, 1.0]]), np.array([0.0]), xp=np).tolist() == [1]


@BOTH
def test_no_row_draws_nothing(impl):
    assert drawn(impl, np.zeros((0, 5))).shape == (0,)


GOOD = np.zeros((2, 5))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"temperature": -0.5}, r"sample: temperature is -0.5, expected 0 \(the most probable"),
        ({"temperature": 1e-9}, r"temperature is 1e-09, .* or at least 1e-06; set temperature=1"),
        ({"temperature": math.nan}, r"temperature is nan, expected 0"),
        ({"temperature": math.inf}, r"temperature is inf, expected 0"),
        ({"top_k": 6}, r"sample: top_k is 6, expected an integer from 1 to V = 5; None draws"),
        ({"top_k": 0}, r"top_k is 0, expected an integer from 1 to V = 5"),
        ({"top_k": 2.0}, r"top_k is 2.0, expected an integer from 1 to V = 5"),
        ({"seed": -1}, r"sample: seed is -1, expected 0 to 2\*\*64 - 1; take it modulo"),
        ({"offset": 2**64}, r"sample: offset is 18446744073709551616, expected 0 to"),
    ],
)
def test_settings_out_of_range(settings, message):
    with pytest.raises(RangeError, match=message):
        SHARED(NoParams(), SampleInputs(GOOD, **settings))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_logits_that_are_no_numbers(bad):
    logits = GOOD.copy()
    logits[1, 2] = bad
    with pytest.raises(RangeError, match=r"the logits hold NaN or \+inf, .*look at the model's"):
        SHARED(NoParams(), SampleInputs(logits))


def test_a_row_with_nothing_to_draw():
    logits = GOOD.copy()
    logits[1] = -np.inf
    with pytest.raises(RangeError, match="a row of logits is -inf throughout, expected a finite"):
        SHARED(NoParams(), SampleInputs(logits))


def test_shapes_and_dtypes():
    with pytest.raises(ShapeError, match=r"logits have shape \(5,\), expected \(B, V\) with V"):
        SHARED(NoParams(), SampleInputs(np.zeros(5)))
    with pytest.raises(DtypeError, match="logits are int64, expected a floating dtype; cast"):
        SHARED(NoParams(), SampleInputs(np.zeros((2, 5), np.int64)))
