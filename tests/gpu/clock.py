"""Seconds of device work, sides in turn: warm, and with a cold second-level cache."""

from __future__ import annotations

import random
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

L2_BYTES = 96 * 1024 * 1024
"""Written between cold samples: more than the cache of any device so far."""
Call = Callable[[], object]


@dataclass(frozen=True)
class Times:
    """Every sample of one side, in seconds, in the order taken."""

    samples: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.samples)

    def percentile(self, share: float) -> float:
        ordered = sorted(self.samples)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def interleaved(
    sides: dict[str, Call], backend: Any, *, seconds: float, cold: bool, seed: int = 0
) -> dict[str, Times]:
    """All sides once a round in random order, after three rounds that are not kept.

    Each sample is one call between two events of the default stream, which CuPy and PyTorch share.
    At least ten rounds, then until `seconds` of samples a side are there, at most 200.
    """
    timer, order = backend.timer(), random.Random(seed)
    flush = backend.xp.empty(L2_BYTES // 4, "float32") if cold else None
    kept: dict[str, list[float]] = {name: [] for name in sides}
    for turn in range(203):
        names = list(sides)
        order.shuffle(names)
        for name in names:
            if flush is not None:
                flush.fill(turn)
            timer.start()
            sides[name]()
            elapsed = timer.stop()
            if turn >= 3:
                kept[name].append(elapsed)
        if turn >= 12 and min(sum(found) for found in kept.values()) >= seconds:
            break
    return {name: Times(tuple(found)) for name, found in kept.items()}
