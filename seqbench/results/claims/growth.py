"""How a metric grows along a swept key or another metric: exponent, slope, share explained."""

from __future__ import annotations

import numpy as np
import pandas as pd

from seqbench.interfaces.claims import Part

from ..summary import counted
from .units import Measured, unit_name

LEAST_POINTS = {"exponent": 2, "slope": 2, "r_squared": 3}


def growth(part: Part, rows: pd.DataFrame, table: pd.DataFrame, units: list[str]) -> Measured:
    """One fit a unit, by least squares; units with too few sizes are told and left out."""
    points = _points(part, rows, table, units)
    found, short = {}, 0
    for key, own in points.groupby(units):
        fitted = own[own["x"] >= (part.smallest if part.smallest is not None else -np.inf)]
        if len(fitted) < LEAST_POINTS[part.effect]:
            short += 1
            continue
        x, y = fitted["x"].to_numpy(float), fitted["y"].to_numpy(float)
        found[unit_name(part.over, key)] = _fit(part.effect, x, y)
    axis = part.along or part.along_metric
    if not found:
        least = LEAST_POINTS[part.effect]
        return Measured(reason=f"no {part.over} has {part.metric} at {least} sizes of {axis}")
    lost = f"{short} {part.over}s have too few sizes of {axis}" if short else ""
    return Measured(found, reason=lost)


def _points(part: Part, rows: pd.DataFrame, table: pd.DataFrame, units: list[str]) -> pd.DataFrame:
    """unit, x, y: the mean of each size's trials, of their logarithms for an exponent."""
    trials = rows.groupby([*units, "trial_key"])["value"].median().rename("y").reset_index()
    if part.along:
        by_trial = rows.drop_duplicates("trial_key").set_index("trial_key")[f"p.{part.along}"]
    else:
        of_metric = table[counted(table) & (table["metric"] == part.along_metric)]
        by_trial = of_metric.groupby("trial_key")["value"].median()
    trials["x"] = pd.to_numeric(trials["trial_key"].map(by_trial), errors="coerce")
    trials = trials[np.isfinite(trials["x"])]
    if part.effect != "exponent":
        return trials.groupby([*units, "x"])["y"].mean().reset_index()
    trials = trials[(trials["x"] > 0) & (trials["y"] > 0)]
    logs = trials.assign(y=np.log(trials["y"])).groupby([*units, "x"])["y"].mean()
    return logs.reset_index()


def _fit(effect: str, x: np.ndarray, y: np.ndarray) -> float:
    """The logarithm of y is taken before; that of x here, since `smallest` is on its own scale."""
    across = np.log(x) if effect == "exponent" else x
    slope, start = np.polyfit(across, y, 1)
    if effect != "r_squared":
        return float(slope)
    away = y - y.mean()
    left = y - (slope * across + start)
    return float(1 - (left @ left) / (away @ away)) if away.any() else 0.0
