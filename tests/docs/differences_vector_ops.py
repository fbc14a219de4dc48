"""Differences told by similarity, GloVe and debiasing."""

from __future__ import annotations

import numpy as np
from difference import Difference

from seqbench.kernels._vector_ops import VectorTable
from seqbench.kernels.debias import BIAS_DIRECTION, NEUTRALISE, BiasPairs, Rows, Subspace
from seqbench.kernels.glove import GLOVE, GloveChunk, GloveLoss, GloveParams
from seqbench.kernels.nearest import ANALOGY_COS_ADD, AnalogyInputs
from seqbench.testing.reference import reference


def answers_that_change() -> float:
    """Share of analogies answered otherwise; lengths spread as frequent and rare words' do."""
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(1000, 20)) * np.exp(0.5 * rng.normal(size=(1000, 1)))
    questions = np.array([rng.permutation(1000)[:3] for _ in range(500)], np.int32)
    search = reference(ANALOGY_COS_ADD)
    unit, raw = (
        search(VectorTable(rows), AnalogyInputs(questions, 1, one)).ids for one in (True, False)
    )
    return 100 * float((unit != raw).mean())


def one_bias_gradient() -> float:
    """Gradient with one bias vector (b_i + b_j) against differences of the paper's objective."""
    rng = np.random.default_rng(0)
    V, N = 8, 40
    weight, context = rng.normal(0, 0.5, (2, V, 4))
    bias, context_bias = rng.normal(size=(2, V))
    rows, columns = rng.integers(0, V, (2, N)).astype(np.int32)
    chunk = GloveChunk(rows, columns, 1 + 20 * rng.random(N), 10.0, factor=1.0)

    def loss(moved: np.ndarray) -> float:
        params = GloveParams(weight, context, moved, context_bias)
        return float(reference(GLOVE)(params, chunk).loss)

    step = 1e-5 * np.eye(V)
    exact = np.array([(loss(bias + s) - loss(bias - s)) / 2e-5 for s in step])
    shared = GloveParams(weight, context, bias, bias)  # the notes' objective
    plan = reference(GLOVE).plan(GLOVE.dims(shared, chunk), "float64", grad=True)
    plan.load(shared)
    plan.forward(chunk)
    found = plan.backward(GloveLoss(np.array(1.0))).params
    wrong = found.bias + found.context_bias
    return float(np.abs(wrong - exact).max() / np.abs(exact).max())


def left_along_a_pair_that_was_left_out() -> float:
    """Percent of the direct bias that is left along a pair that the fit did not see."""
    rng = np.random.default_rng(0)
    axis = np.zeros(20)
    axis[0] = 3.0
    signs = np.repeat([1.0, -1.0], 5)[:, None]
    words = np.concatenate([rng.normal(size=(10, 20)) + signs * axis, rng.normal(size=(200, 20))])
    words[10:] += axis * rng.normal(size=(200, 1))
    words /= np.linalg.norm(words, axis=1, keepdims=True)
    pairs = np.stack([np.arange(5), np.arange(5, 10)], axis=1).astype(np.int32)
    kept = reference(BIAS_DIRECTION)(VectorTable(words), BiasPairs(pairs[1:]))
    neutral = reference(NEUTRALISE)(Subspace(kept.directions), Rows(words[10:])).rows
    out = words[0] - words[5]
    return 100 * float(np.abs(neutral @ out).mean() / np.abs(words[10:] @ out).mean())


ENTRIES = [
    Difference(
        id="A16",
        title="raw or unit vectors are added in an analogy",
        notes="add the vectors as they are: king - man + woman.",
        papers="an option: `unit=True` (the default) makes each vector unit first, as Levy & "
        "Goldberg (2014) and gensim do, so that none outweighs the others; `unit=False` is the "
        "notes' form. Cosine is the similarity in both.",
        shows="Percent of 500 analogies over random vectors of uneven length that get another "
        "answer",
        number=answers_that_change,
    ),
    Difference(
        id="A21",
        title="GloVe has two bias vectors",
        notes="write b_i + b_j, one bias vector for both sets, and no factor before the sum.",
        papers="b_i + b~_j, a bias vector a set (Pennington et al. 2014, equation 8); `factor` "
        "names the 1/2 of its authors' program. The final vectors are the sum of both sets.",
        shows="Largest error of the notes' bias gradient against central differences of the "
        "paper's objective, relative to the largest entry",
        number=one_bias_gradient,
    ),
    Difference(
        id="A22",
        title="no bias along the fitted axis is no finding",
        notes="neutralise every word that is not definitional, and stop there.",
        papers="projecting words off an axis leaves no direct bias along it by construction, "
        "whatever the axis; what counts is a pair that the fit did not see, and what clustering "
        "still finds (Gonen & Goldberg 2019). Both are reported.",
        shows="Percent of the direct bias left along a pair that was left out of the fit, on "
        "vectors made with one true axis",
        number=left_along_a_pair_that_was_left_out,
    ),
]
