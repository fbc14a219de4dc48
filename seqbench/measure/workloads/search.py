"""A step of beam search, the length penalty, and the counts behind BLEU and error rates."""

from __future__ import annotations

from typing import Any

import numpy as np

from seqbench.kernels.beam_select import BeamSelectInputs, BeamSelectParams
from seqbench.kernels.bleu import BleuInputs, BleuParams
from seqbench.kernels.edit_distance import EditDistanceInputs, EditDistanceParams
from seqbench.kernels.length_penalty import LengthPenaltyInputs, LengthPenaltyParams

from . import workload
from .cells import full

WORDS = 1000
"""Different ids in a corpus: few enough that n-grams match."""

Built = tuple[Any, Any]


@workload("decoder/beam_select", K=10, B=8, V=10_000)
def _(rng: np.random.Generator, K: int, B: int, V: int) -> Built:
    """A beam under way: none finished, its scores apart."""
    logits = 3.0 * rng.standard_normal((K, B, V))
    scores = -np.sort(5.0 * rng.random((K, B)), axis=0)
    return BeamSelectParams(), BeamSelectInputs(logits, scores, np.zeros((K, B), bool), eos_id=1)


@workload("decoder/length_penalty", N=10_000)
def _(rng: np.random.Generator, N: int) -> Built:
    lengths = rng.integers(1, 40, N).astype(np.int32)
    return LengthPenaltyParams(), LengthPenaltyInputs(-10.0 * rng.random(N), lengths, 0.7, "gnmt")


def _sentences(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Ids by Zipf's law."""
    shares = 1.0 / np.arange(1, WORDS + 1)
    return rng.choice(WORDS, shape, p=shares / shares.sum()).astype(np.int32)


@workload("metric/bleu_stats", N=1000, L=25, R=1, L2=25, n=4)
def _(rng: np.random.Generator, N: int, L: int, R: int, L2: int, n: int) -> Built:
    hypotheses, references = _sentences(rng, N, L), _sentences(rng, R, N, L2)
    lengths = np.full((R, N), L2, np.int32)
    return BleuParams(), BleuInputs(hypotheses, full(L, N), references, lengths, n)


@workload("metric/edit_distance", N=256, L=50, L2=50)
def _(rng: np.random.Generator, N: int, L: int, L2: int) -> Built:
    hypotheses, references = (rng.integers(0, 30, (N, n)).astype(np.int32) for n in (L, L2))
    inputs = EditDistanceInputs(hypotheses, full(L, N), references, full(L2, N))
    return EditDistanceParams(), inputs
