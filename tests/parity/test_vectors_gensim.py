"""Neighbours, analogies and vector files beside gensim's."""

from __future__ import annotations

import numpy as np
import pytest

import seqbench
from seqbench.data.vector_files import read_vectors, write_vectors
from seqbench.data.word_vectors import WordVectors
from seqbench.kernels._vector_ops import VectorTable
from seqbench.kernels.nearest import AnalogyInputs, CosMulInputs, NeighbourInputs

pytestmark = pytest.mark.peer("gensim")

V, E, K = 500, 20, 10
TOLERANCE = 1e-5  # float32, as gensim stores it


@pytest.fixture(scope="module")
def values():
    return np.random.default_rng(0).normal(size=(V, E)).astype(np.float32)


@pytest.fixture(scope="module")
def words():
    return tuple(f"w{n}" for n in range(V))


@pytest.fixture
def keyed(peer, values, words):
    peer("gensim")
    from gensim.models import KeyedVectors

    made = KeyedVectors(E)
    made.add_vectors(list(words), values)
    return made


@pytest.fixture
def questions():
    rng = np.random.default_rng(1)
    return np.array([rng.permutation(V)[:3] for _ in range(40)], np.int32)


def require_same(found, peers):
    """Each of N lists of (word, score) against row n of our answers."""
    for n, expected in enumerate(peers):
        assert [f"w{i}" for i in found.ids[n]] == [word for word, _ in expected]
        np.testing.assert_allclose(found.scores[n], [s for _, s in expected], rtol=TOLERANCE)


@pytest.mark.parametrize("impl", [None, "numpy.shared"])
def test_most_similar_of_a_word(keyed, values, impl):
    ids = np.arange(0, V, 13, dtype=np.int32)
    search = seqbench.get("vector_op", "neighbours", impl=impl)
    found = search(VectorTable(values), NeighbourInputs(values[ids], ids[:, None], K))
    require_same(found, [keyed.most_similar(f"w{i}", topn=K) for i in ids])


@pytest.mark.parametrize("impl", [None, "numpy.shared"])
def test_three_cos_add(keyed, values, questions, impl):
    search = seqbench.get("vector_op", "analogy_cos_add", impl=impl)
    found = search(VectorTable(values), AnalogyInputs(questions, K))
    asked = [[f"w{i}" for i in row] for row in questions]
    require_same(
        found, [keyed.most_similar(positive=[b, c], negative=[a], topn=K) for a, b, c in asked]
    )


@pytest.mark.filterwarnings("ignore::DeprecationWarning:gensim")  # gensim 4.4 on NumPy 2.4
@pytest.mark.parametrize("impl", [None, "numpy.shared"])
def test_three_cos_mul(keyed, values, questions, impl):
    search = seqbench.get("vector_op", "analogy_cos_mul", impl=impl)
    found = search(VectorTable(values), CosMulInputs(questions, K))
    asked = [[f"w{i}" for i in row] for row in questions]
    require_same(
        found,
        [keyed.most_similar_cosmul(positive=[b, c], negative=[a], topn=K) for a, b, c in asked],
    )


@pytest.mark.parametrize(("form", "binary"), [("word2vec_text", False), ("word2vec_binary", True)])
def test_files_go_both_ways(keyed, values, words, tmp_path, form, binary):
    from gensim.models import KeyedVectors

    ours, theirs = tmp_path / "ours.vec", tmp_path / "theirs.vec"
    write_vectors(ours, WordVectors(words, values), form)
    read = KeyedVectors.load_word2vec_format(str(ours), binary=binary)
    assert tuple(read.index_to_key) == words
    np.testing.assert_array_equal(read.vectors, values)
    keyed.save_word2vec_format(str(theirs), binary=binary)
    found = read_vectors(theirs, form)
    assert found.words == words
    np.testing.assert_array_equal(found.vectors, values)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_glove_files_are_read_by_gensim(keyed, values, words, tmp_path):
    """gensim 4.4 leaves a file without a header open, which the filter above passes over."""
    from gensim.models import KeyedVectors

    path = tmp_path / "glove.txt"
    write_vectors(path, WordVectors(words, values), "glove_text")
    read = KeyedVectors.load_word2vec_format(str(path), binary=False, no_header=True)
    assert tuple(read.index_to_key) == words
    np.testing.assert_array_equal(read.vectors, values)
