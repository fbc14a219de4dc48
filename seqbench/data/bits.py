"""Random choices of data by integer arithmetic on raw bits: the same on every platform.

NumPy promises the raw stream of a bit generator for ever, but not what a Generator makes of it
(NEP 19), so nothing here goes through a Generator or through floating point.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from enum import IntEnum
from itertools import accumulate
from math import isqrt

import numpy as np

from seqbench.interfaces import UsageError

WORD = 1 << 64
BLOCK = 4096


class Purpose(IntEnum):
    """Keeps streams of one seed apart; part of the key."""

    LANGUAGE = 0
    SENTENCES = 1
    FREE_CHOICES = 2
    SUBSET = 3
    BATCH_ORDER = 4
    WORD_ORDER = 5
    HELD_OUT = 20
    OPINIONS = 21
    SCENES = 22
    DIGIT_STRINGS = 30
    TONES = 31
    TRIGGERS = 32
    SIGNAL_WORDS = 60
    RECALL = 40
    INTERVALS = 41
    PLANTED_WORDS = 70
    PLANTED_PAIRS = 71


def philox(seed: int, purpose: Purpose, index: int = 0) -> np.random.Philox:
    """The counter-based generator Philox4x64-10 (Salmon et al. 2011), keyed by all three."""
    if not 0 <= seed < WORD:
        raise UsageError(f"random bits: the seed is {seed}, expected 0 to 2^64 - 1")
    return np.random.Philox(key=np.array([seed, (purpose << 32) + index], np.uint64))


def permutation(count: int, generator: np.random.Philox) -> np.ndarray:
    """The numbers 0 to count - 1 in random order, int64: the ranks of `count` raw words."""
    return np.argsort(generator.random_raw(count), kind="stable")


class Bits:
    """Draws from one stream of raw 64-bit words."""

    __slots__ = ("_generator", "_words")

    def __init__(self, seed: int, purpose: Purpose, index: int = 0) -> None:
        self._generator = philox(seed, purpose, index)
        self._words: list[int] = []

    def _next(self) -> int:
        if not self._words:
            self._words = self._generator.random_raw(BLOCK).tolist()
        return self._words.pop()

    def below(self, count: int) -> int:
        """A number in [0, count): the high word of a 64 × 64 bit product (Lemire 2019).

        Not corrected for the remainder: the bias is below count / 2^64.
        """
        return (self._next() * count) >> 64

    def percent(self, chance: int) -> bool:
        """True in `chance` of 100 draws."""
        return self.below(100) < chance

    def weighted(self, cumulative: Sequence[int]) -> int:
        """An index with the probability of its weight; `cumulative` are the running sums."""
        return bisect_right(cumulative, self.below(cumulative[-1]))


def cumulative_zipf(count: int, offset: int) -> list[int]:
    """Running sums of weights that fall with the rank r as (r + offset)^-1.25.

    Zipf's law with Mandelbrot's offset; the exponent is a whole number of quarters because the
    fourth root can be had from integer square roots.
    """
    weights = [(1 << 60) // (x * isqrt(isqrt(x << 40))) for x in range(offset, offset + count)]
    return list(accumulate(weights))
