"""Samples of a duration: how many, how long, and whether to believe them.

Every sample is kept. Sampling ends where the median is known well enough or the time is up; what
was asked for and not reached is told by `validity`.
"""

from __future__ import annotations

import gc
import math
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache

from seqbench.interfaces import RangeError, TellingTimer, Timer

CONFIDENCE = 0.95
NORMAL = 1.959964
EXACT_RANKS = 1000
"""Above this many samples the median's rank is by the normal distribution."""
READINGS = 100
"""A sample should last as long as this many readings of an empty region: an error of 1 %."""
SPREAD = 0.25
"""Quartiles further apart than this share of the median are called unstable."""
DRIFT = 0.10
"""Halves whose medians differ by more than this are called drifting."""
CLOCK = 0.75
"""A clock (`*_mhz` of a reading) below this share of the fastest one seen was throttled."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """When to stop. `target` is the relative half-width of the median's 95 % interval.

    Sampling ends after `max_samples`, or after `max_seconds` even where fewer than `min_samples`
    fitted in, or where the target is reached after `min_samples` and `min_seconds`. Seconds are
    sums of samples. Warm-up calls are not kept; they too end after `max_seconds`.
    """

    warmup: int = 3
    min_samples: int = 10
    max_samples: int = 200
    min_seconds: float = 0.2
    max_seconds: float = 5.0
    target: float = 0.02

    def __post_init__(self) -> None:
        if not 1 <= self.min_samples <= self.max_samples:
            raise RangeError(
                f"measure: min_samples is {self.min_samples} and max_samples {self.max_samples}, "
                "expected 1 <= min_samples <= max_samples; set measure.max_samples="
                f"{max(1, self.min_samples)}"
            )
        if not 0 <= self.min_seconds <= self.max_seconds:
            raise RangeError(
                f"measure: min_seconds is {self.min_seconds:g} and max_seconds "
                f"{self.max_seconds:g}, expected 0 <= min_seconds <= max_seconds; set "
                f"measure.max_seconds={max(0.0, self.min_seconds):g}"
            )


@dataclass(slots=True)
class Observed:
    """Seconds of each call in order and, of a timer that tells more, a reading beside each."""

    seconds: list[float] = field(default_factory=list)
    readings: list[Mapping[str, float]] = field(default_factory=list)


def measure(fn: Callable[[], object], *, timer: Timer, sampling: Sampling) -> list[float]:
    """Seconds of each timed call of `fn`, in order, garbage collection off meanwhile.

    The timer waits for the device on both sides (see `Timer`).
    """
    return observe(fn, timer=timer, sampling=sampling).seconds


def observe(
    fn: Callable[[], object],
    *,
    timer: Timer,
    sampling: Sampling,
    before: Callable[[], object] | None = None,
) -> Observed:
    """As `measure`, with what the timer tells of each sample.

    before : called ahead of every call, outside the timed region: a cache to be flushed
    """
    telling = timer if isinstance(timer, TellingTimer) else None
    found = Observed()
    with no_garbage_collection():
        _warm_up(fn, timer, sampling)
        while not _enough(found.seconds, sampling):
            if before is not None:
                before()
            found.seconds.append(timed(fn, timer))
            if telling is not None:
                found.readings.append(dict(telling.reading()))
    return found


def timed(fn: Callable[[], object], timer: Timer) -> float:
    """Seconds of one call."""
    timer.start()
    fn()
    return timer.stop()


@contextmanager
def no_garbage_collection() -> Iterator[None]:
    """Collect once, then not until the end; as it was afterwards."""
    was_on = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _warm_up(fn: Callable[[], object], timer: Timer, sampling: Sampling) -> None:
    spent = 0.0
    for _ in range(sampling.warmup):
        if spent >= sampling.max_seconds:
            return
        spent += timed(fn, timer)


def _enough(samples: Sequence[float], sampling: Sampling) -> bool:
    if not samples:
        return False
    seconds = sum(samples)
    if len(samples) >= sampling.max_samples or seconds >= sampling.max_seconds:
        return True
    if len(samples) < sampling.min_samples or seconds < sampling.min_seconds:
        return False
    return relative_half_width(samples) <= sampling.target


def relative_half_width(samples: Sequence[float]) -> float:
    """Half the 95 % interval of the median as a share of it; inf below six samples."""
    rank = median_rank(len(samples))
    if rank == 0:
        return math.inf
    ordered = sorted(samples)
    middle = statistics.median(ordered)
    half = (ordered[-rank] - ordered[rank - 1]) / 2
    return half / middle if middle > 0 else math.inf


@cache
def median_rank(count: int) -> int:
    """The largest k for which [x_(k), x_(count+1-k)] covers the median with 95 %; 0 for none.

    Distribution-free: a sample lies below the median with probability 1/2, so the number below is
    binomial.
    """
    if count > EXACT_RANKS:
        return int((count - NORMAL * math.sqrt(count)) / 2)
    tail, rank, whole = 0, 0, 2**count
    for below in range(count // 2):
        tail += math.comb(count, below)
        if tail * 2 > whole * (1 - CONFIDENCE):
            break
        rank = below + 1
    return rank


def empty_region(timer: Timer, readings: int = 51) -> float:
    """Seconds that the timer tells for nothing: the median of some readings."""
    return statistics.median(timed(_nothing, timer) for _ in range(readings))


def _nothing() -> None:
    return None


def validity(
    samples: Sequence[float], *, sampling: Sampling, empty_s: float, busy: str | None = None
) -> tuple[bool, list[str]]:
    """(valid, reasons): enough samples, each long enough for its clock, steady, on a free machine.

    empty_s : what the timer tells for nothing; busy : what `MachineLoad.busy` says.
    """
    checks = (
        _too_few(samples, sampling),
        _too_short(samples, empty_s),
        _unstable(samples),
        _drifting(samples),
        busy,
    )
    reasons = [reason for reason in checks if reason]
    return not reasons, reasons


def throttled(readings: Sequence[Mapping[str, float]]) -> str | None:
    """Which clock fell, by how much and how often; None where every clock held."""
    names = {name for reading in readings for name in reading if name.endswith("_mhz")}
    for name in sorted(names):
        clocks = [reading[name] for reading in readings if name in reading]
        slow = [clock for clock in clocks if clock < CLOCK * max(clocks)]
        if slow:
            return (
                f"throttled: {name} fell to {min(slow):.0f} in {len(slow)} of {len(clocks)} "
                f"samples, expected {CLOCK:.0%} of {max(clocks):.0f} at least; let it cool"
            )
    return None


def _too_few(samples: Sequence[float], sampling: Sampling) -> str | None:
    if len(samples) >= sampling.min_samples:
        return None
    return (
        f"{len(samples)} samples in {sampling.max_seconds:g} s, expected at least "
        f"{sampling.min_samples}; raise measure.max_seconds"
    )


def _too_short(samples: Sequence[float], empty_s: float) -> str | None:
    middle = statistics.median(samples)
    if middle >= READINGS * empty_s:
        return None
    return (
        f"a sample lasts {middle:.2g} s, expected {READINGS} times the clock's own "
        f"{empty_s:.2g} s; take a larger workload"
    )


def _unstable(samples: Sequence[float]) -> str | None:
    if len(samples) < 4:
        return None
    low, middle, high = statistics.quantiles(samples, n=4, method="inclusive")
    spread = (high - low) / middle if middle > 0 else 0.0
    if spread <= SPREAD:
        return None
    return f"unstable: the quartiles are {spread:.0%} of the median apart, expected {SPREAD:.0%}"


def _drifting(samples: Sequence[float]) -> str | None:
    half = len(samples) // 2
    if half < 4:
        return None
    first, second = statistics.median(samples[:half]), statistics.median(samples[-half:])
    drift = second / first - 1 if first > 0 else 0.0
    if abs(drift) <= DRIFT:
        return None
    return f"drifting: the second half is {drift:+.0%} off the first, expected {DRIFT:.0%} at most"
