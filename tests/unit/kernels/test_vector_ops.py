"""Similarity, neighbours, analogies by hand and by brute force; what is refused."""

from __future__ import annotations

import numpy as np
import pytest
import seqbench_numpy.nearest as tuned
from seqbench_numpy.backend import NumpyBackend

import seqbench
from seqbench.interfaces import DtypeError, RangeError, ShapeError
from seqbench.kernels import nearest
from seqbench.kernels._vector_ops import VectorTable
from seqbench.kernels.nearest import AnalogyInputs, CosMulInputs, NeighbourInputs
from seqbench.kernels.similarity import PairInputs, QueryInputs

IMPLS = pytest.mark.parametrize("impl", [None, "numpy.shared"])
TABLE = VectorTable(np.array([[3.0, 4.0], [4.0, 3.0], [-3.0, -4.0], [0.0, 0.0]]))


def get(name, impl=None):
    return seqbench.get("vector_op", name, impl=impl)


def ids(*rows):
    return np.array(rows, np.int32)


def cosine(u, v):
    return float(u @ v / (np.linalg.norm(u) * np.linalg.norm(v)))


@pytest.fixture
def words():
    return np.random.default_rng(3).normal(size=(150, 6))


def test_pairs_by_hand():
    pairs = PairInputs(ids([0, 1], [0, 2]))
    np.testing.assert_allclose(get("cosine")(TABLE, pairs).values, [24 / 25, -1])
    np.testing.assert_allclose(get("squared_distance")(TABLE, pairs).values, [2, 100])


def test_every_word_by_hand():
    queries = QueryInputs(np.array([[6.0, 8.0]]))
    found = get("cosine_matrix")(TABLE, queries).values
    np.testing.assert_allclose(found, [[1, 24 / 25, -1, 0]], atol=1e-15)  # a zero row: 0
    found = get("squared_distance_matrix")(TABLE, queries).values
    np.testing.assert_allclose(found, [[25, 29, 225, 100]])


def test_a_squared_distance_is_never_negative():
    table = VectorTable(np.full((1, 3), 0.1, np.float32))
    queries = QueryInputs(np.full((1, 3), np.nextafter(np.float32(0.1), np.float32(1))))
    assert get("squared_distance_matrix")(table, queries).values[0, 0] >= 0


@IMPLS
def test_equal_scores_go_to_the_lowest_id(impl):
    rows = np.ones((200, 2))
    rows[70] = [1, 2]
    inputs = NeighbourInputs(np.ones((2, 2)), ids([0, 3], [199, -1]), 4)
    found = get("neighbours", impl)(VectorTable(rows), inputs)
    assert found.ids.tolist() == [[1, 2, 4, 5], [0, 1, 2, 3]]


@IMPLS
def test_a_zero_row_of_the_table_scores_zero(impl):
    inputs = NeighbourInputs(np.array([[3.0, 4.0]]), ids([-1]), 3)
    found = get("neighbours", impl)(TABLE, inputs)
    assert found.ids.tolist() == [[0, 1, 3]]
    assert found.scores[0, 2] == 0


@IMPLS
def test_all_words_that_are_left_can_be_asked_for(impl, words):
    inputs = NeighbourInputs(words[:2], ids([0, 9], [1, 8]), 148)
    found = get("neighbours", impl)(VectorTable(words), inputs)
    assert set(found.ids[0].tolist()) == set(range(150)) - {0, 9}
    assert (np.diff(found.scores, axis=1) <= 0).all()


def brute_force(words, question, score):
    """Ids by falling score, the question's own left out."""
    scores = {n: score(w) for n, w in enumerate(words) if n not in question}
    return sorted(scores, key=lambda n: (-scores[n], n))


@IMPLS
@pytest.mark.parametrize("unit", [True, False])
def test_analogies_equal_their_formulas(impl, unit, words):
    question = [5, 17, 101]
    rows = words / np.linalg.norm(words, axis=1, keepdims=True) if unit else words
    a, b, c = rows[question]
    inputs = AnalogyInputs(ids(question), 5, unit)
    found = get("analogy_cos_add", impl)(VectorTable(words), inputs)
    expected = brute_force(rows, question, lambda x: cosine(x, b - a + c))
    assert found.ids[0].tolist() == expected[:5]
    found = get("analogy_pair_direction", impl)(VectorTable(words), inputs)
    expected = brute_force(rows, question, lambda x: cosine(x - c, b - a))
    assert found.ids[0].tolist() == expected[:5]
    best = rows[expected[0]]
    assert found.scores[0, 0] == pytest.approx(cosine(best - c, b - a))


@IMPLS
def test_three_cos_mul_equals_its_formula(impl, words):
    question = [5, 17, 101]
    a, b, c = words[question]
    found = get("analogy_cos_mul", impl)(VectorTable(words), CosMulInputs(ids(question), 5))

    def score(x):
        moved = [(cosine(x, w) + 1) / 2 for w in (a, b, c)]
        return moved[1] * moved[2] / (moved[0] + 1e-6)

    assert found.ids[0].tolist() == brute_force(words, question, score)[:5]


@IMPLS
@pytest.mark.parametrize(("unit", "answer"), [(True, 4), (False, 3)])
def test_raw_and_unit_vectors_can_answer_differently(impl, unit, answer):
    """b - a + c is (-0.3, 1.7) of unit vectors and (-8, 2) of raw ones, where a outweighs."""
    rows = np.array([[9.0, 0.0], [0.0, 1.0], [1.0, 1.0], [-4.0, 1.0], [-0.3, 1.7]])
    inputs = AnalogyInputs(ids([0, 1, 2]), 1, unit)
    assert get("analogy_cos_add", impl)(VectorTable(rows), inputs).ids.tolist() == [[answer]]


@IMPLS
def test_a_twin_of_c_has_no_pair_direction(impl, words):
    words[140] = words[101]
    inputs = AnalogyInputs(ids([5, 17, 101]), 147)
    found = get("analogy_pair_direction", impl)(VectorTable(words.astype(np.float32)), inputs)
    assert found.scores[0, found.ids[0].tolist().index(140)] == 0


@pytest.mark.parametrize("name", sorted(tuned._FORMS))
@pytest.mark.parametrize("count", [1, 9])
def test_many_blocks_give_what_one_gives(monkeypatch, name, count):
    rng = np.random.default_rng(0)
    table = VectorTable(rng.normal(size=(1000, 5)))
    asked = np.array([rng.permutation(1000)[:3] for _ in range(count)], np.int32)
    inputs = {
        "neighbours": NeighbourInputs(rng.normal(size=(count, 5)), asked, 7),
        "analogy_cos_mul": CosMulInputs(asked, 7),
    }.get(name, AnalogyInputs(asked, 7, unit=False))
    contract = getattr(nearest, name.upper())
    expected = get(name, "numpy.shared")(table, inputs)
    monkeypatch.setattr(tuned, "BLOCK_BYTES", 1)
    search = tuned.VectorSearch(contract, NumpyBackend())
    plan = search.plan(contract.dims(table, inputs), "float64")
    assert plan.notes == {"words_per_block": tuned.GROUP}
    plan.load(table)
    found = plan.forward(inputs)
    np.testing.assert_array_equal(found.ids, expected.ids)
    np.testing.assert_allclose(found.scores, expected.scores, atol=1e-12)


@IMPLS
def test_arrays_with_gaps_are_taken(impl, words):
    table = VectorTable(np.repeat(words, 2, axis=0)[::2])
    inputs = NeighbourInputs(words[::7], np.arange(0, 150, 7, dtype=np.int32)[:, None], 3)
    expected = get("neighbours", impl)(VectorTable(words.copy()), inputs)
    np.testing.assert_array_equal(get("neighbours", impl)(table, inputs).ids, expected.ids)


def neighbours(queries=None, excluded=None, k=1, table=TABLE):
    queries = np.ones((1, 2)) if queries is None else queries
    excluded = ids([0]) if excluded is None else excluded
    return lambda: get("neighbours")(table, NeighbourInputs(queries, excluded, k))


def analogy(question=(0, 1, 2), k=1, name="analogy_cos_add"):
    table = VectorTable(np.arange(1.0, 13).reshape(6, 2))
    kind = CosMulInputs if name == "analogy_cos_mul" else AnalogyInputs
    return lambda: get(name)(table, kind(ids(question), k))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (neighbours(k=4), RangeError, "neighbours: k is 4, expected 1 to 3: of 4 words 1 are exc"),
        (neighbours(k=0), RangeError, "k is 0, expected 1 to 3"),
        (neighbours(excluded=ids([4])), RangeError, "excluded ids is 4, expected 0 to 3"),
        (neighbours(excluded=ids([0], [1])), ShapeError, r"excluded are \(2, 1\), expected \(1, "),
        (neighbours(np.zeros((1, 2))), RangeError, "row 0 of the queries is zero, expected a dir"),
        (neighbours(np.ones((1, 3))), ShapeError, r"queries are \(1, 3\), expected \(N, 2\)"),
        (neighbours(np.array([[np.nan, 1]])), RangeError, "row 0 of the queries is not finite"),
        (neighbours(np.ones((1, 2), int)), DtypeError, "queries are int64, expected a floating"),
        (
            neighbours(table=VectorTable(np.array([[1.0, 1], [np.nan, 1]]))),
            RangeError,
            "row 1 of the vectors is not finite, expected numbers; drop the word",
        ),
        (neighbours(table=VectorTable(np.ones((0, 2)))), ShapeError, "both at least 1"),
        (analogy((0, 1, 6)), RangeError, "one of the questions is 6, expected 0 to 5"),
        (analogy((0, -1, 2)), RangeError, "one of the questions is -1, expected 0 to 5"),
        (analogy((0, 1)), ShapeError, r"questions are \(1, 2\), expected \(N, 3\)"),
        (analogy(k=4), RangeError, "analogy_cos_add: k is 4, expected 1 to 3: of 6 words 3 are"),
        (analogy(k=4, name="analogy_cos_mul"), RangeError, "analogy_cos_mul: k is 4"),
        (
            lambda: get("analogy_cos_mul")(TABLE, CosMulInputs(ids([0, 1, 2]), 1, 0.0)),
            RangeError,
            "epsilon is 0.0, expected above 0; gensim has 1e-6",
        ),
        (
            lambda: get("analogy_cos_add")(TABLE, AnalogyInputs(ids([0, 1, 3]))),
            RangeError,
            "vectors of the questions is zero, expected a direction: its cosine is undefined",
        ),
        (
            lambda: get("cosine")(TABLE, PairInputs(ids([0, 1], [3, 1]))),
            RangeError,
            "row 1 of the vectors of the pairs is zero, expected a direction",
        ),
        (
            lambda: get("cosine")(TABLE, PairInputs(ids([0, 4]))),
            RangeError,
            "one of the pairs is 4, expected 0 to 3",
        ),
    ],
)
def test_what_is_refused(call, error, message):
    with pytest.raises(error, match=message) as caught:
        call()
    assert ";" in str(caught.value)
