"""One sentence that answers an experiment's question, out of its numbers alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd

from .beam_sentence import beam_sentence
from .cell_sentence import cell_sentence
from .evidence import Evidence, counts_of_states, noise
from .front import front_sentence
from .summary import swept_columns, timed
from .wording import case_label, several, with_interval

SENTENCES: dict[str, Callable[[Evidence], str]] = {
    "beam_width_bleu": beam_sentence,
    "cell_cost": cell_sentence,
    "direction_depth": front_sentence,
    "direction_depth_sentences": front_sentence,
}
"""By experiment; the others get `generic_sentence`."""


def sentence(experiment: str, evidence: Evidence, metrics: Sequence[str] = ()) -> str:
    """The answer of one experiment. `metrics` are what an unknown one is told by."""
    if evidence.table.empty:
        return f"No trial of {experiment} left a record, so there is no answer."
    if (evidence.summary["metric"] == "").all():
        return f"No trial of {experiment} has a value, so there is no answer: {states(evidence)}."
    tell = SENTENCES.get(experiment)
    return tell(evidence) if tell else generic_sentence(evidence, metrics)


def states(evidence: Evidence) -> str:
    return counts_of_states(evidence.table)


@dataclass(frozen=True, slots=True)
class _Told:
    """One metric of one case in words."""

    case: str
    value: str


def generic_sentence(evidence: Evidence, metrics: Sequence[str] = ()) -> str:
    """The extremes of the first of `metrics` that has values, or of the first metric there is."""
    summary = evidence.summary
    there = summary[(summary["metric"] != "") & ~summary["phase"].isin(("ceiling", "load"))]
    there = there[there["task"] != "train"] if (there["task"] != "train").any() else there
    if there.empty:
        return f"No case has a value to tell: {states(evidence)}."
    there = there[(there["valid"] > 0) | ~timed(there)]
    if there.empty:
        return f"No time was measured cleanly, so nothing is ranked{noise(evidence.table)}."
    names = there["metric"].tolist()
    metric = next((name for name in metrics if name in names), names[0])
    rows = there[there["metric"] == metric]
    rows = rows[rows["phase"] == rows["phase"].iloc[-1]].sort_values("value", kind="stable")
    text = _extremes(metric, rows)
    missing = summary[(summary["metric"] == "") & (summary["task"] == rows["task"].iloc[0])]
    if len(missing):
        text += f"; {several(len(missing), 'case')} without a value ({states(evidence)})"
    return f"{text}{noise(evidence.table)}."


def _extremes(metric: str, rows: pd.DataFrame) -> str:
    lowest, highest = _told(rows, 0), _told(rows, -1)
    if len(rows) == 1:
        where = f" for {lowest.case}" if lowest.case else ""
        return f"{metric} was {lowest.value}{where}"
    best = {"higher": "best is the highest", "lower": "best is the lowest"}
    rank = best.get(rows["direction"].iloc[0], "neither is better")
    return (
        f"Over {len(rows)} cases {metric} went from {lowest.value} ({lowest.case}) to "
        f"{highest.value} ({highest.case}); {rank}"
    )


def _told(rows: pd.DataFrame, position: int) -> _Told:
    row = rows.iloc[position]
    swept = [name for name in swept_columns(rows) if rows[name].nunique(dropna=False) > 1]
    swept = swept or swept_columns(rows)
    unit = "" if row["unit"] == "1" else f" {row['unit']}"
    value = with_interval(row["value"], row["ci_low"], row["ci_high"]) + unit
    return _Told(case_label({name: row[name] for name in swept}), value)
