"""Changes to the word-vector kernels, their sampling and tree that the suite must notice."""

from __future__ import annotations

import heapq
from types import ModuleType

import numpy as np
from mutant import Mutant, conformance
from seqbench_numpy.backend import NumpyBackend

from seqbench.data.huffman import huffman_tree
from seqbench.kernels._word_vectors import TreeChunk, VectorParams, VectorUpdate
from seqbench.kernels.skipgram import SKIPGRAM_HS_UPDATE

SHARED = "seqbench.kernels._word_vectors"
SKIPGRAM, CBOW = "seqbench.kernels.skipgram", "seqbench.kernels.cbow"
TUNED = "seqbench_numpy"


def cheapest(module: ModuleType) -> None:
    """The tree costs what merging by a heap costs."""
    counts = np.array([1, 1, 2, 3, 5, 8, 13, 4, 4])
    heap = counts.tolist()
    heapq.heapify(heap)
    total = 0
    while len(heap) > 1:
        merged = heapq.heappop(heap) + heapq.heappop(heap)
        total += merged
        heapq.heappush(heap, merged)
    assert (module.huffman_tree(counts).lengths * counts).sum() == total


def tree_is_one(module: ModuleType) -> None:
    """Codes are a prefix code: no two words turn alike."""
    tree = module.huffman_tree(np.array([1, 1, 2, 3, 5, 8]))
    paths = {
        (nodes.tobytes(), signs.tobytes())
        for nodes, signs in zip(tree.nodes, tree.signs, strict=True)
    }
    assert len(paths) == 6
    assert (tree.nodes[:, 0] == 4).all()


def draws_what_it_should(module: ModuleType) -> None:
    wanted = module.noise_probabilities(np.array([50, 40, 30, 9, 3, 1]), 0.75, xp=np)
    table = module.noise_table(wanted, xp=np)
    np.testing.assert_allclose(module.table_probabilities(table, xp=np), wanted, atol=1e-9)
    drawn = module.draw_noise(table, seed=0, stream=0, start=0, count=200_000, xp=np)
    assert np.abs(np.bincount(drawn, minlength=6) / 200_000 - wanted).max() < 0.005


def windows_reach_both_ends(module: ModuleType) -> None:
    drawn = module.draw_windows(5, seed=0, stream=0, start=0, count=1000, xp=np)
    assert set(drawn.tolist()) == {1, 2, 3, 4, 5}


def forgets_the_last_chunk(module: ModuleType) -> None:
    """A plan that has seen long paths steps down short ones as a new plan does."""
    rng, contract = np.random.default_rng(0), SKIPGRAM_HS_UPDATE
    tree = huffman_tree(1 << np.arange(12))
    none, window = np.zeros(16, np.int32), (np.arange(16) < 15).astype(np.int32)
    rare, mixed = none, np.repeat(np.array([0, 11], np.int32), 8)
    start, ends = rng.normal(size=(23, 4)), []
    for chunks in ((rare, mixed), (mixed,)):
        params = VectorParams(start[:12].copy(), start[12:].copy())
        steps = [
            VectorUpdate(TreeChunk(ids, none, window, tree.nodes, tree.signs, 1), 0.1 * ids.any())
            for ids in chunks
        ]
        impl = module.skipgram_hs(contract, NumpyBackend())
        plan = impl.plan(contract.dims(params, steps[0]), "float64")
        plan.load(params)
        for step in steps:
            plan.forward(step)
        ends.append(params.weight_out)
    np.testing.assert_allclose(*ends, atol=1e-12)


def keeps_as_the_paper(module: ModuleType) -> None:
    kept = module.keep_probabilities(np.array([90, 10]), 1e-2, "paper", xp=np)
    np.testing.assert_allclose(kept[0], np.sqrt(1e-2 / 0.9), rtol=1e-12)


def _shared(old: str, new: str, key: str, through: str) -> Mutant:
    return Mutant(SHARED, old, new, conformance(key), through=("seqbench.kernels." + through,))


MUTANTS = [
    # the texts
    Mutant(
        SKIPGRAM,
        "ones = xp.where(inside, zero - 1, zero)",
        "ones = (zero - 1)",
        conformance("vectors/skipgram_softmax"),
    ),
    Mutant(
        SKIPGRAM,
        "d_logits = inside.sum(axis=1, keepdims=True) * xp.exp(log_probs)",
        "d_logits = xp.exp(log_probs)",
        conformance("vectors/skipgram_softmax"),
    ),
    Mutant(
        SKIPGRAM,
        "xp.where(inside[:, :, None], shares, 0).sum(axis=1)",
        "shares.sum(axis=1)",
        conformance("vectors/skipgram_ns"),
    ),
    Mutant(
        SKIPGRAM,
        "signs[:, targets.shape[1] :] = -1",
        "signs[:, targets.shape[1] + 1 :] = -1",
        conformance("vectors/skipgram_ns"),
    ),
    Mutant(
        CBOW,
        "back = means if divide else inside.astype(dtype)",
        "back = inside.astype(dtype)",
        conformance("vectors/cbow_ns"),
    ),
    Mutant(
        CBOW,
        "functools.partial(tree_objective, divide=False)",
        "tree_objective",
        conformance("vectors/cbow_hs_word2vec"),
    ),
    Mutant(
        CBOW,
        "functools.partial(negative_objective, divide=False)",
        "negative_objective",
        conformance("vectors/cbow_ns_word2vec"),
    ),
    _shared("sigmoid(-signed, xp=xp)", "sigmoid(signed, xp=xp)", "vectors/skipgram_hs", "skipgram"),
    _shared(
        "valid = noise != targets[..., None]",
        "valid = noise == noise",
        "vectors/skipgram_ns",
        "skipgram",
    ),
    _shared(
        "xp.abs(offsets)[None, :] <= reach",
        "xp.abs(offsets)[None, :] < reach",
        "vectors/skipgram_softmax",
        "skipgram",
    ),
    _shared(
        "1 - rate * inputs.damping",
        "1 + rate * inputs.damping",
        "vectors/skipgram_ns_update",
        "skipgram",
    ),
    # NumPy's own
    Mutant(
        f"{TUNED}.skipgram",
        "np.subtract(at.noise, half, out=at.noise)",
        "np.add(at.noise, half, out=at.noise)",
        conformance("vectors/skipgram_ns_update", "numpy.skipgram_ns_update"),
    ),
    Mutant(
        f"{TUNED}.skipgram",
        "np.maximum(np.count_nonzero(valid, axis=2), 1)",
        "valid.shape[2]",
        conformance("vectors/skipgram_ns_update", "numpy.skipgram_ns_update"),
    ),
    Mutant(
        f"{TUNED}.cbow",
        "self._back = self._means if divide else plan._new(blocks, block, width)",
        "self._back = self._means",
        conformance("vectors/cbow_ns_word2vec", "numpy.cbow_ns_word2vec"),
    ),
    Mutant(
        f"{TUNED}.cbow",
        "np.multiply(at.noise, valid, out=at.noise)",
        "",
        conformance("vectors/cbow_ns_update", "numpy.cbow_ns_update"),
    ),
    Mutant(f"{TUNED}.word_trees", "signs[:] = 0", "", forgets_the_last_chunk),
    Mutant(
        f"{TUNED}.word_trees",
        "(BLOCK * columns, columns, columns - 1)",
        "(BLOCK * columns, columns, columns)",
        conformance("vectors/skipgram_hs_update", "numpy.skipgram_hs_update"),
    ),
    Mutant(
        f"{TUNED}.word_trees",
        "np.tile(np.eye(BLOCK, dtype=dtype), (self._blocks, 1))",
        "1",
        conformance("vectors/cbow_hs_update", "numpy.cbow_hs_update"),
    ),
    # tree and draws
    Mutant(
        "seqbench.data.huffman",
        "words[word][0] <= inner[node][0]",
        "words[word][0] >= inner[node][0]",
        cheapest,
    ),
    Mutant("seqbench.data.huffman", "for sign in (1, -1)", "for sign in (1, 1)", tree_is_one),
    Mutant(
        "seqbench.kernels.word_sampling",
        "scaled[more] -= 1 - scaled[less]",
        "scaled[more] -= scaled[less]",
        draws_what_it_should,
    ),
    Mutant(
        "seqbench.kernels.word_sampling",
        "return xp.where(kept, slots, table.alias[slots])",
        "return slots",
        draws_what_it_should,
    ),
    Mutant(
        "seqbench.kernels.word_sampling",
        """>> xp.uint64(32)).astype("int32") + 1""",
        """>> xp.uint64(32)).astype("int32")""",
        windows_reach_both_ends,
    ),
    Mutant(
        "seqbench.kernels.word_sampling",
        """(ratio if formula == "word2vec.c" else 0.0)""",
        "ratio",
        keeps_as_the_paper,
    ),
]
