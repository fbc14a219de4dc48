"""The quality-cost front: the cases that no other beats, being at least as good and as cheap.

Quality and cost may stand in rows of different tasks (what training cost, what evaluation scored);
they are joined by the swept values that both have. Values are the summary's, means or medians: two
cases whose intervals overlap may change places.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from .evidence import Evidence, counts_of_states
from .summary import swept_columns
from .wording import case_label, number, plain, scale_of, several

QUALITIES = ("cer", "accuracy")
COST, TO_TARGET = "train_flops", "flops_to_quality"


@dataclass(frozen=True, slots=True)
class Point:
    """One case: its quality and its cost; `sign` is -1 where the lower quality is the better."""

    case: str
    quality: float
    cost: float
    sign: float = 1.0

    @property
    def goodness(self) -> float:
        """Larger is better, whatever the metric."""
        return self.sign * self.quality

    def beats(self, other: Point) -> bool:
        """As good and as cheap, and better in one of them."""
        mine, others = (self.goodness, -self.cost), (other.goodness, -other.cost)
        return mine != others and all(a >= b for a, b in zip(mine, others, strict=True))


def front(points: Iterable[Point]) -> list[Point]:
    """Those that no other beats, the cheapest first."""
    points = list(points)
    best = [one for one in points if not any(other.beats(one) for other in points)]
    return sorted(best, key=lambda point: (point.cost, point.case))


def points_of(summary: pd.DataFrame, quality: str, cost: str) -> list[Point]:
    """Every case that has both metrics."""
    scored = summary[summary["metric"] == quality]
    paid = summary[summary["metric"] == cost]
    shared = _told_by_both(scored, paid)
    costs = {_values(row, shared): row["value"] for row in paid.to_dict("records")}
    found = []
    for row in scored.to_dict("records"):
        key = _values(row, shared)
        if key in costs:
            sign = -1.0 if row["direction"] == "lower" else 1.0
            label = case_label({name: row[name] for name in _apart(scored)})
            found.append(Point(label, row["value"], costs[key], sign))
    return found


def _values(row: dict[Any, Any], names: Sequence[str]) -> tuple[str, ...]:
    return tuple(plain(row[name]) for name in names)


def _apart(rows: pd.DataFrame) -> list[str]:
    """Swept columns with several values."""
    return [name for name in swept_columns(rows) if rows[name].nunique(dropna=False) > 1]


def _told_by_both(scored: pd.DataFrame, paid: pd.DataFrame) -> list[str]:
    """A training does not know what it is evaluated by: that column is empty in its rows."""
    return [name for name in _apart(scored) if any(plain(value) for value in paid[name])]


def front_sentence(evidence: Evidence) -> str:
    """E16: which networks are on the front of quality against FLOP of training, and which learn it
    for the least."""
    summary = evidence.summary
    quality = next((name for name in QUALITIES if (summary["metric"] == name).any()), "")
    points = points_of(summary, quality, COST) if quality else []
    if not points:
        states = counts_of_states(evidence.table)
        return f"No case has a quality and its FLOP of training, so there is no front: {states}."
    best = front(points)
    told = "; ".join(_told(point, quality, [p.cost for p in points]) for point in best)
    beaten = len(points) - len(best)
    text = f"On the front of {quality} against FLOP of training: {told}"
    if beaten:
        verb = "is" if beaten == 1 else "are"
        text += f"; {several(beaten, 'case')} of {len(points)} {verb} beaten"
    return f"{text}.{_first_there(summary)}"


def _told(point: Point, quality: str, costs: list[float]) -> str:
    factor, unit = scale_of("FLOP", costs)
    cost = f"{number(point.cost / factor)} {unit}"
    told = f"{quality} {number(point.quality)}, {cost}"
    return f"{point.case} ({told})" if point.case else told


def _first_there(summary: pd.DataFrame) -> str:
    """The case that reached the target loss for the least FLOP."""
    rows = summary[summary["metric"] == TO_TARGET]
    if rows.empty:
        return ""
    names = _apart(summary[summary["metric"] == COST])
    row = rows.loc[rows["value"].idxmin()]
    factor, unit = scale_of("FLOP", [row["value"]])
    case = case_label({name: row[name] for name in names})
    where = f" by {case}" if case else " by the only case"
    least = f"{number(row['value'] / factor)} {unit}"
    return f" The target loss was reached for the least FLOP, {least},{where}."
