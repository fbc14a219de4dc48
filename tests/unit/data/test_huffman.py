"""A18's tree: optimal, complete, and its paths lead to every word once."""

from __future__ import annotations

import heapq
import itertools
import math

import numpy as np
import pytest

from seqbench.data.huffman import huffman_tree
from seqbench.interfaces import DataError

COUNTS = [
    np.array([1, 1]),
    np.array([5, 5, 5]),
    np.array([1, 2, 4, 8, 16, 32]),
    np.random.default_rng(0).integers(1, 1000, 300),
    np.random.default_rng(1).zipf(1.3, 500).clip(max=10**6),
]


def cost(counts, lengths):
    return int((counts * lengths).sum())


@pytest.mark.parametrize("counts", COUNTS, ids=len)
def test_mean_length_lies_within_one_bit_of_the_entropy(counts):
    shares = counts / counts.sum()
    entropy = -(shares * np.log2(shares)).sum()
    mean = cost(counts, huffman_tree(counts).lengths) / counts.sum()
    assert entropy - 1e-12 <= mean < entropy + 1


@pytest.mark.parametrize("counts", COUNTS, ids=len)
def test_it_costs_what_a_heap_finds(counts):
    heap = [int(n) for n in counts]
    heapq.heapify(heap)
    total = 0
    while len(heap) > 1:
        merged = heapq.heappop(heap) + heapq.heappop(heap)
        total += merged
        heapq.heappush(heap, merged)
    assert cost(counts, huffman_tree(counts).lengths) == total


def best_cost(counts):
    """The cheapest lengths that satisfy Kraft's inequality, by trying all."""
    longest = max(len(counts) - 1, 1)
    found = (
        cost(counts, np.array(lengths))
        for lengths in itertools.product(range(1, longest + 1), repeat=len(counts))
        if sum(2.0**-n for n in lengths) <= 1
    )
    return min(found)


@pytest.mark.parametrize("seed", range(6))
def test_no_prefix_code_is_cheaper(seed):
    counts = np.random.default_rng(seed).integers(1, 30, 2 + seed % 4)
    assert cost(counts, huffman_tree(counts).lengths) == best_cost(counts)


@pytest.mark.parametrize("counts", COUNTS, ids=len)
def test_paths_are_those_of_one_tree(counts):
    tree, size = huffman_tree(counts), len(counts)
    assert math.fsum(2.0 ** -int(n) for n in tree.lengths) == 1  # no branch is without a word
    assert set(tree.nodes[tree.signs != 0]) == set(range(size - 1))
    assert (tree.nodes[:, 0] == size - 2).all()
    assert ((tree.signs != 0).sum(axis=1) == tree.lengths).all()
    turns = {
        tuple((int(n), int(s)) for n, s in zip(nodes, signs, strict=True) if s)
        for nodes, signs in zip(tree.nodes, tree.signs, strict=True)
    }
    assert len(turns) == size
    edges = {turn for path in turns for turn in itertools.pairwise(path)}
    parents = [after[0] for _, after in edges]
    for node in set(parents):
        assert len({before for before, after in edges if after[0] == node}) == 1


def test_of_equal_costs_the_longest_path_is_shortest():
    assert huffman_tree(np.array([2, 1, 1, 2])).lengths.max() == 2


def test_a_vocabulary_of_one_needs_no_turn():
    tree = huffman_tree(np.array([7]))
    assert tree.lengths.tolist() == [0]
    assert (tree.signs == 0).all()


@pytest.mark.parametrize("counts", [np.array([]), np.array([3, 0]), np.ones((2, 2))])
def test_what_is_no_count_is_told(counts):
    with pytest.raises(DataError, match=r"expected \(V,\) counts of at least 1; count the words"):
        huffman_tree(counts)
