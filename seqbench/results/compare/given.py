"""Sides that kept no processes: a summary, and a table of ratios to peers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from seqbench.interfaces import UsageError, digest

from ..intervals import CONFIDENCE
from ..summary import is_cost
from ..wording import several
from .side import EDGES, FAULTS, GIVEN, UNITS, Side, node_rows, refuse_mixed

NORMAL = 1.959963984540054
NEEDED = (
    "experiment",
    "task",
    "kernel_impl",
    "status",
    "metric",
    "phase",
    "value",
    "n",
    "unit",
    "direction",
)


def summary_side(table: pd.DataFrame, name: str, machines: Mapping[str, str]) -> Side:
    """What `summary.csv` is: intervals turned back into errors, seeds counted by their case_ids.

    Raises UsageError for a table without rows, without a column, or with a value twice.
    """
    missing = [column for column in NEEDED if column not in table]
    if missing:
        raise UsageError(
            f"compare: {name} has no column {', '.join(missing)}, expected a summary of this "
            "version; run the experiment again"
        )
    _refuse_empty(table, name)
    own = ["case_id", "kernel_impl", "phase", "metric"]
    rows = table[table["metric"] != ""].reset_index(drop=True)
    _refuse_twice(rows, own, name)
    refuse_mixed(rows, own, name)
    swept = [c for c in table.columns if c.startswith("p.")]
    node, _ = pd.factorize(table["case_id"])
    cases = table.assign(node=node).drop_duplicates("node").reset_index(drop=True)
    told: list[str] = []
    given = _given(rows, told, name)
    given["node"] = cases.set_index("case_id")["node"].reindex(given["case_id"]).to_numpy()
    given["machine"] = _only(machines)
    return Side(
        name=name,
        nodes=node_rows(cases, swept),
        edges=_edges(cases),
        units=pd.DataFrame(columns=list(UNITS)),
        given=given[list(GIVEN)].reset_index(drop=True),
        faults=_faults(cases),
        machines=dict(machines),
        told=told,
    )


def _only(machines: Mapping[str, str]) -> str:
    names = sorted(set(machines.values()))
    return names[0] if len(names) == 1 else ("several" if names else "")


def _refuse_empty(table: pd.DataFrame, name: str) -> None:
    if table.empty:
        raise UsageError(f"compare: {name} has no rows, expected results; run the experiment again")


def _refuse_twice(rows: pd.DataFrame, own: list[str], name: str) -> None:
    twice = rows[rows.duplicated(own)]
    if len(twice):
        row = twice.iloc[0]
        raise UsageError(
            f"compare: {name} has {len(twice)} rows twice, the first is "
            f"{', '.join(repr(str(row[column])) for column in own)}; expected one row a case, "
            "phase and metric; remove the copies"
        )


def _edges(cases: pd.DataFrame) -> pd.DataFrame:
    ids = cases["case_id"].astype(str).str.split("+").explode()
    return pd.DataFrame({"node": ids.index.to_numpy(), "case_id": ids.to_numpy()})[list(EDGES)]


def _faults(cases: pd.DataFrame) -> pd.DataFrame:
    trials = cases.get("trials", pd.Series(1, index=cases.index)).astype(int)
    done = cases.get("done", trials).astype(int)
    wrong = cases["status"] == "gate failed"
    state = cases["status"].where(cases["status"] != "done", "").where(~wrong, "wrong")
    found = pd.DataFrame(
        {
            "node": cases["node"],
            "trials": trials,
            "done": done,
            "gate_failed": wrong.astype(int),
            "state": state,
            "why": "",
        }
    )
    return found[list(FAULTS)]


def _given(rows: pd.DataFrame, told: list[str], name: str) -> pd.DataFrame:
    values = rows["value"].to_numpy(float)
    finite = np.isfinite(values)
    if not finite.all():
        lost = several(int((~finite).sum()), "value")
        told.append(
            f"{name}: {lost} not finite (first: {rows[~finite]['metric'].iloc[0]}); left out"
        )
    rows = rows[finite].reset_index(drop=True)
    seeds = rows["case_id"].astype(str).str.count(r"\+").to_numpy() + 1
    cost = np.array([is_cost(m, u) for m, u in zip(rows["metric"], rows["unit"], strict=True)])
    count = np.where(cost, rows["n"].to_numpy(int), seeds)
    return rows.assign(
        **_errors(rows, cost.astype(bool), count), count=count, seeds=seeds, clean=_clean(rows)
    )


def _clean(rows: pd.DataFrame) -> np.ndarray:
    if "valid" not in rows or "done" not in rows:
        return np.ones(len(rows), bool)
    return (rows["valid"].astype(int) == rows["done"].astype(int)).to_numpy()


def _errors(rows: pd.DataFrame, cost: np.ndarray, count: np.ndarray) -> dict[str, Any]:
    """The error behind each interval: Student's, or of the bootstrap over items.

    Costs have symmetric intervals of their logarithms.
    """
    value, low, high = (
        pd.to_numeric(rows[name], errors="coerce").to_numpy(float)
        for name in ("value", "ci_low", "ci_high")
    )
    positive = cost & (value > 0) & (np.nan_to_num(low, nan=1.0) > 0)
    df = np.maximum(count - 1, 0).astype(float)
    student = stdtrit(np.maximum(df, 1), (1 + CONFIDENCE) / 2)
    quantile = np.where((rows["interval"] == "items").to_numpy(), NORMAL, student)
    with np.errstate(invalid="ignore", divide="ignore"):
        width = np.where(positive, np.log(high) - np.log(low), high - low)
        error = width / 2 / quantile
    error = np.where(count > 1, error, np.nan)
    return {
        "error": error,
        "df": df,
        "spread": error * np.sqrt(count),
        "log": positive,
    }


def ratio_side(table: pd.DataFrame, name: str) -> Side:
    """A ratio suite's table: one process a row, so its pairs tell no error between processes."""
    _refuse_empty(table, name)
    own = ["group", "size", "ours", "peer"]
    _refuse_twice(table, own, name)
    told: list[str] = []
    table = table.assign(value=pd.to_numeric(table["ratio"], errors="coerce"))
    lost = ~(table["value"] > 0)
    if lost.any():
        told.append(f"{name}: {several(int(lost.sum()), 'ratio')} not a number above 0; left out")
    table = table[~lost].reset_index(drop=True)
    node = np.arange(len(table))
    ids = [digest(["ratio", *map(str, key)]) for key in table[own].itertuples(index=False)]
    cases = pd.DataFrame(
        {
            "experiment": "ratios",
            "task": table["group"].astype(str),
            "p.size": table["size"].astype(str),
            "p.peer": table["peer"].astype(str),
        }
    )
    given = pd.DataFrame(
        {
            "node": node,
            "phase": "",
            "metric": "time/" + table["peer"].astype(str),
            "unit": "ratio",
            "direction": "lower",
            "kernel_impl": table["ours"].astype(str),
            "machine": "",
            "clean": True,
            "value": table["value"],
            "error": np.nan,
            "df": 0.0,
            "spread": np.nan,
            "count": 1,
            "seeds": 1,
            "log": True,
        }
    )
    faults = pd.DataFrame(
        {"node": node, "trials": 1, "done": 1, "gate_failed": 0, "state": "", "why": ""}
    )
    return Side(
        name=name,
        nodes=node_rows(cases, ["p.size", "p.peer"]),
        edges=pd.DataFrame({"node": node, "case_id": ids}),
        units=pd.DataFrame(columns=list(UNITS)),
        given=given[list(GIVEN)],
        faults=faults,
        told=told,
    )
