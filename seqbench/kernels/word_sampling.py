"""What training word vectors draws: noise words, which tokens to keep, how wide each window is.

Tables are made once on the host in float64 and rounded to integers; a draw compares 32-bit words of
Philox with integers, so every backend draws the same. Word i of a stream is a function of (seed,
stream, i): tokens are numbered by their place in the corpus, whatever is cut from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from seqbench.interfaces import Array, RangeError

from .philox import philox_uint32

SUBSAMPLING = ("word2vec.c", "paper", "none")
STREAMS = ("keep", "window", "noise")
FULL = float(1 << 32)


@dataclass(frozen=True, slots=True)
class NoiseTable:
    """Walker's alias table over V words: draw a slot, keep it below `threshold`, else its alias.

    threshold : (V,) uint64 of 2**32 parts; alias : (V,) int32
    """

    threshold: Array
    alias: Array


def stream_of(name: str, epoch: int) -> int:
    """The Philox stream of one purpose in one epoch (from 0)."""
    return epoch * len(STREAMS) + STREAMS.index(name)


def noise_probabilities(counts: Array, power: float, *, xp: Any) -> Array:
    """(V,) float64: P(w) proportional to count(w)**power; 1 empirical, 0 uniform, 3/4 the paper's.

    Raises RangeError for a negative power, a negative count or a corpus without words.
    """
    if not power >= 0:
        raise RangeError(
            f"noise distribution: power is {power}, expected at least 0; 0.75 is the paper's, 0 "
            "draws every word alike"
        )
    if counts.shape[0] == 0 or (counts < 1).any():
        raise RangeError(
            "noise distribution: a count is below 1 or there is none, expected one of at least 1 "
            "for every word; count the words of the corpus"
        )
    weights = xp.asarray(counts, dtype="float64") ** power
    found: Array = weights / weights.sum()
    return found


def keep_probabilities(counts: Array, threshold: float, formula: str, *, xp: Any) -> Array:
    """(V,) float64: with which probability a token of each word stays in an epoch.

    `paper` (Mikolov et al. 2013b, equation 5) keeps sqrt(t / f), `word2vec.c` and gensim keep
    sqrt(t / f) + t / f, both at most 1; f is the word's share of the corpus, t `threshold`.
    """
    if formula not in SUBSAMPLING:
        raise RangeError(
            f"subsampling: formula is {formula!r}, expected one of {', '.join(SUBSAMPLING)}; "
            "gensim has that of word2vec.c"
        )
    if formula == "none":
        return xp.ones(counts.shape[0], dtype="float64")
    if not 0 < threshold < 1:
        raise RangeError(
            f"subsampling: threshold is {threshold}, expected above 0 and below 1; 1e-3 is usual, "
            "formula 'none' keeps every token"
        )
    ratio = threshold * counts.sum() / counts
    kept = xp.sqrt(ratio) + (ratio if formula == "word2vec.c" else 0.0)
    found: Array = xp.minimum(kept, 1.0)
    return found


def noise_table(probabilities: Any, *, xp: Any) -> NoiseTable:
    """Vose's construction of the alias table on the host; `probabilities` is a host array."""
    scaled = [float(p) * len(probabilities) for p in probabilities]
    threshold, alias = [1.0] * len(scaled), list(range(len(scaled)))
    small = [i for i, p in enumerate(scaled) if p < 1]
    large = [i for i, p in enumerate(scaled) if p >= 1]
    while small and large:
        less, more = small.pop(), large[-1]
        threshold[less], alias[less] = scaled[less], more
        scaled[more] -= 1 - scaled[less]
        if scaled[more] < 1:
            small.append(large.pop())
    rounded = [round(t * FULL) for t in threshold]
    return NoiseTable(xp.asarray(rounded, dtype="uint64"), xp.asarray(alias, dtype="int32"))


def table_probabilities(table: NoiseTable, *, xp: Any) -> Array:
    """(V,) float64: what a NoiseTable draws with, exactly."""
    kept = table.threshold.astype("float64") / FULL
    order = xp.argsort(table.alias, kind="stable")
    sums = xp.concatenate([xp.zeros(1), xp.cumsum((1 - kept)[order])])
    words = xp.arange(table.alias.shape[0])
    ends = xp.searchsorted(table.alias[order], words, side="right")
    starts = xp.searchsorted(table.alias[order], words, side="left")
    found: Array = (kept + sums[ends] - sums[starts]) / words.shape[0]
    return found


def draw_noise(
    table: NoiseTable, *, seed: int, stream: int, start: int, count: int, xp: Any
) -> Array:
    """(count,) int32: noise words [start, start + count) of a stream, a 32-bit word each.

    The upper half of word * V is the slot, the lower half decides between slot and alias; both
    are off by less than V / 2**32.
    """
    words = philox_uint32(seed, stream, start, count, xp=xp)
    products = words.astype("uint64") * xp.uint64(table.alias.shape[0])
    slots = (products >> xp.uint64(32)).astype("int32")
    kept = (products & xp.uint64(0xFFFFFFFF)) < table.threshold[slots]
    return xp.where(kept, slots, table.alias[slots])


def draw_kept(
    keep_parts: Array, ids: Array, *, seed: int, stream: int, start: int, xp: Any
) -> Array:
    """(n,) bool: which of the tokens [start, start + n) stay; keep_parts (V,) of 2**32 parts."""
    words = philox_uint32(seed, stream, start, ids.shape[0], xp=xp)
    kept: Array = words < keep_parts[ids]
    return kept


def draw_windows(window: int, *, seed: int, stream: int, start: int, count: int, xp: Any) -> Array:
    """(count,) int32, uniform on 1 to `window`, for tokens [start, start + count)."""
    words = philox_uint32(seed, stream, start, count, xp=xp)
    return ((words.astype("uint64") * xp.uint64(window)) >> xp.uint64(32)).astype("int32") + 1


def parts(probabilities: Array, *, xp: Any) -> Array:
    """(V,) uint64: probabilities as parts of 2**32; 1 is never below any 32-bit word."""
    return xp.rint(probabilities * FULL).astype("uint64")
