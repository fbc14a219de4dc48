"""From rows to the numbers of a claim's part: a value a seed or round, and the items' error."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from seqbench.interfaces.claims import Part

from ..bleu import RESAMPLES, draws
from ..evidence import Evidence
from ..rebuilt import Rebuilt, rebuilt
from ..summary import ranked, swept_columns
from .growth import growth
from .units import UNIT_COLUMNS, Measured, unit_name

LOGARITHMIC = ("ratio",)
"""Effects whose values are told as factors and averaged as logarithms."""
ENDS = ("", "_against")
"""Of the columns of the two sides, once joined."""


def measure(part: Part, evidence: Evidence) -> Measured:
    """The values of one part. What is missing is told in `reason`, never raised."""
    table = evidence.table
    unknown = _unknown_keys(part, table)
    if unknown:
        return Measured(reason=f"the table does not sweep {', '.join(unknown)}")
    sides = [_side(table, part.metric, dict(part.of), part)]
    if part.effect in ("difference", "ratio"):
        chosen = {**part.of, **part.against}
        sides.append(_side(table, part.against_metric or part.metric, chosen, part))
    fault = next((fault for fault in (_fault(s, part) for s in sides) if fault), "")
    if fault:
        return Measured(reason=fault)
    if part.along or part.along_metric:
        return growth(part, sides[0].rows, table, UNIT_COLUMNS[part.over])
    return _contrast(part, sides, evidence)


@dataclass(frozen=True, eq=False)
class _Side:
    """Rows of one side and what they were chosen by; `lost` trials ended without a value."""

    metric: str
    chosen: Mapping[str, Any]
    rows: pd.DataFrame
    lost: int

    @property
    def named(self) -> str:
        by = ", ".join(f"{key}={value}" for key, value in self.chosen.items())
        return f"{self.metric} of {by}" if by else self.metric


def _side(table: pd.DataFrame, metric: str, chosen: Mapping[str, Any], part: Part) -> _Side:
    here = pd.Series(True, index=table.index)
    for key, asked in chosen.items():
        here &= _equal(table[f"p.{key}"], asked)
    own = table[here]
    rows = own[ranked(own) & (own["metric"] == metric) & own["value"].notna()]
    if part.phase:
        rows = rows[rows["phase"] == part.phase]
    tasks = own[own["task"].isin(rows["task"].unique())] if len(rows) else own
    lost = tasks["trial_key"].nunique() - rows["trial_key"].nunique()
    return _Side(metric, chosen, rows, lost)


def _equal(column: pd.Series, asked: Any) -> pd.Series:
    """Whether a swept value is the asked one, or one of them; 1 and 1.0 are the same."""
    several = asked if isinstance(asked, (list, tuple)) else [asked]
    wanted = {_plain(value) for value in several}
    return column.map(lambda value: _plain(value) in wanted).astype(bool)


def _plain(value: Any) -> Any:
    if isinstance(value, (bool, np.bool_)):
        return str(bool(value)).lower()  # as tables write it
    if isinstance(value, (int, float, np.number)):
        return float(value)
    return "" if value is None or value is pd.NA else str(value)


def _unknown_keys(part: Part, table: pd.DataFrame) -> list[str]:
    keys = dict.fromkeys([*part.of, *part.against, *([part.along] if part.along else [])])
    return [key for key in keys if f"p.{key}" not in table.columns]


def _fault(side: _Side, part: Part) -> str:
    """Why a side has no value that can be told."""
    if side.rows.empty:
        return f"no ranked row has {side.named}"
    phases = sorted(side.rows["phase"].unique())
    if len(phases) > 1:
        return f"{side.named} has the phases {', '.join(phases)}: the claim has to name one"
    return ""


def _contrast(part: Part, sides: Sequence[_Side], evidence: Evidence) -> Measured:
    """Level, difference or ratio: sides joined over all that was swept, then one value a unit."""
    places = _places(part, sides)
    units = UNIT_COLUMNS[part.over]
    tables = [_values(side.rows, [*units, *places]) for side in sides]
    both = tables[0]
    if len(tables) == 2:
        both = both.merge(tables[1], on=[*units, *places], suffixes=("", "_against"))
    effect = EFFECTS[part.effect]
    columns = [f"value{end}" for end in ENDS[: len(sides)]]
    both = both.assign(effect=effect(*(both[name].to_numpy() for name in columns)))
    both = both[np.isfinite(both["effect"])]
    if both.empty:
        return Measured(reason=f"no {part.over} has both {' and '.join(s.named for s in sides)}")
    values = both.groupby(units)["effect"].mean()
    if part.effect in LOGARITHMIC:
        values = np.exp(values)
    names = {unit_name(part.over, key): float(value) for key, value in values.items()}
    return Measured(names, _item_error(effect, both, sides, evidence), _lost(sides))


def _places(part: Part, sides: Sequence[_Side]) -> list[str]:
    """Swept columns that tell rows of one side apart and that the part does not choose by."""
    chosen = {f"p.{key}" for key in (*part.of, *part.against)}
    rows = pd.concat([side.rows for side in sides])
    names = [name for name in swept_columns(rows) if name not in chosen]
    return [name for name in names if rows[name].nunique(dropna=False) > 1]


def _values(rows: pd.DataFrame, places: list[str]) -> pd.DataFrame:
    """One value a place: the mean over its trials' medians; one trial stands for the items."""
    keys = [*places, "trial_key", "metric", "signature"]
    trials = rows.groupby(keys, dropna=False)["value"].median().reset_index()
    found = trials.groupby(places, dropna=False)
    return found.agg(
        value=("value", "mean"),
        own=("value", "first"),
        trial_key=("trial_key", "first"),
        signature=("signature", "first"),
    ).reset_index()


def _lost(sides: Sequence[_Side]) -> str:
    lost = sum(side.lost for side in sides)
    return f"{lost} of its trials {'has' if lost == 1 else 'have'} no ranked value" if lost else ""


def _item_error(
    effect: Callable[..., Any], both: pd.DataFrame, sides: Sequence[_Side], evidence: Evidence
) -> float:
    """Of the mean effect, by a bootstrap that draws the same items for every side and seed.

    Sides of other items (buckets of a test set) have other counts, and draws of their own.
    """
    drawn = []
    for row in both.to_dict("records"):
        own = [
            _rebuilt(side.metric, row, end, evidence)
            for side, end in zip(sides, ENDS, strict=False)
        ]
        scores = [one for one in own if one is not None]
        if len(scores) < len(sides):
            return 0.0
        drawn.append(effect(*(_resampled(one) for one in scores)))
    values = np.mean(drawn, axis=0)
    return float(np.std(values[np.isfinite(values)], ddof=1))


def _rebuilt(metric: str, row: Mapping[str, Any], end: str, evidence: Evidence) -> Rebuilt | None:
    items = evidence.items.get(row[f"trial_key{end}"])
    if not items:
        return None
    return rebuilt(metric, items, row[f"signature{end}"], row[f"own{end}"])


def _resampled(score: Rebuilt) -> np.ndarray:
    size = len(score.statistics)
    return score.score(np.concatenate([d @ score.statistics for d in draws(size, RESAMPLES)]))


def _log_ratio(of: Any, against: Any) -> Any:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.log(of) - np.log(against)


EFFECTS: dict[str, Callable[..., Any]] = {
    "level": lambda of: of,
    "difference": lambda of, against: of - against,
    "ratio": _log_ratio,
}
