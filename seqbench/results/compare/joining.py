"""Which rows of the two sides belong together: case by case_id, then phase and metric."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from seqbench.interfaces import UsageError

from .side import Side, codes_of

KEY = ["case", "phase", "metric", "slot"]
"""`slot` is the implementation where a case has several, else "": another one of the same case is
the same row."""


@dataclass(slots=True)
class Joined:
    """`keys`: one row a case, phase and metric of either side. `key` numbers it in the frames."""

    keys: pd.DataFrame
    units: tuple[pd.DataFrame, pd.DataFrame]
    given: tuple[pd.DataFrame, pd.DataFrame]
    faults: tuple[pd.DataFrame, pd.DataFrame]


def join(base: Side, new: Side) -> Joined:
    """Rows by key, on both sides or one.

    Raises UsageError where units or directions differ, and where no row is on both sides.
    """
    number = _cases(base, new)
    units, given, faults = (
        (_numbered(getattr(base, name), number[0]), _numbered(getattr(new, name), number[1]))
        for name in ("units", "given", "faults")
    )
    frames = [*units, *given]
    columns = [*KEY[:3], "unit", "direction", "kernel_impl"]
    rows = pd.concat([f[columns].assign(at=i) for i, f in enumerate(frames)], ignore_index=True)
    rows["slot"] = _slots(rows)
    code, first = codes_of(rows, KEY)
    keys = rows.iloc[first][KEY].reset_index(drop=True)
    at = rows["at"].to_numpy()
    for side, (one, two) in enumerate([(0, 2), (1, 3)]):
        here = (at == one) | (at == two)
        # The last row of a key stands for it; all agree in unit and direction.
        for column in ("unit", "direction", "kernel_impl"):
            keys[f"{column}_{side}"] = _spread(rows[column], code, here, len(keys))
        keys[f"in_{side}"] = np.bincount(code[here], minlength=len(keys)) > 0
    for i, frame in enumerate(frames):
        frame["key"] = code[at == i]
    _refuse(keys, base, new, faults[1])
    _label(keys, base, new, number)
    return Joined(keys, units, given, faults)


def _slots(rows: pd.DataFrame) -> np.ndarray:
    """Of each row: its implementation where a side has several of that case and metric."""
    side = rows["at"].to_numpy() % 2
    rows = rows.assign(side=side)
    several, _ = codes_of(rows, [*KEY[:3], "side", "kernel_impl"])
    one, _ = codes_of(rows, [*KEY[:3], "side"])
    if several.max(initial=0) == one.max(initial=0):
        return np.full(len(rows), "", object)
    kinds = rows[[*KEY[:3], "side", "kernel_impl"]].drop_duplicates()
    crowded = kinds.loc[kinds.duplicated([*KEY[:3], "side"]), "case"].unique()
    return np.where(rows["case"].isin(crowded), rows["kernel_impl"], "")


def _numbered(rows: pd.DataFrame, number: np.ndarray) -> pd.DataFrame:
    return rows.assign(case=number[rows["node"].to_numpy(np.int64)])


def _spread(values: pd.Series, code: np.ndarray, here: np.ndarray, count: int) -> np.ndarray:
    found = np.full(count, "", object)
    found[code[here]] = values.to_numpy(object)[here]
    return found


def _cases(base: Side, new: Side) -> tuple[np.ndarray, np.ndarray]:
    """The joint number of each side's nodes: nodes that share a case_id are one case."""
    sizes = len(base.nodes), len(new.nodes)
    shared = base.edges.merge(new.edges, on="case_id", suffixes=("_0", "_1"))
    rows = shared["node_0"].to_numpy(np.int64)
    columns = shared["node_1"].to_numpy(np.int64) + sizes[0]
    total = sum(sizes)
    graph = coo_array((np.ones(len(rows), bool), (rows, columns)), shape=(total, total))
    _, number = connected_components(graph, directed=False)
    return number[: sizes[0]], number[sizes[0] :]


def _refuse(keys: pd.DataFrame, base: Side, new: Side, faults: pd.DataFrame) -> None:
    both = keys[keys["in_0"] & keys["in_1"]]
    for column in ("unit", "direction"):
        apart = both[both[f"{column}_0"] != both[f"{column}_1"]]
        if len(apart):
            row = apart.iloc[0]
            raise UsageError(
                f"compare: {column} of metric {row['metric']!r} is {row[f'{column}_0']!r} in "
                f"{base.name} and {row[f'{column}_1']!r} in {new.name} ({len(apart)} rows), "
                "expected the same; measure both with the same version of the experiment"
            )
    if both.empty and not _failed(keys, faults):
        raise UsageError(
            f"compare: {base.name} and {new.name} have no row in common: {_has(base)}; "
            f"{_has(new)}; expected the same experiment with the same settings on both sides"
        )


def _failed(keys: pd.DataFrame, faults: pd.DataFrame) -> bool:
    """Whether NEW lost the values of BASE's cases by a fault: that is worse, not another table."""
    lost = faults.loc[faults["state"] != "", "case"]
    return bool(keys.loc[keys["in_0"], "case"].isin(lost).any())


def _has(side: Side) -> str:
    """What is in a side, for who looks for a common row."""
    experiments = sorted(set(map(str, side.nodes["experiment"])))
    metrics = sorted({*side.units["metric"], *side.given["metric"]})
    told = ", ".join(metrics[:6]) + (f" and {len(metrics) - 6} more" if len(metrics) > 6 else "")
    of = ", ".join(experiments[:3])
    return f"{side.name} has {of or 'no experiment'} with {told or 'no metric'}"


def _label(
    keys: pd.DataFrame, base: Side, new: Side, number: tuple[np.ndarray, np.ndarray]
) -> None:
    """Experiment, task and label of each key, NEW's words first; a number where they repeat."""
    count = int(max((n.max(initial=-1) for n in number), default=-1)) + 1
    for column in ("experiment", "task", "label"):
        found = np.full(count, "", object)
        for side, n in ((base, number[0]), (new, number[1])):
            found[n] = side.nodes[column].to_numpy(object)
        keys[column] = found[keys["case"]]
    keys["kernel_impl"] = _implementation(keys)
    for column in ("unit", "direction"):
        keys[column] = np.where(keys["in_1"], keys[f"{column}_1"], keys[f"{column}_0"])


def _implementation(keys: pd.DataFrame) -> np.ndarray:
    """NEW's, or BASE's where it is gone; both where they differ."""
    base, new = (keys[f"kernel_impl_{side}"].to_numpy(object) for side in (0, 1))
    one = np.where(keys["in_1"], new, base)
    differ = (keys["in_0"] & keys["in_1"]).to_numpy() & (base != new)
    return np.where(differ, base + " -> " + new, one)
