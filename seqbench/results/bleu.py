"""Corpus BLEU of many resamples at once, from the statistics that trials keep a sentence.

Papineni et al. (2002), section 2.3, with sacreBLEU's smoothings (Chen & Cherry 2014, methods 1 to
3). The interval is the paired bootstrap's of Koehn (2004): sentences are drawn with replacement,
and cases with as many sentences draw the same ones, so that differences between them pair up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from seqbench.interfaces import UnsupportedError

RESAMPLES = 1000
SEED = 20040725
CHUNK = 1 << 22  # drawn sentence numbers held at once

STATISTICS = ("bleu_matches", "bleu_totals", "hypothesis_lengths", "reference_lengths")


@dataclass(frozen=True, slots=True)
class Smoothing:
    """As a BLEU signature tells it: none, exp, floor[value] or add-k[value]."""

    name: str = "exp"
    value: float = 0.0
    effective_order: bool = False


def smoothing_of(signature: str) -> Smoothing:
    """The smoothing that a score was made with. UnsupportedError for one that is not known."""
    parts = dict(part.partition(":")[::2] for part in signature.split("|"))
    told = parts.get("smooth", "exp")
    found = re.fullmatch(r"(none|exp|floor|add-k)(?:\[([\d.]+)\])?", told)
    if found is None:
        raise UnsupportedError(
            f"bleu: the signature says smooth:{told}, expected none, exp, floor or add-k; "
            "no interval can be made of it"
        )
    return Smoothing(found[1], float(found[2] or 0), parts.get("eff", "no") == "yes")


def has_statistics(items: Mapping[str, Any]) -> bool:
    return all(name in items for name in STATISTICS) and len(items["bleu_matches"]) > 0


def statistics_matrix(items: Mapping[str, Any]) -> np.ndarray:
    """(N, 2n + 2) float64: matches, totals, both lengths of each sentence."""
    columns = [np.asarray(items[name], np.float64) for name in STATISTICS]
    count = len(columns[0])
    return np.concatenate([column.reshape(count, -1) for column in columns], axis=1)


def bleu_resamples(
    items: Mapping[str, Any], smoothing: Smoothing, resamples: int = RESAMPLES
) -> np.ndarray:
    """(resamples,) BLEU of bootstrap resamples; the same draw for every case of N sentences."""
    return bleu_of_sums(resampled_sums(statistics_matrix(items), resamples), smoothing)


def resampled_sums(statistics: np.ndarray, resamples: int = RESAMPLES) -> np.ndarray:
    """(resamples, columns): sums over sentences drawn with replacement."""
    counts = draws(len(statistics), resamples)
    return np.concatenate([chunk @ statistics for chunk in counts])


def draws(count: int, resamples: int) -> Iterator[np.ndarray]:
    """(rows, count) float64, how often each sentence is drawn, in chunks; seeded."""
    rng = np.random.default_rng([SEED, count])
    rows = max(1, CHUNK // count)
    for start in range(0, resamples, rows):
        own = min(rows, resamples - start)
        drawn = rng.integers(0, count, (own, count)) + count * np.arange(own)[:, None]
        counted = np.bincount(drawn.ravel(), minlength=own * count)
        yield counted.reshape(own, count).astype(np.float64)


def bleu_of_sums(sums: np.ndarray, smoothing: Smoothing) -> np.ndarray:
    """(R,) BLEU from 0 to 100 of (R, 2n + 2) summed statistics."""
    n = (sums.shape[1] - 2) // 2
    matches, totals = sums[:, :n], sums[:, n : 2 * n]
    hypothesis, reference = sums[:, -2], sums[:, -1]
    precisions, used = _precisions(matches, totals, smoothing)
    order = used.sum(axis=1) if smoothing.effective_order else np.full(len(sums), n)
    scored = (matches.sum(axis=1) > 0) & (order > 0)
    counted = used if smoothing.effective_order else np.ones_like(used)
    scored &= ((precisions > 0) | ~counted).all(axis=1)
    logs = np.where(counted, np.log(np.where(precisions > 0, precisions, 1.0)), 0.0)
    mean = np.exp(logs.sum(axis=1) / np.maximum(order, 1))
    return np.where(scored, 100 * mean * _brevity(hypothesis, reference), 0.0)


def unpenalised_of_sums(sums: np.ndarray, smoothing: Smoothing) -> np.ndarray:
    """(R,) the same without the brevity penalty: as if every output were as long as asked."""
    even = sums.copy()
    even[:, -1] = even[:, -2]
    return bleu_of_sums(even, smoothing)


def precision_of_sums(sums: np.ndarray, smoothing: Smoothing, order: int) -> np.ndarray:
    """(R,) the precision of n-grams of one order, 0 to 100."""
    n = (sums.shape[1] - 2) // 2
    precisions, _ = _precisions(sums[:, :n], sums[:, n : 2 * n], smoothing)
    return 100 * precisions[:, order - 1]


def _brevity(hypothesis: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """exp(1 - reference / hypothesis) where the output is not longer; 0 for an empty one."""
    ratio = reference / np.maximum(hypothesis, 1.0)
    penalty = np.where(hypothesis >= reference, 1.0, np.exp(1.0 - np.maximum(ratio, 1.0)))
    return np.where((hypothesis > 0) | (reference == 0), penalty, 0.0)


def _precisions(
    matches: np.ndarray, totals: np.ndarray, smoothing: Smoothing
) -> tuple[np.ndarray, np.ndarray]:
    """(R, n) precisions from 0 to 1, and which orders the outputs are long enough to have."""
    precisions = np.zeros_like(matches)
    used = np.zeros(matches.shape, bool)
    halvings = np.ones(len(matches))
    for order in range(matches.shape[1]):
        k = smoothing.value if smoothing.name == "add-k" and order > 0 else 0.0
        found, total = matches[:, order] + k, totals[:, order] + k
        there = total > 0
        total = np.where(there, total, 1.0)
        halvings = np.where(found > 0, halvings, 2 * halvings)
        instead = {"exp": 1 / (halvings * total), "floor": smoothing.value / total}
        value = np.where(found > 0, found / total, instead.get(smoothing.name, 0.0))
        precisions[:, order] = np.where(there, value, 0.0)
        used[:, order] = there
    return precisions, used
