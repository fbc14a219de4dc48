"""What a row is: a cost, a quality, an exact number, a ratio to a peer, or only shown."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..summary import is_cost

COST, QUALITY, EXACT, PEER, SHOWN = "cost", "quality", "exact", "ratio", "shown"
RESTATED = "restated"
"""What says a time once more: a rate at it, its share of a ceiling, the load that an update has."""
MEASURED = (COST, PEER)
"""Kinds that differ from process to process."""
ANYWHERE = (QUALITY, EXACT, PEER)
"""Kinds that depend neither on the machine nor on the day."""
TIMELESS = ("B", "FLOP")
"""Units of costs that one machine gives alike on any day."""

EXACT_METRICS = {"flops", "bytes"}
RATES = {"gflops_per_s"}
TIMED = {"times_real_time"}
"""Costs whose unit does not tell them."""


def kinds(keys: pd.DataFrame) -> np.ndarray:
    """The kind of each key, by its metric, unit, direction and phase."""
    columns = ["metric", "unit", "direction", "phase"]
    different = keys[columns].drop_duplicates()
    found = different.assign(kind=[kind_of(*row) for row in different.itertuples(index=False)])
    return keys[columns].merge(found, on=columns, how="left")["kind"].to_numpy(object)


def kind_of(metric: str, unit: str, direction: str, phase: str = "") -> str:
    if direction not in ("higher", "lower"):
        return SHOWN
    if metric in RATES or metric.startswith("share_of_") or (unit == "s" and phase == "load"):
        return RESTATED
    if unit == PEER:
        return PEER
    if metric in EXACT_METRICS:
        return EXACT
    if is_cost(metric, unit) or unit.endswith("/s") or metric in TIMED:
        return COST
    return QUALITY
