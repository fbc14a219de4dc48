"""Searches beside gensim and torch, counts beside a dict and SciPy, GloVe's step told in counts/s.

Stanford's GloVe in C is not here, so nothing is said of it; what the plain ways of Python cost is.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest
from ratio_table import RatioRow
from scipy import sparse

import seqbench
from seqbench.kernels._vector_ops import VectorTable
from seqbench.kernels.cooccurrence import CooccurrenceInputs, NoTable
from seqbench.kernels.glove import GloveChunk, GloveState, GloveStep
from seqbench.kernels.nearest import AnalogyInputs, NeighbourInputs

V, E, K = 100_000, 300, 10


@pytest.fixture(scope="module")
def words():
    return np.random.default_rng(0).normal(size=(V, E)).astype(np.float32)


def planned(kind, name, params, inputs, impl=None):
    found = seqbench.get(kind, name, impl=impl)
    plan = found.plan(found.contract.dims(params, inputs), "float32")
    plan.load(params)
    return found.impl_id, lambda: plan.forward(inputs)


def add_row(table, at_most, group, size, names, seconds):
    table.rows.append(RatioRow(group, size, *names, *seconds))
    table.at_most[group] = at_most


@pytest.mark.peer("gensim")
def test_one_query(words, peer, in_pairs, ratio_table):
    gensim = peer("gensim")
    from gensim.models import KeyedVectors

    keyed = KeyedVectors(E)
    keyed.add_vectors([str(n) for n in range(V)], words)
    keyed.fill_norms()
    asked = np.array([[777]], np.int32)
    inputs = NeighbourInputs(words[asked[:, 0]], asked, K)
    name, search = planned("vector_op", "neighbours", VectorTable(words), inputs)
    assert [str(n) for n in search().ids[0]] == [w for w, _ in keyed.most_similar("777", topn=K)]
    seconds = in_pairs(search, lambda: keyed.most_similar("777", topn=K))
    names = (name, f"gensim {gensim.__version__}")
    add_row(ratio_table, 0.95, "neighbours, one", "1 in 100k x 300", names, seconds)


def torch_searcher(torch, words):
    torch.set_num_threads(1)
    unit = torch.nn.functional.normalize(torch.tensor(words))

    def search(queries, excluded):
        scores = torch.nn.functional.normalize(queries) @ unit.T
        scores.scatter_(1, excluded, -2.0)
        return torch.topk(scores, K, dim=1)

    return search


@pytest.mark.peer("torch")
@pytest.mark.parametrize("count", [1000])
def test_many_queries(words, peer, in_pairs, ratio_table, count):
    torch = peer("torch")
    theirs = torch_searcher(torch, words)
    ids = np.random.default_rng(1).permutation(V)[:count, None].astype(np.int32)
    inputs = NeighbourInputs(words[ids[:, 0]], ids, K)
    name, search = planned("vector_op", "neighbours", VectorTable(words), inputs)
    queries, excluded = torch.tensor(inputs.queries), torch.tensor(ids, dtype=torch.int64)
    same = search().ids == theirs(queries, excluded).indices.numpy()
    assert same.mean() > 0.999  # rounding may swap what is almost equal
    seconds = in_pairs(search, lambda: theirs(queries, excluded))
    names = (name, f"torch {torch.__version__}")
    add_row(ratio_table, 0.70, "neighbours, many", f"{count} in 100k x 300", names, seconds)


@pytest.mark.parametrize("form", ["cos_add", "pair_direction"])
def test_analogies_beside_the_shared_text(words, in_pairs, ratio_table, form):
    questions = np.random.default_rng(2).permutation(V)[:60].reshape(20, 3).astype(np.int32)
    inputs, table = AnalogyInputs(questions, K), VectorTable(words[: V // 4])
    inputs = AnalogyInputs(questions % (V // 4), K)
    name, search = planned("vector_op", f"analogy_{form}", table, inputs)
    shared, plain = planned("vector_op", f"analogy_{form}", table, inputs, "numpy.shared")
    np.testing.assert_array_equal(search().ids, plain().ids)
    seconds = in_pairs(search, plain)
    add_row(ratio_table, 0.5, f"analogy {form}", "20 in 25k x 300", (name, shared), seconds)


def zipf_corpus(tokens=100_000, vocab=10_000):
    weights = 1 / np.arange(1, vocab + 1)
    ids = np.random.default_rng(3).choice(vocab, tokens, p=weights / weights.sum())
    starts = np.arange(0, tokens + 1, 20)
    return CooccurrenceInputs(ids.astype(np.int32), starts, vocab, 10)


def count_by_dict(inputs):
    found: dict[tuple[int, int], float] = defaultdict(float)
    ids = inputs.ids.tolist()
    for first, last in zip(inputs.starts[:-1].tolist(), inputs.starts[1:].tolist(), strict=True):
        for i in range(first, last):
            for j in range(max(first, i - inputs.window), i):
                found[ids[i], ids[j]] += 1 / (i - j)
                found[ids[j], ids[i]] += 1 / (i - j)
    return found


def count_by_scipy(inputs):
    """The plain vectorised way: a sparse matrix of all pairs, duplicates summed."""
    sentence = np.searchsorted(inputs.starts, np.arange(len(inputs.ids)), side="right")
    parts = []
    for d in range(1, inputs.window + 1):
        same = sentence[d:] == sentence[:-d]
        left, right = inputs.ids[:-d][same], inputs.ids[d:][same]
        parts.append((left, right, np.full(len(left), 1 / d)))
    left, right, weights = (np.concatenate(p) for p in zip(*parts, strict=True))
    rows, columns = np.concatenate([left, right]), np.concatenate([right, left])
    shape = (inputs.vocab_size, inputs.vocab_size)
    found = sparse.coo_matrix((np.tile(weights, 2), (rows, columns)), shape=shape).tocsr()
    found.sum_duplicates()
    return found


@pytest.mark.parametrize(
    ("peer_name", "count", "at_most"),
    [("dict", count_by_dict, 0.25), ("scipy coo", count_by_scipy, 1.0)],
)
def test_counts(in_pairs, ratio_table, peer_name, count, at_most):
    inputs = zipf_corpus()
    name, ours = planned("vectors", "cooccurrence", NoTable(), inputs)
    assert len(ours().counts) == (
        len(found) if isinstance(found := count(inputs), dict) else found.nnz
    )
    seconds = in_pairs(ours, lambda: count(inputs))
    size = "100k tokens, window 10"
    add_row(ratio_table, at_most, f"counts, {peer_name}", size, (name, peer_name), seconds)
    rate = len(inputs.ids) / np.median(seconds[0])
    ratio_table.notes["cooccurrence"] = f"{rate / 1e6:.2f} M tokens/s"


@pytest.mark.parametrize("size", [100, 300])
def test_a_step_of_glove(in_pairs, ratio_table, size):
    """A trainer's chunk: 8192 counts of 1024 by 1024 words; beside the shared text."""
    rng, words = np.random.default_rng(4), 20_000
    rows, columns = rng.integers(0, 1024, (2, 8192)).astype(np.int32)
    chunk = GloveChunk(rows, columns, (1 + 30 * rng.random(8192)).astype(np.float32))
    shapes = [(words, size)] * 2 + [(words,)] * 2

    def state():
        drawn = [(rng.random(s) - 0.5) / size for s in shapes] + [np.full(s, 400.0) for s in shapes]
        return GloveState(*(a.astype(np.float32) for a in drawn))

    step = GloveStep(chunk, 1.0)
    name, ours = planned("vectors", "glove_update", state(), step)
    shared, plain = planned("vectors", "glove_update", state(), step, "numpy.shared")
    seconds = in_pairs(ours, plain)
    add_row(ratio_table, 0.3, f"glove, d={size}", "8192 counts", (name, shared), seconds)
    rate = 8192 / np.median(seconds[0])
    ratio_table.notes[f"glove d={size}"] = f"{rate / 1e6:.2f} M counts/s"
