"""One table of a comparison, whatever it was read from: values a process, or given summaries.

units : one row a process, case, phase and metric: within-process samples are one number already.
given : rows of tables that kept no processes: centre, interval's error, degrees of freedom.
nodes : one row a case, seeds pooled; `edges` are the case_ids behind it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from seqbench.interfaces import UsageError

from ..wording import plain, several

UNITS = (
    "node",
    "seed",
    "round",
    "trial_key",
    "phase",
    "metric",
    "unit",
    "direction",
    "kernel_impl",
    "signature",
    "block",
    "machine",
    "clean",
    "value",
)
GIVEN = (
    "node",
    "phase",
    "metric",
    "unit",
    "direction",
    "kernel_impl",
    "machine",
    "clean",
    "value",
    "error",
    "df",
    "spread",
    "count",
    "seeds",
    "log",
)
NODES = ("experiment", "task", "label", "without_backend", "backend")
EDGES = ("node", "case_id")
FAULTS = ("node", "trials", "done", "gate_failed", "state", "why")
IN_BLOCK = re.compile(r"\.round\d+(?=@|$)")


@dataclass(slots=True)
class Side:
    """See the module. `items` are the records' own, by trial_key; `told` what was left out."""

    name: str
    nodes: pd.DataFrame
    edges: pd.DataFrame
    units: pd.DataFrame
    given: pd.DataFrame
    faults: pd.DataFrame
    items: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    machines: dict[str, str] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)


def codes_of(frame: pd.DataFrame, columns: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """(code of each row from 0, first row of each code): rows that agree in `columns` share one."""
    code, size = np.zeros(len(frame), np.int64), 1
    for name in columns:
        own, uniques = pd.factorize(frame[name], use_na_sentinel=False)
        if size * len(uniques) >= MOST_CODES:
            code, _ = densely(code)
            size = int(code.max(initial=0)) + 1
        code = code * len(uniques) + own
        size *= len(uniques)
    return densely(code)


MOST_CODES = 1 << 62


def densely(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(values renumbered from 0, first row of each); in the order of the values."""
    _, first, code = np.unique(values, return_index=True, return_inverse=True)
    return code, first


def group_quantiles(values: np.ndarray, code: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Quantile `share` (one a code) of `values` by code, between order statistics linearly."""
    order = np.lexsort((values, code))
    count = np.bincount(code)
    start = np.concatenate([[0], np.cumsum(count)[:-1]])
    place = share * (count - 1)
    below = np.floor(place).astype(np.int64)
    above = np.minimum(below + 1, count - 1)
    ordered = values[order]
    low, high = ordered[start + below], ordered[start + above]
    return low + (place - below) * (high - low)


WITHIN = 0.25
"""A process stands for its time by this quantile of its samples, as doctor has it: what else runs
makes samples longer and never shorter, and lower quartiles differ less between processes."""


def side_of(
    table: pd.DataFrame,
    name: str,
    *,
    items: Mapping[str, Mapping[str, Any]] | None = None,
    machines: Mapping[str, str] | None = None,
) -> Side:
    """The side that a tidy table is.

    machines : provenance key -> what the machine is

    Raises UsageError for a table without rows, and for values that are there twice.
    """
    if table.empty:
        raise UsageError(f"compare: {name} has no rows, expected results; run the experiment again")
    told: list[str] = []
    nodes, edges, node = _nodes(table)
    table = table.assign(node=node)
    units = _units(table, name, told, machines or {})
    return Side(
        name=name,
        nodes=nodes,
        edges=edges,
        units=units,
        given=pd.DataFrame(columns=list(GIVEN)),
        faults=_faults(table),
        items=items or {},
        machines=dict(machines or {}),
        told=told,
    )


def _nodes(table: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, np.ndarray]:
    """(nodes, edges, node of each row): cases that differ by their seed alone are one node."""
    swept = [n for n in table.columns if n.startswith("p.") and n != "p.seed"]
    by_case, first = codes_of(table, ["case_id", "seed"])
    cases = table.iloc[first].reset_index(drop=True)
    group, _ = codes_of(cases, ["experiment", "task", *swept])
    # A table that does not tell its cases apart by columns: every case is a node then.
    twice = pd.DataFrame({"group": group, "seed": cases["seed"]}).duplicated(keep=False)
    own, _ = pd.factorize(cases["case_id"])
    mixed = np.isin(group, np.unique(group[twice.to_numpy()]))
    group, first = densely(np.where(mixed, group.max() + 1 + own, group))
    edges = pd.DataFrame({"node": group, "case_id": cases["case_id"]})
    return node_rows(cases.iloc[first], swept), edges, group[by_case]


def node_rows(cases: pd.DataFrame, swept: Sequence[str]) -> pd.DataFrame:
    """NODES of one row a case."""
    others = [name for name in swept if name != "p.backend.name"]
    backend = cases.get("p.backend.name", pd.Series("", index=cases.index))
    label = _labels(cases, swept)
    rows = {
        "experiment": cases["experiment"].to_numpy(object),
        "task": cases["task"].to_numpy(object),
        "label": label,
        "without_backend": label if len(others) == len(swept) else _labels(cases, others),
        "backend": backend.map(str).to_numpy(object),
    }
    return pd.DataFrame(rows)


def _labels(cases: pd.DataFrame, names: Sequence[str]) -> list[str]:
    """`cell.name=gru, decoder.width=4` of each row, a text a different value made once."""
    if not names:
        return [""] * len(cases)
    parts = []
    for name in names:
        code, values = pd.factorize(cases[name], use_na_sentinel=False)
        short = name.removeprefix("p.")
        told = (plain(value) for value in values)
        texts = np.array([f"{short}={text}" if text else "" for text in told], object)
        parts.append(texts[code])
    return [", ".join(filter(None, row)) for row in zip(*parts, strict=True)]


def _units(
    table: pd.DataFrame, name: str, told: list[str], machines: Mapping[str, str]
) -> pd.DataFrame:
    """One row a process and metric: lower quartiles of seconds, medians of all else."""
    own = ["trial_key", "phase", "metric"]
    rows = table[(table["status"] == "done") & (table["gate"] != "fail") & (table["metric"] != "")]
    _refuse_twice(rows, own, name)
    finite = np.isfinite(rows["value"].to_numpy())
    if not finite.all():
        lost = several(int((~finite).sum()), "value")
        example = rows[~finite].iloc[0]
        told.append(f"{name}: {lost} not finite (first: {example['metric']}); left out")
        rows = rows[finite]
    code, first = codes_of(rows, own)
    units = rows.iloc[first].reset_index(drop=True)
    share = np.where(units["unit"] == "s", WITHIN, 0.5)
    units["value"] = group_quantiles(rows["value"].to_numpy(), code, share)
    units["block"] = units["group"].map(dict_of(units["group"], _block))
    machine = {key: machines.get(key, "") for key in units["provenance"].unique()}
    units["machine"] = units["provenance"].map(machine)
    return units.rename(columns={"valid": "clean"})[list(UNITS)]


def dict_of(values: pd.Series, function: Any) -> dict[Any, Any]:
    """`function` of each different value once."""
    return {value: function(value) for value in values.unique()}


def _block(group: str) -> str:
    """The stretch of time that a row belongs to: all rounds of one run are one."""
    return IN_BLOCK.sub("", group)


def _refuse_twice(rows: pd.DataFrame, own: list[str], name: str) -> None:
    """Raise UsageError for two values of one repetition, and for two units of one metric."""
    code, first = codes_of(rows, [*own, "repetition"])
    if len(first) < len(rows):
        where = rows.iloc[np.flatnonzero(np.bincount(code)[code] > 1)[0]]
        raise UsageError(
            f"compare: {name} has {len(rows) - len(first)} rows twice, the first is metric "
            f"{where['metric']!r} of trial {where['trial_key']!r}, repetition "
            f"{where['repetition']}; expected one value a repetition; remove the copies"
        )
    refuse_mixed(rows, own, name)


def refuse_mixed(rows: pd.DataFrame, own: list[str], name: str) -> None:
    """Raise UsageError where one metric has several units or directions."""
    together, _ = codes_of(rows, own)
    for column in ("unit", "direction"):
        apart, first = codes_of(rows, [*own, column])
        if apart.size and apart.max() > together.max():
            kinds = rows.iloc[first].groupby(own)[column].agg(lambda s: sorted(set(s)))
            mixed = kinds[kinds.map(len) > 1]
            raise UsageError(
                f"compare: {name} has {column}s {', '.join(map(repr, mixed.iloc[0]))} for "
                f"metric {mixed.index[0][-1]!r}, expected one; give each a metric of its own"
            )


def _faults(table: pd.DataFrame) -> pd.DataFrame:
    """By node: how many trials, done, failed by the gate, and the first fault in words."""
    _, first = codes_of(table, ["trial_key"])
    trials = table.iloc[first]
    wrong = trials["gate"] == "fail"
    done = (trials["status"] == "done") & ~wrong
    counts = pd.DataFrame({"node": trials["node"], "trials": 1, "done": done, "gate_failed": wrong})
    counts = counts.groupby("node").sum()
    faulty = trials[~done]
    state = faulty["status"].where(~wrong[~done], "wrong")
    why = faulty["error"].where(faulty["error"] != "", faulty["reasons"])
    told = pd.DataFrame({"node": faulty["node"], "state": state, "why": why})
    counts = counts.join(told.drop_duplicates("node").set_index("node"))
    return counts.reset_index()[list(FAULTS)].fillna({"state": "", "why": ""})
