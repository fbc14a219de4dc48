"""Changes to searches, debiasing, GloVe and its counts that a test must notice."""

from __future__ import annotations

from types import ModuleType

import numpy as np
from mutant import Mutant, conformance

NEAREST = "seqbench.kernels.nearest"
TUNED = "seqbench_numpy.nearest"
SHARED = "seqbench.kernels._vector_ops"
DEBIAS = "seqbench.kernels.debias"
GLOVE = "seqbench.kernels.glove"
STEP = "seqbench_numpy.glove"
COUNTS = "seqbench.kernels.cooccurrence"
TUNED_COUNTS = "seqbench_numpy.cooccurrence"
FILES = "seqbench.data.vector_files"
MEASURES = "seqbench.models.bias_measures"
SPEARMAN = "seqbench.models.word_similarity"
TRAINER = "seqbench.models.glove"


def ties_go_to_the_lowest(module: ModuleType) -> None:
    best = module._Best(1, 2, np.dtype("float64"))
    best.add(np.ones((module.GROUP, 1)), 0)
    assert best.ranked()[0].tolist() == [[0, 1]]


def top_k_keeps_the_order(module: ModuleType) -> None:
    ids, _ = module.top_k(np.array([[1.0, 2.0, 2.0, 0.0] * 20]), 2, xp=np)
    assert ids.tolist() == [[1, 2]]


def sums_are_whole(module: ModuleType) -> None:
    module.BLOCK = 3
    packed = np.array([4, 5, 8, 9, 9, 12]) << 1
    keys, sums = module.summed_runs(packed >> 1 << 1, 2, np.ones(4))
    assert (keys.tolist(), sums.tolist()) == ([2, 4, 6], [2.0, 3.0, 1.0])


def a_twin_is_refused(module: ModuleType) -> None:
    words: dict[str, int] = {}
    refused = False
    for _ in range(2):
        try:
            module._add("file", words, "twin")
        except module.DataError:
            refused = True
    assert refused


def weat_is_one_sided(module: ModuleType) -> None:
    rng = np.random.default_rng(0)
    x, y, a, b = rng.normal(size=(4, 3, 4))
    there, back = module.weat(x, y, a, b), module.weat(y, x, a, b)
    assert abs(there.effect + back.effect) < 1e-12
    assert abs(there.p_value + back.p_value - 1) <= 0.05 + 1e-12  # the one seen is in both


def weat_divides_by_the_sample_deviation(module: ModuleType) -> None:
    axis = np.array([[1.0, 0.0]])
    angles = np.arccos([0.8, 0.6, -0.2, -0.4])
    rows = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    found = module.weat(rows[:2], rows[2:], axis, -axis).effect
    scores = 2 * np.cos(angles)
    assert abs(found - 2.0 / scores.std(ddof=1)) < 1e-12


def clusters_are_named_to_agree(module: ModuleType) -> None:
    rows = np.repeat([[9.0], [-9.0]], 5, axis=0) + np.arange(10)[:, None] / 100
    side = np.arange(10) < 5
    assert module.clustering_accuracy(rows, side) == 1
    assert module.clustering_accuracy(rows, ~side) == 1


def ties_share_their_mean_rank(module: ModuleType) -> None:
    assert module.average_ranks(np.array([5.0, 1.0, 5.0, 0.0])).tolist() == [3.5, 2.0, 3.5, 1.0]


def every_count_is_visited(module: ModuleType) -> None:
    rows, columns = np.random.default_rng(0).integers(0, 10, (2, 333)).astype(np.int32)
    settings = module.GloveSettings(chunk=16, tile_words=4)
    seen = np.concatenate(list(module.tile_chunks(rows, columns, 10, settings, [0, 0])))
    assert sorted(seen.tolist()) == list(range(333))


MUTANTS = [
    Mutant(  # a is added, b taken away
        NEAREST,
        "queries: Array = b - a + c",
        "queries: Array = a - b + c",
        conformance("vector_op/analogy_cos_add"),
    ),
    Mutant(  # the words of the question are answers again
        NEAREST,
        "return NearestOutputs(*top_k(without(scores, excluded, xp=xp), k, xp=xp))",
        "return NearestOutputs(*top_k(scores, k, xp=xp))",
        conformance("vector_op/neighbours"),
    ),
    Mutant(  # cosines are not moved to [0, 1]
        NEAREST,
        "(_cosines(vectors[inputs.questions[:, column]], vectors, xp=xp) + 1) / 2",
        "_cosines(vectors[inputs.questions[:, column]], vectors, xp=xp)",
        conformance("vector_op/analogy_cos_mul"),
    ),
    Mutant(  # x - c loses its length
        NEAREST,
        "distance = lengths + own - 2 * beside",
        "distance = lengths + own + 2 * beside",
        conformance("vector_op/analogy_pair_direction"),
    ),
    Mutant(  # raw vectors are taken for unit ones
        NEAREST,
        "    if unit:\n        return unit_rows(a",
        "    if True:\n        return unit_rows(a",
        conformance("vector_op/analogy_cos_add"),
    ),
    Mutant(
        SHARED,
        'xp.argsort(-scores, axis=1, kind="stable")',
        "xp.argsort(scores)[:, ::-1]",
        top_k_keeps_the_order,
    ),
    Mutant(  # a zero row divides by zero
        SHARED,
        "return rows / xp.where(norms == 0, xp.ones_like(norms), norms)",
        "return rows / (norms + 1e-3)",
        conformance("vector_op/cosine"),
        through=("seqbench.kernels.similarity",),
    ),
    Mutant(  # candidates that equal the bound are dropped
        TUNED,
        "(values >= bound[query, None]) & (values > -np.inf)",
        "(values > bound[query, None]) & (values > -np.inf)",
        conformance("vector_op/neighbours", "numpy.neighbours"),
    ),
    Mutant(
        TUNED,
        "np.lexsort((word, -value, query))",
        "np.lexsort((-word, -value, query))",
        ties_go_to_the_lowest,
    ),
    Mutant(  # the rows past the table's end are not hidden
        TUNED,
        "whole[width:] = -np.inf",
        "whole[width:] = np.inf",
        conformance("vector_op/neighbours", "numpy.neighbours"),
    ),
    Mutant(  # raw lengths are forgotten
        TUNED,
        "        along *= norms\n",
        "",
        conformance("vector_op/analogy_pair_direction", "numpy.analogy_pair_direction"),
    ),
    Mutant(  # the smallest component first
        DEBIAS,
        "directions = columns[:, ::-1].T[: inputs.components]",
        "directions = columns.T[: inputs.components]",
        conformance("vector_op/bias_direction"),
    ),
    Mutant(  # the vectors are not unit again
        DEBIAS,
        "return Rows(unit_rows(rows, xp=backend.xp))",
        "return Rows(rows)",
        conformance("vector_op/neutralise"),
    ),
    Mutant(  # mu instead of nu
        DEBIAS,
        "outside = mean - mean_inside  # nu",
        "outside = mean  # nu",
        conformance("vector_op/equalise"),
    ),
    Mutant(  # w_B instead of w_B - mu_B
        DEBIAS,
        "unit_rows(inside(row, directions) - mean_inside, xp=xp)",
        "unit_rows(inside(row, directions), xp=xp)",
        conformance("vector_op/equalise"),
    ),
    Mutant(  # f is not capped at 1
        GLOVE,
        "xp.minimum(ratio, xp.ones_like(ratio)) ** chunk.alpha",
        "ratio ** chunk.alpha",
        conformance("vectors/glove"),
    ),
    Mutant(  # the gradient's 2
        GLOVE,
        "errors = (2 * inputs.factor * upstream",
        "errors = (inputs.factor * upstream",
        conformance("vectors/glove"),
    ),
    Mutant(  # the second bias
        GLOVE,
        "difference = products + params.bias[rows] + params.context_bias[columns]",
        "difference = products + params.bias[rows] + params.bias[columns]",
        conformance("vectors/glove"),
    ),
    Mutant(  # the step before its squares
        GLOVE,
        "        squares += d * d\n        theta -= inputs.learning_rate * d / (xp.sqrt(squares) "
        "+ EPSILON)\n",
        "        theta -= inputs.learning_rate * d / (xp.sqrt(squares) + EPSILON)\n"
        "        squares += d * d\n",
        conformance("vectors/glove_update"),
    ),
    Mutant(  # contexts see the updated words
        STEP,
        "d_context = self._summed(column, errors, word_rows, len(contexts))",
        "d_context = self._summed(column, errors, context_rows, len(contexts))",
        conformance("vectors/glove_update", "numpy.glove_update"),
    ),
    Mutant(  # squares that are none
        STEP,
        "own += gradient * gradient",
        "own += np.abs(gradient)",
        conformance("vectors/glove_update", "numpy.glove_update"),
    ),
    Mutant(  # a word's place among the last chunk's
        STEP,
        "self._place[distinct] = np.arange(len(distinct), dtype=np.int32)",
        "self._place[distinct] = np.arange(len(distinct), dtype=np.int32)[::-1]",
        conformance("vectors/glove_update", "numpy.glove_update"),
    ),
    Mutant(  # pairs across sentences
        COUNTS,
        "same = sentence[distance:] == sentence[:-distance]",
        "same = sentence[distance:] >= sentence[:-distance]",
        conformance("vectors/cooccurrence"),
    ),
    Mutant(  # one word too far
        TUNED_COUNTS,
        "distances = np.arange(1.0, inputs.window + 1)",
        "distances = np.arange(2.0, inputs.window + 2)",
        conformance("vectors/cooccurrence", "numpy.cooccurrence"),
    ),
    Mutant(  # words beside themselves are counted once
        TUNED_COUNTS,
        "both = (left + left.T.tocsr()).tocsr()",
        "both = left.maximum(left.T.tocsr()).tocsr()",
        conformance("vectors/cooccurrence", "numpy.cooccurrence"),
    ),
    Mutant(
        TUNED_COUNTS,
        "block = block[: starts[-1]]",
        "block = block[: starts[-1] + 1]",
        sums_are_whole,
    ),
    Mutant(
        FILES, "    if word in words:\n", "    if word in words and False:\n", a_twin_is_refused
    ),
    Mutant(
        MEASURES,
        "differences >= seen - slack",
        "abs(differences) >= seen - slack",
        weat_is_one_sided,
    ),
    Mutant(MEASURES, "scores.std(ddof=1)", "scores.std()", weat_divides_by_the_sample_deviation),
    Mutant(MEASURES, "return max(agree, 1 - agree)", "return agree", clusters_are_named_to_agree),
    Mutant(SPEARMAN, "(starts + 1 + ends) / 2", "starts + 1.0", ties_share_their_mean_rank),
    Mutant(
        TRAINER,
        "(first, min(first + settings.chunk, int(end)))",
        "(first, min(first + settings.chunk, int(end) - 1))",
        every_count_is_visited,
    ),
]
