"""The tidy table to one row a case and metric: a value, its interval, and what it rests on.

Costs (times, memory, rates) are medians of round medians; their interval is Student's over the
rounds' logarithms, since processes differ more than repetitions within one, and by factors. Times
are of the clean trials alone where there are any; where there are none (`valid` is 0), they are
shown and not ranked.
Qualities are means over seeds; their interval is the bootstrap over sentences where the trials kept
sentence statistics, else Student's over seeds. A single round or seed without statistics has no
interval: NaN, not zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from .bleu import bleu_resamples, has_statistics, smoothing_of
from .intervals import half_widths, over_seeds, percentile_interval

Items = Mapping[str, Mapping[str, Any]]
"""trial_key -> the record's `items`."""

COST_UNITS = {"s", "B", "FLOP", "us", "ns/element", "token/s", "GFLOP/s", "GB/s"}
UNTIMED_UNITS = {"B", "FLOP"}
"""Of the costs, those that a busy machine cannot spoil."""
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


def is_timed(metric: str, unit: str) -> bool:
    """Whether a metric rests on a clock: a trial that was not measured cleanly cannot rank it."""
    return is_cost(metric, unit) and unit not in UNTIMED_UNITS


def timed(table: pd.DataFrame) -> pd.Series:
    """`is_timed` of every row of a table or summary."""
    told = {pair: is_timed(*pair) for pair in table.groupby(["metric", "unit"], sort=False).groups}
    pairs = zip(table["metric"], table["unit"], strict=True)
    return pd.Series([told[pair] for pair in pairs], index=table.index, dtype=bool)


def ranked(table: pd.DataFrame) -> pd.Series:
    """Which rows may be compared: counted, and where a clock decides, measured cleanly."""
    return counted(table) & (table["valid"] | ~timed(table))


def counted(table: pd.DataFrame) -> pd.Series:
    """Which rows may stand for their case: done, and not failed by the gate."""
    return (table["status"] == "done") & (table["gate"] != "fail") & (table["metric"] != "")


def summarise(table: pd.DataFrame, items: Items | None = None) -> pd.DataFrame:
    """One row a case, phase and metric, sorted; a case without any value has metric "".

    Cases that differ by their seed alone are one; its case_id joins theirs by "+".
    """
    swept = swept_columns(table)
    keys = ["experiment", "task", *swept]
    table = table.assign(case=table.groupby(keys, dropna=False, sort=True).ngroup())
    values = _values(_cleanest(table[counted(table)]), items or {})
    cases = table.drop_duplicates("case").set_index("case")[keys].join(_standing(table))
    rows = cases.join(values.set_index("case")).sort_index(kind="stable")
    rows["kernel_impl"] = rows["kernel_impl"].fillna(rows.pop("timed"))
    for name, instead in {"phase": "", "metric": "", "unit": "", "direction": "none"}.items():
        rows[name] = rows[name].fillna(instead)
    rows["interval"] = rows["interval"].fillna("none")
    rows["n"] = rows["n"].fillna(0).astype("int64")
    return rows.reset_index(drop=True)[[*HEAD, *swept, *TAIL]]


def _cleanest(measured: pd.DataFrame) -> pd.DataFrame:
    """Timed rows of clean trials alone, wherever a case has one."""
    clean = measured["valid"] | ~timed(measured)
    several = measured["case"].astype(str) + "\0" + measured["metric"] + "\0" + measured["phase"]
    return measured[clean | ~clean.groupby(several).transform("any").astype(bool)]


def _standing(table: pd.DataFrame) -> pd.DataFrame:
    """By case: its ids, how many trials it has, and how they ended: the commonest fault is told."""
    trials = table.drop_duplicates("trial_key")
    states = trials["status"].where(trials["gate"] != "fail", "gate failed")
    trials = trials.assign(state=states, done=states == "done")
    trials["valid"] &= trials["done"]
    by_case = trials.groupby("case")
    ids = trials.drop_duplicates(["case", "case_id"]).sort_values("case_id").groupby("case")
    return pd.DataFrame(
        {
            "case_id": ids["case_id"].agg("+".join),
            "status": _commonest_fault(trials).reindex(by_case.size().index).fillna("done"),
            "trials": by_case.size(),
            "done": by_case["done"].sum(),
            "valid": by_case["valid"].sum(),
            "timed": by_case["kernel_impl"].max(),
        }
    )


def _commonest_fault(trials: pd.DataFrame) -> pd.Series:
    """By case: the state that most of its trials that are not done are in."""
    faults = trials[~trials["done"]].groupby(["case", "state"]).size().rename("n").reset_index()
    faults = faults.sort_values(["case", "n", "state"], ascending=[True, False, True])
    return faults.drop_duplicates("case").set_index("case")["state"]


METRIC = ["case", "kernel_impl", "phase", "metric", "unit", "direction"]


def _values(measured: pd.DataFrame, items: Items) -> pd.DataFrame:
    """One row a case and metric: value, interval, n."""
    trials = measured.groupby([*METRIC, "seed", "trial_key"])["value"].median().reset_index()
    cost = [is_cost(m, u) for m, u in zip(trials["metric"], trials["unit"], strict=True)]
    trials["cost"] = np.array(cost, bool)
    quality = trials[~trials["cost"]].groupby([*METRIC, "cost", "seed"])["value"].mean()
    units = pd.concat([trials[trials["cost"]], quality.reset_index()])
    # Costs vary by factors, and their intervals must not reach below zero: logarithms.
    units["log"] = np.log(units["value"].where(units["cost"] & (units["value"] > 0)))
    grouped = units.groupby([*METRIC, "cost"])
    found = grouped["value"].agg(["median", "mean", "std", "count"])
    found = found.join(grouped["log"].agg(log_std="std", log_count="count")).reset_index()
    found = found.rename(columns={"count": "n"})
    found["value"] = found["median"].where(found["cost"], found["mean"])
    half = half_widths(found["std"], found["n"])
    factor = np.exp(half_widths(found["log_std"], found["n"]))
    by_factor = found["log_count"] == found["n"]
    found["ci_low"] = (found["value"] / factor).where(by_factor, found["value"] - half)
    found["ci_high"] = (found["value"] * factor).where(by_factor, found["value"] + half)
    found["interval"] = np.where(found["cost"], "rounds", "seeds")
    found["interval"] = found["interval"].where(half.notna(), "none").astype(str)
    _bootstrap(found, measured, items)
    return found[[*METRIC, "value", "ci_low", "ci_high", "n", "interval"]]


def _bootstrap(found: pd.DataFrame, measured: pd.DataFrame, items: Items) -> None:
    """Put the intervals over sentences into `found`, where the trials kept what they need."""
    scores = measured[measured["metric"] == "bleu"]
    for case, rows in scores.groupby("case"):
        drawn = resamples_of(rows, items)
        if drawn is None:
            continue
        here = (found["case"] == case) & (found["metric"] == "bleu")
        found.loc[here, ["ci_low", "ci_high"]] = percentile_interval(drawn)
        found.loc[here, "n"] = len(items[rows["trial_key"].iloc[0]]["bleu_matches"])
        found.loc[here, "interval"] = "items"


def resamples_of(rows: pd.DataFrame, items: Items) -> np.ndarray | None:
    """(R,) bootstrap values of one case's BLEU; None where its trials kept no statistics.

    One trial stands for each seed: quality does not differ between rounds.
    """
    drawn = []
    for _, own in rows.groupby("seed", sort=True):
        first = own.iloc[0]
        kept = items.get(first["trial_key"], {})
        if not has_statistics(kept):
            return None
        drawn.append(bleu_resamples(kept, smoothing_of(first["signature"])))
    return over_seeds(np.stack(drawn))
