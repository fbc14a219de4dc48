"""BLEU of many sentences at once: `bleu_score` with a row a sentence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from seqbench.kernels.bleu import BleuOutputs

from .bleu_score import Smoothing


@dataclass(frozen=True, slots=True)
class SentenceScores:
    """scores : (N,) float64, 0 to 100; `signature` says how they came about."""

    scores: np.ndarray
    signature: str = ""


def sentence_scores(
    stats: BleuOutputs, smoothing: Smoothing, *, effective_order: bool
) -> np.ndarray:
    """(N,) float64: what `bleu_score` gives for each sentence's counts, to the last bits of log."""
    counts, totals = stats.matches, stats.totals
    precisions, has_order = _precisions(counts, totals, smoothing)
    used = has_order if effective_order else np.ones_like(has_order)
    positive = counts.any(axis=1) & (precisions > 0).all(axis=1, where=used)
    logs = np.log(np.where(used & positive[:, None], precisions, 1.0))
    mean = logs.sum(axis=1) / np.maximum(used.sum(axis=1), 1)
    penalty = brevity_penalties(stats.hypothesis_lengths, stats.reference_lengths)
    scores: np.ndarray = np.where(positive, penalty * np.exp(mean), 0.0)
    return scores


def _precisions(
    counts: np.ndarray, totals: np.ndarray, smoothing: Smoothing
) -> tuple[np.ndarray, np.ndarray]:
    """Both (N, n): precisions from 0 to 100, and whether a sentence has n-grams of that order."""
    added = np.zeros(counts.shape[1])
    if smoothing.name == "add-k":
        added[1:] = smoothing.value
    has_order = np.logical_and.accumulate(totals + added > 0, axis=1)
    numerator, denominator = counts + added, np.where(has_order, totals + added, 1.0)
    if smoothing.name == "exp":
        missed = (numerator == 0) & has_order  # each halves what stands for its count
        numerator = np.where(missed, 0.5 ** missed.cumsum(axis=1), numerator)
    elif smoothing.name == "floor":
        numerator = np.where(numerator == 0, smoothing.value or 0.0, numerator)
    return np.where(has_order, 100.0 * numerator / denominator, 0.0), has_order


def brevity_penalties(lengths: np.ndarray, reference_lengths: np.ndarray) -> np.ndarray:
    """(N,): exp(1 - ref / hyp) where the output is shorter, 0 for an empty one."""
    ratio = reference_lengths / np.maximum(lengths, 1)
    penalty = np.where(lengths > 0, np.exp(np.minimum(1.0 - ratio, 0.0)), 0.0)
    return np.where(lengths >= reference_lengths, 1.0, penalty)
