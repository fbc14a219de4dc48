"""The answer to a claim: supported, refuted or undecided, by the intervals of its parts.

A part holds when its whole interval lies on the bound's side. Where all parts hold the claim is
supported: each has to hold by itself, so nothing is corrected (an intersection-union test, Berger
1982). One part that fails refutes it; there are as many chances of that as parts, so its interval
is widened after Bonferroni first. Everything else is undecided on this evidence.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from seqbench.interfaces.claims import Claim, Part

from ..intervals import UNKNOWN, Interval
from .measured import LOGARITHMIC
from .units import Measured

SUPPORTED, REFUTED, UNDECIDED = "supported", "refuted", "undecided"
HOLDS, FAILS, OPEN = "holds", "fails", "open"


@dataclass(frozen=True, slots=True)
class PartAnswer:
    """`state` is HOLDS, FAILS or OPEN; the interval is at the claim's own confidence.

    takes : how many seeds or rounds the claim asks for
    """

    name: str
    state: str
    value: float
    interval: Interval
    units: int
    reason: str = ""
    takes: int = 0

    @property
    def short(self) -> bool:
        """Whether there are values, and fewer than it takes."""
        return 0 < self.units < self.takes


@dataclass(frozen=True, slots=True)
class Answer:
    verdict: str
    parts: tuple[PartAnswer, ...]


def judge(claim: Claim, measured: Mapping[str, Measured]) -> Answer:
    """The answer of what was measured, part by part; a part that was not measured is open."""
    parts = tuple(
        _part(name, part, claim, measured.get(name, Measured(reason="not measured")))
        for name, part in claim.parts.items()
    )
    states = {part.state for part in parts}
    if FAILS in states:
        return Answer(REFUTED, parts)
    return Answer(SUPPORTED if states == {HOLDS} else UNDECIDED, parts)


def _part(name: str, part: Part, claim: Claim, found: Measured) -> PartAnswer:
    values = np.array(list(found.units.values()), float)
    if part.effect in LOGARITHMIC:
        values = np.log(values)
    centre = _centre(values, claim.test)
    least = claim.seeds if part.over == "seed" else claim.rounds
    own = _interval(values, found.item_error, claim.test, claim.confidence)
    wide = 1 - (1 - claim.confidence) / len(claim.parts)
    corrected = _interval(values, found.item_error, claim.test, wide)
    back = math.exp if part.effect in LOGARITHMIC else float
    state, reason = OPEN, found.reason
    if len(values) < least:
        few = f"{len(values)} of the {least} {part.over}s that it takes" if len(values) else ""
        reason = "; ".join(text for text in (few, found.reason) if text)
    elif _beyond(part, *map(back, own), holds=True):
        state = HOLDS
    elif _beyond(part, *map(back, corrected), holds=False):
        state = FAILS
    told = (math.nan, math.nan) if math.isnan(own[0]) else (back(own[0]), back(own[1]))
    value = back(centre) if not math.isnan(centre) else math.nan
    return PartAnswer(name, state, value, told, len(values), reason, least)


def _beyond(part: Part, low: float, high: float, *, holds: bool) -> bool:
    """Whether the whole interval is on the bound's side (holds) or wholly on the other."""
    if math.isnan(low):
        return False
    if part.at_least is not None:
        return low >= part.at_least if holds else high < part.at_least
    assert part.at_most is not None, "a part has one of the two bounds"
    return high <= part.at_most if holds else low > part.at_most


def _centre(values: np.ndarray, test: str) -> float:
    if not len(values):
        return math.nan
    return float(np.median(values) if test == "order" else np.mean(values))


def _interval(values: np.ndarray, item_error: float, test: str, confidence: float) -> Interval:
    from ..compare.quality import with_items
    from ..compare.statistics import half_widths

    if len(values) < 2:
        return UNKNOWN
    if test == "order":
        return _of_order(values, item_error, confidence)
    of_seeds = np.array([values.std(ddof=1) / math.sqrt(len(values))])
    if np.ptp(values) == 0:
        of_seeds[:] = 0.0  # no rounding where all are equal
    found = with_items(
        np.array([values.mean()]), of_seeds, np.array([len(values)]), np.array([item_error**2])
    )
    if of_seeds[0] == 0:
        half = _normal_half(item_error, confidence)
    else:
        half = float(half_widths(found, (1 - confidence) / 2)[0])
    return float(values.mean()) - half, float(values.mean()) + half


def _of_order(values: np.ndarray, item_error: float, confidence: float) -> Interval:
    """About the median: the innermost order statistics that cover it often enough (sign test).

    UNKNOWN where even the extremes do not.
    """
    from scipy.special import bdtr

    ordered, count = np.sort(values), len(values)
    inside = [k for k in range((count + 1) // 2) if 1 - 2 * bdtr(k, count, 0.5) >= confidence]
    if not inside:
        return UNKNOWN
    k = inside[-1]
    more = _normal_half(item_error, confidence)
    return float(ordered[k]) - more, float(ordered[count - 1 - k]) + more


def _normal_half(error: float, confidence: float) -> float:
    from scipy.special import ndtri

    return float(ndtri((1 + confidence) / 2)) * error
