"""A18's Huffman tree: an optimal prefix code of a vocabulary by its counts.

Huffman (1952), with the two sorted queues of van Leeuwen (1976). Of equal counts a word is merged
before an inner node, which keeps the longest path short among the optimal trees.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from seqbench.interfaces import DataError


@dataclass(frozen=True, slots=True)
class HuffmanTree:
    """Paths from the root to every word of a vocabulary of V.

    nodes : (V, L) int32, inner nodes in [0, V - 1), the root is V - 2; 0 past the end
    signs : (V, L) int8, +1 for the first branch, -1 for the second, 0 past the end
    lengths : (V,) int32, turns to each word; 0 for a vocabulary of one
    """

    nodes: np.ndarray
    signs: np.ndarray
    lengths: np.ndarray


def huffman_tree(counts: np.ndarray) -> HuffmanTree:
    """The tree of (V,) counts. DataError where there is no word or a count is below 1."""
    counts = np.asarray(counts)
    if counts.ndim != 1 or len(counts) == 0 or counts.min() < 1:
        raise DataError(
            f"huffman_tree: counts of shape {counts.shape} with smallest "
            f"{counts.min(initial=0)}, expected (V,) counts of at least 1; count the words of the "
            "corpus"
        )
    parents, branches = _merge(counts)
    return _paths(len(counts), parents, branches)


def _merge(counts: np.ndarray) -> tuple[list[int], list[int]]:
    """Parent and branch (+1, -1) of words 0..V-1 and, after them, of inner nodes."""
    size = len(counts)
    order = np.argsort(counts, kind="stable")
    words = [(int(counts[i]), int(i)) for i in order]
    inner: list[tuple[int, int]] = []
    parents, branches = [-1] * (2 * size - 1), [0] * (2 * size - 1)
    word = node = 0
    for made in range(size - 1):
        total = 0
        for sign in (1, -1):
            if node == len(inner) or (word < size and words[word][0] <= inner[node][0]):
                (count, child), word = words[word], word + 1
            else:
                (count, child), node = inner[node], node + 1
            parents[child], branches[child] = size + made, sign
            total += count
        inner.append((total, size + made))
    return parents, branches


def _paths(size: int, parents: list[int], branches: list[int]) -> HuffmanTree:
    """Down from the root: a child's path is its parent's and one turn more."""
    depth = np.zeros(2 * size - 1, np.int32)
    inner = range(2 * size - 3, size - 1, -1)  # the root, 2V - 2, is nobody's child
    order = [*inner, *range(size)] if size > 1 else []  # parents before their children
    for child in order:
        depth[child] = depth[parents[child]] + 1
    lengths = depth[:size].copy()
    longest = int(lengths.max(initial=0))
    nodes = np.zeros((2 * size - 1, max(longest, 1)), np.int32)
    signs = np.zeros((2 * size - 1, max(longest, 1)), np.int8)
    for child in order:
        parent, last = parents[child], depth[child] - 1
        nodes[child, :last], signs[child, :last] = nodes[parent, :last], signs[parent, :last]
        nodes[child, last], signs[child, last] = parent - size, branches[child]
    return HuffmanTree(nodes[:size].copy(), signs[:size].copy(), lengths)
