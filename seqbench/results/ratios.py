"""How many times as much: costs of two cases, paired within the same round of one timing block."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from .intervals import t_interval
from .wording import number

PLACE = ["seed", "group", "round"]
"""Times are comparable within one of these alone."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """A geometric mean over `sizes` of the medians over rounds; the interval is over rounds.

    NaN bounds where there is one round only. `smallest` and `largest` are of the sizes.
    """

    value: float
    low: float
    high: float
    smallest: float
    largest: float
    sizes: int

    def __str__(self) -> str:
        """`0.78x [0.75, 0.81]`"""
        if math.isnan(self.low) or self.low == self.high:
            return f"{number(self.value, 2)}x"
        return f"{number(self.value, 2)}x [{number(self.low, 2)}, {number(self.high, 2)}]"

    @property
    def undecided(self) -> bool:
        """Whether the interval holds 1."""
        return self.low <= 1 <= self.high


def ratio(one: pd.DataFrame, other: pd.DataFrame, by: Sequence[str] = ()) -> Ratio | None:
    """`one`'s values over `other`'s, rows of a tidy table with the same metric and phase.

    by : columns that name a size; without any, all rows are of one size. None where nothing pairs.
    """
    by = list(by)
    medians = [rows.groupby([*by, *PLACE], dropna=False)["value"].median() for rows in (one, other)]
    pairs = pd.concat(medians, axis=1, join="inner", keys=["one", "other"]).reset_index()
    pairs = pairs[(pairs["one"] > 0) & (pairs["other"] > 0)]
    if pairs.empty:
        return None
    pairs["log"] = np.log(pairs["one"] / pairs["other"])
    sizes = pairs.groupby(by, dropna=False)["log"].median() if by else pairs[["log"]].median()
    rounds = pairs.groupby(PLACE)["log"].agg(["mean", "count"])
    low, high = t_interval(rounds.loc[rounds["count"] == len(sizes), "mean"].tolist())
    value, low, high, smallest, largest = (
        math.exp(log) for log in (sizes.mean(), low, high, sizes.min(), sizes.max())
    )
    return Ratio(value, low, high, smallest, largest, len(sizes))
