"""The tidy table to one row a case and metric: a value, its interval, and what it rests on.

Costs (times, memory, rates) are medians of round medians; their interval is Student's over the
rounds, since processes differ more than repetitions within one. Qualities are means over seeds;
their interval is the bootstrap over sentences where the trials kept sentence statistics, else
Student's over seeds. A single round or seed without statistics has no interval: NaN, not zero.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from .bleu import bleu_resamples, has_statistics, smoothing_of
from .intervals import UNKNOWN, Interval, over_seeds, percentile_interval, t_interval

Items = Mapping[str, Mapping[str, Any]]
"""trial_key -> the record's `items`."""

COST_UNITS = {"s", "B", "FLOP", "us", "ns/element", "token/s", "GFLOP/s", "GB/s"}
HEAD = ("experiment", "task", "case_id")
TAIL = (
    "kernel_impl",
    "status",
    "trials",
    "done",
    "valid",
    "phase",
    "metric",
    "value",
    "ci_low",
    "ci_high",
    "n",
    "interval",
    "unit",
    "direction",
)
"""`done` of `trials` are in the value; `valid` of those were measured cleanly; `n` are the rounds,
items or seeds that `interval` names."""


def swept_columns(table: pd.DataFrame) -> list[str]:
    """The `p.` columns that tell cases apart; a swept seed is averaged over instead."""
    return [name for name in table.columns if name.startswith("p.") and name != "p.seed"]


def is_cost(metric: str, unit: str) -> bool:
    """Whether a metric is a measured cost: it differs between processes."""
    return unit in COST_UNITS or metric.startswith("share_of_")


def counted(table: pd.DataFrame) -> pd.Series:
    """Which rows may stand for their case: done, and not failed by the gate."""
    return (table["status"] == "done") & (table["gate"] != "fail") & (table["metric"] != "")


def summarise(table: pd.DataFrame, items: Items | None = None) -> pd.DataFrame:
    """One row a case, phase and metric, sorted; a case without any value has metric "".

    Cases that differ by their seed alone are one; its case_id joins theirs by "+".
    """
    swept = swept_columns(table)
    rows = []
    for key, case in table.groupby(["experiment", "task", *swept], dropna=False, sort=True):
        head = dict(zip(["experiment", "task", *swept], key, strict=True)) | _standing(case)
        measured = case[counted(case)]
        metrics = measured.groupby(["kernel_impl", "phase", "metric"], sort=True)
        for (impl, phase, metric), values in metrics:
            own = {"kernel_impl": impl, "phase": phase, "metric": metric}
            rows.append(head | own | _value(values, items or {}))
        if measured.empty:
            rows.append(head | _nothing(case))
    return pd.DataFrame(rows, columns=[*HEAD, *swept, *TAIL])


def _standing(case: pd.DataFrame) -> dict[str, Any]:
    """How many trials a case has and how they ended: the worst is told."""
    trials = case.drop_duplicates("trial_key")
    states = trials["status"].where(trials["gate"] != "fail", "gate failed")
    done = states == "done"
    return {
        "case_id": "+".join(sorted(case["case_id"].unique())),
        "status": "done" if done.all() else states[~done].mode().iloc[0],
        "trials": len(trials),
        "done": int(done.sum()),
        "valid": int((trials["valid"] & done).sum()),
    }


def _nothing(case: pd.DataFrame) -> dict[str, Any]:
    low, high = UNKNOWN
    bounds = {"value": np.nan, "ci_low": low, "ci_high": high, "n": 0, "interval": "none"}
    names = {"kernel_impl": case["kernel_impl"].max(), "phase": "", "metric": ""}
    return names | bounds | {"unit": "", "direction": "none"}


def _value(values: pd.DataFrame, items: Items) -> dict[str, Any]:
    metric, unit = values["metric"].iloc[0], values["unit"].iloc[0]
    trials = values.groupby(["seed", "trial_key"], sort=True)["value"].median()
    if is_cost(metric, unit):
        value, interval, count = float(trials.median()), "rounds", len(trials)
        bounds = t_interval(trials.tolist(), value)
    else:
        seeds = trials.groupby("seed").mean()
        value, interval, count = float(seeds.mean()), "seeds", len(seeds)
        drawn = resamples_of(values, items)
        if drawn is not None:
            first = items[values["trial_key"].iloc[0]]
            bounds, interval = percentile_interval(drawn), "items"
            count = len(next(iter(first.values())))
        else:
            bounds = t_interval(seeds.tolist(), value)
    return {
        "value": value,
        "ci_low": bounds[0],
        "ci_high": bounds[1],
        "n": count,
        "interval": interval if np.isfinite(bounds[0]) else "none",
        "unit": unit,
        "direction": values["direction"].iloc[0],
    }


def resamples_of(values: pd.DataFrame, items: Items) -> np.ndarray | None:
    """(R,) bootstrap values of one case's metric; None where its trials kept no statistics.

    One trial stands for each seed: quality does not differ between rounds.
    """
    if values["metric"].iloc[0] != "bleu":
        return None
    drawn = []
    for _, own in values.groupby("seed", sort=True):
        first = own.sort_values("round").iloc[0]
        kept = items.get(first["trial_key"], {})
        if not has_statistics(kept):
            return None
        drawn.append(bleu_resamples(kept, smoothing_of(first["signature"])))
    if len({len(one) for one in drawn}) > 1:
        return None
    return over_seeds(np.stack(drawn))


def difference(
    table: pd.DataFrame, items: Items, one: Sequence[bool], other: Sequence[bool], metric: str
) -> tuple[float, Interval]:
    """`one` case's metric less `other`'s, paired by sentence; NaN bounds without statistics.

    one, other : masks over the rows of `table`
    """
    chosen = [table[mask & counted(table) & (table["metric"] == metric)] for mask in (one, other)]
    values = [_value(rows, items)["value"] for rows in chosen]
    drawn = [resamples_of(rows, items) for rows in chosen]
    bounds = UNKNOWN
    if drawn[0] is not None and drawn[1] is not None:
        bounds = percentile_interval(drawn[0] - drawn[1])
    return values[0] - values[1], bounds
