"""How many times a peer's time ours is, within one run: rows of their own on each side.

What slows the machine slows both, so these can be compared across machines and days.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from .kinds import PEER
from .side import GIVEN, UNITS, Side
from .statistics import Means, unpaired

PLACE = ["run", "seed", "round", "block", "phase", "metric"]


def add_ratios(side: Side, peers: Sequence[str]) -> None:
    """Add rows `time/PEER` for every time that a peer has in the same run, at the same case."""
    nodes = side.nodes
    told = nodes["backend"].isin(list(peers))
    if not told.any() or told.all():
        return
    run = nodes.groupby(["experiment", "task", "without_backend"], sort=False).ngroup()
    where = pd.DataFrame({"run": run, "backend": nodes["backend"], "peer": told})
    units = _of_units(side.units, where)
    given = _of_given(side.given, where)
    side.units = _joined(side.units, units)
    side.given = _joined(side.given, given)


def _joined(rows: pd.DataFrame, more: pd.DataFrame) -> pd.DataFrame:
    return more if rows.empty else rows if more.empty else pd.concat([rows, more])


def _sides(rows: pd.DataFrame, where: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(ours, peers'), times alone, with the columns of `where`."""
    rows = rows[(rows["unit"] == "s") & (rows["value"] > 0)]
    rows = rows.join(where, on="node")
    return rows[~rows["peer"]], rows[rows["peer"]]


def _of_units(units: pd.DataFrame, where: pd.DataFrame) -> pd.DataFrame:
    ours, peers = _sides(units, where)
    pairs = ours.merge(peers[[*PLACE, "backend", "value", "clean"]], on=PLACE, suffixes=("", "_of"))
    pairs["value"] /= pairs["value_of"]
    pairs["clean"] &= pairs["clean_of"]
    return _named(pairs)[list(UNITS)]


def _of_given(given: pd.DataFrame, where: pd.DataFrame) -> pd.DataFrame:
    if given.empty:
        return given
    ours, peers = _sides(given, where)
    columns = ["run", "phase", "metric", "backend", "value", "error", "df", "count", "clean"]
    pairs = ours.merge(peers[columns], on=["run", "phase", "metric"], suffixes=("", "_of"))
    pairs = pairs[pairs["log"].astype(bool)]
    spread, count = pairs["spread"], np.minimum(pairs["count"], pairs["count_of"])
    means = [
        Means(np.log(pairs[f"value{of}"]), pairs[f"error{of}"], pairs[f"df{of}"], spread, count)
        for of in ("_of", "")
    ]
    found = unpaired(*means)
    pairs["value"] = np.exp(found.value)
    pairs["error"], pairs["df"] = found.error, found.df
    pairs["count"] = count
    pairs["clean"] &= pairs["clean_of"]
    return _named(pairs)[list(GIVEN)]


def _named(pairs: pd.DataFrame) -> pd.DataFrame:
    return pairs.assign(metric=pairs["metric"] + "/" + pairs["backend_of"], unit=PEER)
