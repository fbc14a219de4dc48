"""CTC's loss, best path and prefix beams against every alignment, counted one by one."""

from __future__ import annotations

import importlib
import itertools
import math
from collections import defaultdict

import numpy as np
import pytest

from seqbench.kernels.ctc import CTC, CTCInputs
from seqbench.kernels.ctc_beam import CTCBeamInputs, CTCBeamParams
from seqbench.kernels.ctc_greedy import CTCGreedyInputs, CTCGreedyParams
from seqbench.kernels.losses import LossOutputs, NoParams

IMPLS = ("numpy.shared", "{}")


def collapsed(path, blank_id):
    """Merge neighbours, then drop blanks: as the definition says, one label at a time."""
    merged = [v for v, _ in itertools.groupby(path)]
    return tuple(v for v in merged if v != blank_id)


def posterior(logits, blank_id):
    """{labelling: probability} of (T, V), by all V^T alignments."""
    probs = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    found = defaultdict(float)
    for path in itertools.product(range(logits.shape[1]), repeat=len(logits)):
        found[collapsed(path, blank_id)] += math.prod(probs[t, v] for t, v in enumerate(path))
    return dict(found)


def implementation(kind, name, impl_id):
    impl_id = impl_id.format(f"numpy.{name}")
    return importlib.import_module("seqbench").registry().get(kind, name, "numpy", impl_id)


@pytest.mark.parametrize("impl_id", IMPLS)
@pytest.mark.parametrize("blank_id", [0, 2])
@pytest.mark.parametrize("T", [0, 1, 2, 5])
def test_the_loss_is_minus_log_of_the_sum_over_all_alignments(T, blank_id, impl_id):
    impl = implementation("loss", "ctc", impl_id)
    logits = np.random.default_rng(T).normal(size=(T, 1, 3))
    exact = posterior(logits[:, 0], blank_id)
    labels = [v for v in range(3) if v != blank_id]
    checked = 0
    for L in range(4):
        for labelling in itertools.product(labels, repeat=L):
            inputs = CTCInputs(
                logits,
                np.array([labelling], np.int32).reshape(1, L),
                np.array([T], np.int32),
                np.array([L], np.int32),
                blank_id,
            )
            loss = float(impl(NoParams(), inputs).loss)
            expected = exact.get(labelling, 0.0)
            repeated = sum(a == b for a, b in itertools.pairwise(labelling))
            assert (expected > 0) == (L + repeated <= T)
            if expected == 0:
                assert loss == math.inf
            else:
                assert loss == pytest.approx(-math.log(expected), rel=1e-12, abs=1e-14)
            checked += 1
    assert checked == 15


@pytest.mark.parametrize("impl_id", IMPLS)
def test_the_gradient_is_softmax_minus_the_share_of_alignments(impl_id):
    impl = implementation("loss", "ctc", impl_id)
    T, V, labelling = 4, 3, (1, 1)
    logits = np.random.default_rng(0).normal(size=(T, 1, V))
    probs = np.exp(logits[:, 0]) / np.exp(logits[:, 0]).sum(axis=1, keepdims=True)
    share = np.zeros((T, V))
    for path in itertools.product(range(V), repeat=T):
        if collapsed(path, 0) == labelling:
            share[np.arange(T), path] += math.prod(probs[t, v] for t, v in enumerate(path))
    expected = probs - share / share.sum(axis=1, keepdims=True)
    inputs = CTCInputs(
        logits, np.array([labelling], np.int32), np.array([T], np.int32), np.array([2], np.int32)
    )
    plan = impl.plan(CTC.dims(NoParams(), inputs), "float64", grad=True)
    plan.load(NoParams())
    plan.forward(inputs)
    found = plan.backward(LossOutputs(None)).inputs.logits[:, 0]
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("impl_id", IMPLS)
@pytest.mark.parametrize("blank_id", [0, 1])
def test_the_best_path_is_the_likeliest_alignment(blank_id, impl_id):
    impl = implementation("decoder", "ctc_greedy", impl_id)
    rng = np.random.default_rng(1)
    logits = rng.normal(size=(5, 20, 3))
    lengths = rng.integers(0, 6, 20).astype(np.int32)
    found = impl(CTCGreedyParams(), CTCGreedyInputs(logits, lengths, blank_id))
    for b, end in enumerate(lengths):
        some = logits[:end, b]
        logs = some - np.log(np.exp(some).sum(axis=1, keepdims=True))
        paths = itertools.product(range(3), repeat=int(end))
        best = max(paths, key=lambda path: sum(logs[t, v] for t, v in enumerate(path)))
        told = tuple(found.labels[b, : found.label_lengths[b]])
        assert told == collapsed(best, blank_id)
        score = sum(logs[t, v] for t, v in enumerate(best))
        assert found.scores[b] == pytest.approx(score, rel=1e-12, abs=1e-14)
        assert (found.labels[b, found.label_lengths[b] :] == blank_id).all()


def searched(impl, logits, **options):
    """{labelling: (log P, rank)} of one sequence, in order."""
    lengths = np.array([len(logits)], np.int32)
    inputs = CTCBeamInputs(logits[:, None], lengths, **options)
    found = impl(CTCBeamParams(), inputs)
    rows = zip(found.labels[0], found.label_lengths[0], strict=True)
    labellings = [tuple(row[:end].tolist()) for row, end in rows]
    told = zip(labellings, found.scores[0].tolist(), found.ranks[0].tolist(), strict=True)
    return {y: (score, rank) for y, score, rank in told if score > -math.inf}


@pytest.mark.parametrize("impl_id", IMPLS)
@pytest.mark.parametrize("blank_id", [0, 2])
@pytest.mark.parametrize("T", [0, 1, 4])
def test_a_wide_beam_gives_the_posterior_of_every_labelling(T, blank_id, impl_id):
    impl = implementation("decoder", "ctc_beam", impl_id)
    logits = np.random.default_rng(T).normal(size=(T, 3))
    exact = posterior(logits, blank_id)
    found = searched(impl, logits, width=80, n_best=80, blank_id=blank_id)
    assert set(found) == set(exact)
    for labelling, (score, rank) in found.items():
        assert score == rank == pytest.approx(math.log(exact[labelling]), rel=1e-11, abs=1e-13)
    assert list(found) == sorted(found, key=lambda y: -exact[y])


@pytest.mark.parametrize("impl_id", IMPLS)
def test_a_language_model_only_reranks_a_wide_beam(impl_id):
    """An automaton that remembers the last label."""
    impl = implementation("decoder", "ctc_beam", impl_id)
    rng = np.random.default_rng(3)
    logits, bonus, final = rng.normal(size=(4, 3)), rng.normal(size=(3, 3)), rng.normal(size=3)
    following = np.tile(np.arange(3, dtype=np.int32), (3, 1))
    options = {"bonus": bonus, "next_state": following, "final": final}
    found = searched(impl, logits, width=80, n_best=80, **options)
    exact = posterior(logits, 0)
    assert set(found) == set(exact)
    for labelling, (score, rank) in found.items():
        states = (0, *labelling)
        prior = sum(bonus[a, b] for a, b in itertools.pairwise(states)) + final[states[-1]]
        assert score == pytest.approx(math.log(exact[labelling]), rel=1e-10, abs=1e-12)
        assert rank == pytest.approx(score + prior, rel=1e-10, abs=1e-12)
    assert list(found) == sorted(found, key=lambda y: -found[y][1])


@pytest.mark.parametrize("impl_id", IMPLS)
def test_a_narrow_beam_never_claims_more_than_the_posterior(impl_id):
    impl = implementation("decoder", "ctc_beam", impl_id)
    logits = np.random.default_rng(5).normal(size=(5, 3))
    exact = posterior(logits, 0)
    for width in (1, 2, 5):
        for labelling, (score, _) in searched(impl, logits, width=width, n_best=width).items():
            assert score <= math.log(exact[labelling]) + 1e-12


def test_a_prefix_that_comes_back_meets_its_child():
    """With width 2 the prefix a is dropped while a b stays; when a returns, a b is not doubled."""
    rng = np.random.default_rng(0)
    impl = implementation("decoder", "ctc_beam", "numpy.ctc_beam")
    lengths = np.full(300, 8, np.int32)
    inputs = CTCBeamInputs(2 * rng.normal(size=(8, 300, 3)), lengths, width=3, n_best=3)
    found = impl(CTCBeamParams(), inputs)
    for row, ends in zip(found.labels, found.label_lengths, strict=True):
        told = [tuple(labels[:end]) for labels, end in zip(row, ends, strict=True)]
        assert len(set(told)) == 3
