"""Co-occurrence counts against a loop, GloVe's step against its formula, what is refused."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest
import seqbench_numpy.cooccurrence as tuned
import seqbench_numpy.glove as tuned_glove
from scipy import optimize

import seqbench
from seqbench.interfaces import DtypeError, RangeError, ShapeError, UnsupportedError
from seqbench.kernels.cooccurrence import CooccurrenceInputs, NoTable
from seqbench.kernels.glove import GloveChunk, GloveLoss, GloveParams, GloveState, GloveStep

IMPLS = pytest.mark.parametrize("impl", [None, "numpy.shared"])
V = 6


def get(name, impl=None):
    return seqbench.get("vectors", name, impl=impl)


def corpus(rng, count=60, **options):
    ids = rng.integers(0, V, count).astype(np.int32)
    starts = np.array([0, 3, 3, count // 2, count], np.int64)
    return CooccurrenceInputs(ids, starts, V, **({"window": 4} | options))


def counted(inputs):
    """{(word, context): count} by the definition, a pair of positions at a time."""
    found = defaultdict(float)
    for first, last in zip(inputs.starts[:-1], inputs.starts[1:], strict=True):
        for i in range(first, last):
            for j in range(max(first, i - inputs.window), i):
                weight = 1 / (i - j) if inputs.weighted else 1.0
                found[int(inputs.ids[i]), int(inputs.ids[j])] += weight
                if inputs.symmetric:
                    found[int(inputs.ids[j]), int(inputs.ids[i])] += weight
    return found


@IMPLS
@pytest.mark.parametrize("symmetric", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("window", [1, 4, 100])
def test_counts_equal_a_loop(impl, symmetric, weighted, window):
    rng = np.random.default_rng(window)
    inputs = corpus(rng, symmetric=symmetric, weighted=weighted, window=window)
    found = get("cooccurrence", impl)(NoTable(), inputs)
    expected = counted(inputs)
    pairs = list(zip(found.rows.tolist(), found.columns.tolist(), strict=True))
    assert pairs == sorted(expected)
    np.testing.assert_allclose(found.counts, [expected[p] for p in pairs], rtol=1e-12)


@pytest.mark.parametrize("block", [1, 2, 7, 1 << 16])
def test_blocks_do_not_cut_a_sum(monkeypatch, block):
    """One key fills several blocks, others end on a border."""
    monkeypatch.setattr(tuned, "BLOCK", block)
    keys = np.repeat([2, 5, 6, 9], [1, 9, 2, 4])
    packed = keys << 2 | np.arange(len(keys)) % 4
    found, sums = tuned.summed_runs(np.sort(packed), 2, np.array([1.0, 10.0, 100.0, 1000.0]))
    expected = defaultdict(float)
    for key, place in zip(keys, np.arange(len(keys)) % 4, strict=True):
        expected[int(key)] += 10.0**place
    assert dict(zip(found.tolist(), sums.tolist(), strict=True)) == expected


def test_a_key_that_does_not_fit_is_refused():
    search = get("cooccurrence")
    with pytest.raises(UnsupportedError, match="need 68 bits, at most 63"):
        search.plan(search.contract.Dims(10, 1 << 31, 10))


def state(rng, dtype="float64"):
    shapes = [(V, 3), (V, 3), (V,), (V,)]
    arrays = [rng.normal(0, 0.5, s) for s in shapes] + [1 + rng.random(s) for s in shapes]
    return GloveState(*(a.astype(dtype) for a in arrays))


def chunk(rng, count=30, dtype="float64", **options):
    rows, columns = rng.integers(0, V, (2, count)).astype(np.int32)
    counts = (20 * rng.random(count) + 0.1).astype(dtype)
    return GloveChunk(rows, columns, counts, **({"x_max": 10.0} | options))


def objective(weight, context, bias, context_bias, given):
    """The formula, a count at a time."""
    total = 0.0
    for i, j, x in zip(given.rows, given.columns, given.counts, strict=True):
        f = min(1.0, (x / given.x_max) ** given.alpha)
        difference = weight[i] @ context[j] + bias[i] + context_bias[j] - np.log(x)
        total += given.factor * f * difference**2
    return total


def params_of(held):
    return GloveParams(held.weight, held.context, held.bias, held.context_bias)


@pytest.mark.parametrize("factor", [0.5, 1.0])
def test_the_objective_is_the_formula(factor):
    rng = np.random.default_rng(0)
    held, given = params_of(state(rng)), chunk(rng, factor=factor)
    found = float(get("glove")(held, given).loss)
    expected = objective(held.weight, held.context, held.bias, held.context_bias, given)
    assert found == pytest.approx(expected, rel=1e-12)


def test_the_gradient_equals_scipys_differences():
    rng = np.random.default_rng(1)
    held, given = params_of(state(rng)), chunk(rng)
    plan = get("glove").plan(get("glove").contract.dims(held, given), "float64", grad=True)
    plan.load(held)
    plan.forward(given)
    gradient = plan.backward(GloveLoss(np.array(1.0))).params

    def moved(flat):
        return objective(flat.reshape(V, 3), held.context, held.bias, held.context_bias, given)

    numeric = optimize.approx_fprime(held.weight.ravel(), moved, 1e-7)
    np.testing.assert_allclose(gradient.weight.ravel(), numeric, rtol=1e-4, atol=1e-4)

    def moved_bias(flat):
        return objective(held.weight, held.context, held.bias, flat, given)

    numeric = optimize.approx_fprime(held.context_bias, moved_bias, 1e-7)
    np.testing.assert_allclose(gradient.context_bias, numeric, rtol=1e-4, atol=1e-4)


@IMPLS
def test_one_count_by_hand(impl):
    """w c = 2, biases 1 and -1, x = e: the difference is 1, f = 1, g = c = 2 and w = 1."""
    zeros = [np.zeros((2, 1)), np.zeros((2, 1)), np.zeros(2), np.zeros(2)]
    held = GloveState(*zeros, *(np.ones_like(a) for a in zeros))
    held.weight[0], held.context[1], held.bias[0], held.context_bias[1] = 1, 2, 1, -1
    given = GloveChunk(*(np.array([n], np.int32) for n in (0, 1)), np.array([np.e]), x_max=1.0)
    found = get("glove_update", impl)(held, GloveStep(given, 0.1))
    assert float(found.loss) == pytest.approx(0.5)
    assert held.weight[0, 0] == pytest.approx(1 - 0.1 * 2 / np.sqrt(5))
    assert held.context[1, 0] == pytest.approx(2 - 0.1 * 1 / np.sqrt(2))
    assert held.bias[0] == pytest.approx(1 - 0.1 / np.sqrt(2))
    assert held.weight_squares.tolist() == [[5.0], [1.0]]
    assert held.weight[1, 0] == held.bias[1] == 0  # no row of the chunk


def test_scipys_public_product_gives_the_same():
    rng = np.random.default_rng(2)
    first, step = state(rng), GloveStep(chunk(rng), 0.1)
    second = GloveState(*(getattr(first, n).copy() for n in first.__dataclass_fields__))
    get("glove_update")(first, step)
    product = seqbench.get("vectors", "glove_update", "numpy", "numpy.glove_update_product")
    assert product.impl_id == "numpy.glove_update_product"
    product(second, step)
    np.testing.assert_allclose(second.weight, first.weight, rtol=1e-13)


def test_without_the_private_loop_the_step_says_so(monkeypatch):
    """Another implementation has another name: it is never put in its place."""
    monkeypatch.setattr(tuned_glove, "csc_matvecs", None)
    rng = np.random.default_rng(2)
    with pytest.raises(UnsupportedError, match=r"no csc_matvecs; choose numpy\.glove_update_prod"):
        get("glove_update")(state(rng), GloveStep(chunk(rng), 0.1))


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"counts": np.zeros(30)}, RangeError, "a count is zero, negative or not finite, expected"),
        ({"counts": np.full(30, np.nan)}, RangeError, "a count is zero, negative or not finite"),
        ({"counts": np.ones(29)}, ShapeError, r"counts is \(29,\), expected \(30,\)"),
        ({"counts": np.ones(30, "float32")}, DtypeError, "counts are float32, expected float64"),
        ({"rows": np.full(30, V, np.int32)}, RangeError, "one of the rows is 6, expected 0 to 5"),
        ({"columns": np.full(30, -1, np.int32)}, RangeError, "one of the columns is -1"),
        ({"x_max": 0.0}, RangeError, "x_max is 0.0, expected above 0; the paper has x_max 100"),
    ],
)
def test_what_the_objective_refuses(change, error, message):
    rng = np.random.default_rng(3)
    held, given = state(rng), replace(chunk(rng), **change)
    with pytest.raises(error, match=message):
        get("glove")(params_of(held), given)
    with pytest.raises(error, match=message):
        get("glove_update")(held, GloveStep(given, 0.1))


def test_what_the_step_refuses():
    rng = np.random.default_rng(3)
    held, given = state(rng), chunk(rng)
    with pytest.raises(RangeError, match=r"learning_rate is 0.0, expected above 0"):
        get("glove_update")(held, GloveStep(given, 0.0))
    held.bias_squares[0] = -1
    with pytest.raises(RangeError, match="a value of bias_squares is negative, expected sums"):
        get("glove_update")(held, GloveStep(given, 0.1))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"starts": np.array([0, 5])}, "starts do not run from 0 to 60 without falling"),
        ({"starts": np.array([0, 9, 4, 60])}, "starts do not run from 0 to 60"),
        ({"starts": np.zeros(0, np.int64)}, "starts do not run from 0 to 60"),
        ({"window": 0}, "window is 0 and vocab_size 6, expected at least 1 each"),
        ({"vocab_size": 3}, "one of the ids is [345], expected 0 to 2"),
    ],
)
def test_what_counting_refuses(change, message):
    inputs = replace(corpus(np.random.default_rng(0)), **change)
    with pytest.raises(RangeError, match=message):
        get("cooccurrence")(NoTable(), inputs)
