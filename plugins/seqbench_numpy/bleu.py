"""A32's counts, tuned: pairs of positions compared in blocks of sentences of like length.

Sentences are the last, contiguous axis, (i, j, sentence), so every comparison, conjunction and sum
runs over whole vectors of bytes; sorting by length keeps the padding small. Nothing is hashed.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from seqbench.interfaces import Backend, Contract, Gradients, Implementation, Plan, UnsupportedError
from seqbench.kernels.bleu import BleuDims, BleuInputs, BleuOutputs, closest_lengths, ngram_totals

BLOCK_BYTES = 1 << 20
LEAST_ROWS = 16


class BleuStats(Implementation):
    """See the module."""

    tier = "own"

    def __init__(self, contract: Contract, backend: Backend) -> None:
        self.contract = contract
        self.backend = backend
        self.impl_id = "numpy.bleustats"
        self.dtypes = contract.dtypes

    def _plan(self, dims: BleuDims, dtype: str, *, grad: bool) -> Plan:
        return BleuStatsPlan(dims)


class BleuStatsPlan(Plan):
    """Allocates a block at a time."""

    def __init__(self, dims: BleuDims) -> None:
        longest = max(1, dims.L, dims.L2)
        # Pairs of positions of a block, as bytes, for the hypothesis and every reference: of single
        # words, of n-grams and of the n-grams one shorter.
        self.nbytes = 3 * (1 + dims.R) * _rows_at_once(longest) * longest * longest

    def load(self, params: Any) -> None:
        return None

    def forward(self, inputs: BleuInputs) -> BleuOutputs:
        lengths = inputs.hypothesis_lengths.astype(np.int64)
        N = len(lengths)
        matches = np.zeros((N, inputs.max_order), np.int64)
        if N == 0:
            return BleuOutputs(matches, matches.copy(), lengths, lengths.copy())
        longest = np.maximum(inputs.reference_lengths.max(axis=0), lengths)
        order = np.argsort(-longest, kind="stable")  # the first of a block is its longest
        start = 0
        while start < N:
            stop = start + _rows_at_once(int(longest[order[start]]))
            rows = order[start:stop]
            matches[rows] = _matches(inputs, rows)
            start = stop
        return BleuOutputs(
            matches=matches,
            totals=ngram_totals(lengths, inputs.max_order, xp=np),
            hypothesis_lengths=lengths,
            reference_lengths=closest_lengths(lengths, inputs.reference_lengths, xp=np),
        )

    def backward(self, d_outputs: Any) -> Gradients:
        raise UnsupportedError("metric/bleu_stats has no gradient")


def _rows_at_once(longest: int) -> int:
    return max(LEAST_ROWS, BLOCK_BYTES // max(1, longest) ** 2)


def _matches(inputs: BleuInputs, rows: np.ndarray) -> np.ndarray:
    """(rows, max_order): an n-gram matches if a reference holds it more often than it came before.

    As the shared text, with j < i for the hypothesis against itself.
    """
    words = _transposed(inputs.hypotheses, inputs.hypothesis_lengths, rows, -1)
    own = words[:, None] == words[None]  # (i, j, sentence)
    others = []
    for ids, lengths in zip(inputs.references, inputs.reference_lengths, strict=True):
        reference = _transposed(ids, lengths, rows, -2)  # paddings differ, so they never match
        others.append(words[:, None] == reference[None])
    L = len(words)
    # Bytes where no count, of a reference's or of the hypothesis' own n-grams, can overflow.
    small = max(inputs.hypotheses.shape[1], inputs.references.shape[2]) < 256
    dtype = np.uint8 if small else np.int32
    matches = np.zeros((len(rows), inputs.max_order), np.int64)
    own_n, others_n = own, others
    for n in range(min(inputs.max_order, L)):
        if n > 0:
            own_n = own_n[:-1, :-1] & own[n:, n:]
            others_n = [e[:-1, :-1] & one[n:, n:] for e, one in zip(others_n, others, strict=True)]
        clip = _counts(others_n[0], dtype)
        for equal in others_n[1:]:
            np.maximum(clip, _counts(equal, dtype), out=clip)
        earlier = np.zeros_like(clip)
        for i in range(1, L - n):
            np.add.reduce(own_n[i, :i].view(np.uint8), axis=0, dtype=dtype, out=earlier[i])
        matches[:, n] = np.count_nonzero(earlier < clip, axis=0)
    return matches


def _transposed(ids: np.ndarray, lengths: np.ndarray, rows: np.ndarray, padding: int) -> np.ndarray:
    """(longest, rows) contiguous int32, `padding` past each length."""
    lengths = lengths[rows]
    longest = max(0, int(lengths.max()))
    inside = np.arange(longest)[:, None] < lengths
    return np.where(inside, ids[rows, :longest].T, np.int32(padding))


def _counts(equal: np.ndarray, dtype: Any) -> np.ndarray:
    """(i, sentence): how many j are equal."""
    counts: np.ndarray = np.add.reduce(equal.view(np.uint8), axis=1, dtype=dtype)
    return counts
