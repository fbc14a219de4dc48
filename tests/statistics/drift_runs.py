"""Comparisons drawn from recorded drift: what ways of judging make of identical code and of 5 %.

    .venv/bin/python tests/statistics/drift_runs.py

recorded_pairs.csv holds pairs of processes of identical code on a busy two-core machine. A
simulated run takes every recorded cell COPIES times; each time it draws as many pairs as asked,
with replacement, either side first, and may multiply side b by a factor. The table that this prints
is the ground on which the ways of `seqbench.results.compare` were chosen.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from doctor_statistics import read_pairs

from seqbench.results.compare.statistics import (
    Differences,
    p_different,
    plain_means,
    trimmed_means,
    unpaired,
)
from seqbench.results.compare.verdicts import FASTER, SAME, SLOWER, judge, words

NAMES, SECONDS = read_pairs(Path(__file__).with_name("recorded_pairs.csv"))
COPIES = 3
RUNS = 20
MARGIN = 0.035

Way = Callable[[np.ndarray], Differences]


def drawn(seed: int, pairs: int, factor: float = 1.0) -> np.ndarray:
    """(C, pairs, 2) seconds of one simulated run, C = COPIES times the recorded cells."""
    rng = np.random.default_rng(seed)
    cells = np.concatenate([SECONDS] * COPIES)
    chosen = rng.integers(0, SECONDS.shape[1], (len(cells), pairs))
    sides = np.take_along_axis(cells, chosen[:, :, None], axis=1)
    swapped = rng.random((len(cells), pairs, 1)) < 0.5
    return np.where(swapped, sides[:, :, ::-1], sides) * np.array([1.0, factor])


def _flat(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    return values.ravel(), np.repeat(np.arange(len(values)), values.shape[1]), len(values)


def paired_trimmed(seconds: np.ndarray) -> Differences:
    """What `compare` does with the rounds of one block."""
    found = trimmed_means(*_flat(np.log(seconds[:, :, 1] / seconds[:, :, 0])))
    return Differences(found.centre, found.error, found.df)


def paired_plain(seconds: np.ndarray) -> Differences:
    found = plain_means(*_flat(np.log(seconds[:, :, 1] / seconds[:, :, 0])))
    return Differences(found.centre, found.error, found.df)


def unpaired_trimmed(seconds: np.ndarray) -> Differences:
    """What `compare` does across blocks."""
    base, new = (trimmed_means(*_flat(np.log(seconds[:, :, side]))) for side in (0, 1))
    return unpaired(base, new)


def corrected(found: Differences) -> np.ndarray:
    """Verdicts as `compare` gives them."""
    every = np.ones(len(found.value), bool)
    margin = np.full(len(found.value), np.log1p(MARGIN))
    return words(judge(found, margin, np.ones(len(margin)), every), every, ~every)


def by_p_alone(found: Differences) -> np.ndarray:
    """A row a test at 5 %, no margin and no correction: what a loop over t-tests would say."""
    changed = p_different(found) < 0.05
    return np.where(changed, np.where(found.value > 0, SLOWER, FASTER), SAME)


WAYS: dict[str, tuple[Way, Callable[[Differences], np.ndarray]]] = {
    "paired, trimmed": (paired_trimmed, corrected),
    "paired, plain mean": (paired_plain, corrected),
    "unpaired, trimmed": (unpaired_trimmed, corrected),
    "paired, p < 0.05 a row": (paired_trimmed, by_p_alone),
}


def shares(way: str, pairs: int) -> dict[str, float]:
    """Shares of cells over RUNS runs: identical code, and 5 % planted."""
    difference, verdict = WAYS[way]
    same = np.stack([verdict(difference(drawn(seed, pairs))) for seed in range(RUNS)])
    slow = np.stack([verdict(difference(drawn(seed, pairs, 1.05))) for seed in range(RUNS)])
    return {
        "changed": float(np.isin(same, (SLOWER, FASTER)).mean()),
        "ambiguous": float((same == "AMBIGUOUS").mean()),
        "found": float((slow == SLOWER).mean()),
        "called same": float((slow == SAME).mean()),
    }


def main() -> int:
    cells = COPIES * len(NAMES)
    print(f"{RUNS} runs of {cells} cells; margin {MARGIN:.1%}")
    print("| way | pairs | identical: changed | AMBIGUOUS | 5 % slower: found | called SAME |")
    print("|---|---|---|---|---|---|")
    for way in WAYS:
        for pairs in (10, 24, 40):
            told = " | ".join(f"{share:.2%}" for share in shares(way, pairs).values())
            print(f"| {way} | {pairs} | {told} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
