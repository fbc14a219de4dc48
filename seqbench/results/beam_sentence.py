"""E01: does a larger beam translate better, and what does it cost?"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from .evidence import Evidence, noise
from .intervals import UNKNOWN, Interval, percentile_interval
from .ratios import ratio
from .summary import counted, ranked, resamples_of, swept_columns
from .wording import case_label, is_missing, number, with_interval

WIDTH = "p.decoder.width"
BIGGEST_SMALL_RATIO = 0.5  # below it `1/3.2 of` reads better than `0.31x`


@dataclass(frozen=True, eq=False)
class Beam:
    """One width of one line: its BLEU, and the rows that it comes from."""

    width: int
    bleu: float
    interval: Interval
    resamples: np.ndarray | None
    rows: pd.DataFrame

    @property
    def name(self) -> str:
        return f"B = {self.width}"


def beam_sentence(evidence: Evidence) -> str:
    """One clause a line where more than the width was swept."""
    table = evidence.table[evidence.table["task"] != "train"]
    if WIDTH not in table or table[WIDTH].isna().all():
        return "No case names a beam width, so there is no answer."
    others = [name for name in swept_columns(table) if name != WIDTH]
    others = [name for name in others if table[name].nunique(dropna=False) > 1]
    if not others:
        return f"{_line(table, evidence)}{noise(table)}."
    clauses = []
    for key, own in table.groupby(others, dropna=False, sort=True):
        label = case_label(dict(zip(others, key, strict=True)))
        clauses.append(f"{label}: {_line(own, evidence)}")
    return f"{' | '.join(clauses)}{noise(table)}."


def _line(table: pd.DataFrame, evidence: Evidence) -> str:
    """What the widths of one line show."""
    beams = _beams(table, evidence)
    lost = _without_value(table, beams)
    if not beams:
        return f"No beam width has a BLEU{lost}"
    if len(beams) == 1:
        only = beams[0]
        told = with_interval(only.bleu, *only.interval)
        return f"Only {only.name} was measured (BLEU {told}): no other width to compare{lost}"
    base, widest = beams[0], beams[-1]
    best = max(beams, key=lambda beam: (beam.bleu, -beam.width))
    if best is base:
        text, clear = _no_gain(base, widest)
    else:
        text, clear = _gain(base, best)
        text += _beyond(best, widest) if widest is not best else ""
    costs = [_cost(beam, base) for beam in dict.fromkeys((best, widest)) if beam is not base]
    verdict = f"best {best.name}" if clear else "no width is clearly best"
    return f"{text}{''.join(costs)}; {verdict}{lost}"


def _beams(table: pd.DataFrame, evidence: Evidence) -> list[Beam]:
    """Widths that have a BLEU, from the narrowest."""
    scores = table[counted(table) & (table["metric"] == "bleu")]
    beams = []
    for width, rows in scores.groupby(WIDTH, sort=True):
        drawn = resamples_of(rows, evidence.items)
        bleu = float(rows.groupby("seed")["value"].mean().mean())
        interval = UNKNOWN if drawn is None else percentile_interval(drawn)
        own = table[ranked(table) & (table[WIDTH] == width).fillna(False)]
        beams.append(Beam(int(width), bleu, interval, drawn, own))
    return beams


def _difference(beam: Beam, base: Beam) -> tuple[float, Interval]:
    """Of BLEU, paired by sentence; unknown bounds without sentence statistics."""
    if beam.resamples is None or base.resamples is None:
        return beam.bleu - base.bleu, UNKNOWN
    return beam.bleu - base.bleu, percentile_interval(beam.resamples - base.resamples)


def _gain(base: Beam, best: Beam) -> tuple[str, bool]:
    """What the best width gained, and whether that is clear."""
    gain, interval = _difference(best, base)
    widening = f"Widening the beam from {base.width} to {best.width}"
    if interval[0] <= 0 <= interval[1]:
        told = f"{with_interval(gain, *interval)}, no more than its interval,"
        return f"{widening} changed BLEU by {told} to {_score(best)}", False
    return f"{widening} raised BLEU by {_told(gain, interval)} to {_score(best)}", True


def _no_gain(base: Beam, widest: Beam) -> tuple[str, bool]:
    """What the widest lost where the narrowest is best, and whether that is clear."""
    change, interval = _difference(widest, base)
    widening = f"Widening the beam from {base.width} to {widest.width}"
    if change == 0:
        return f"{widening} left BLEU at {_score(base)}", True
    if interval[0] <= 0 <= interval[1]:
        told = f"{with_interval(change, *interval)}, no more than its interval,"
        return f"{widening} changed BLEU by {told} from {_score(base)}", False
    lost = _told(-change, _negated(interval))
    return f"{widening} lowered BLEU by {lost} from {_score(base)}", True


def _beyond(best: Beam, widest: Beam) -> str:
    change, interval = _difference(widest, best)
    if change == 0:
        return f"; {widest.name} gave the same"
    if interval[0] <= 0 <= interval[1]:
        told = with_interval(change, *interval)
        return f"; {widest.name} changed it by {told} further, no more than its interval"
    return f"; {widest.name} lost {_told(-change, _negated(interval))} of it again"


def _negated(interval: Interval) -> Interval:
    return -interval[1], -interval[0]


def _told(value: float, interval: Interval) -> str:
    if math.isnan(interval[0]):
        return f"{number(value, 3)} (no interval: no sentence statistics)"
    return with_interval(value, *interval)


def _score(beam: Beam) -> str:
    return f"{beam.bleu:.1f}"


def _cost(beam: Beam, base: Beam) -> str:
    """`; B = 10 ran at 1/3.2 of B = 1's tokens/s and 2.1x its peak memory`"""
    speed = _times(beam, base, "tokens_per_s")
    memory = _times(beam, base, "peak_memory")
    whose = f"{base.name}'s"
    if speed and memory:
        return f"; {beam.name} ran at {speed} {whose} tokens/s and {memory} its peak memory"
    if speed:
        return f"; {beam.name} ran at {speed} {whose} tokens/s"
    return f"; {beam.name} ran with {memory} {whose} peak memory" if memory else ""


def _times(beam: Beam, base: Beam, metric: str) -> str:
    """`1/3.2 of`, `2.1x`; nothing where no round has both."""
    rows = [own.rows[own.rows["metric"] == metric] for own in (beam, base)]
    found = ratio(*rows)
    if found is None:
        return ""
    if found.value < BIGGEST_SMALL_RATIO:
        return f"1/{number(1 / found.value, 2)} of"
    return f"{number(found.value, 2)}x"


def _without_value(table: pd.DataFrame, beams: list[Beam]) -> str:
    """`; no value for B = 1000 (oom)`"""
    known = {beam.width for beam in beams}
    trials = table.drop_duplicates("trial_key")
    lost = [
        f"B = {int(row[WIDTH])} ({'gate failed' if row['gate'] == 'fail' else row['status']})"
        for _, row in trials.sort_values(WIDTH).iterrows()
        if not is_missing(row[WIDTH]) and int(row[WIDTH]) not in known
    ]
    return f"; no value for {', '.join(dict.fromkeys(lost))}" if lost else ""
