"""Qualities of both sides: paired by seed where both kept their seeds, else means over seeds."""

from __future__ import annotations

import numpy as np
import pandas as pd

from .joining import Joined
from .kinds import QUALITY
from .measured import key_of, pooled, units_of, with_given
from .quality import LEAST_SEEDS, Items, by_seed, qualities
from .statistics import plain_means, unpaired


def graded(
    rows: pd.DataFrame, joined: Joined, kind: np.ndarray, items: tuple[Items, Items]
) -> pd.DataFrame:
    """`rows` with the qualities in it. `same`: every seed has the same value on both sides.

    Fewer than LEAST_SEEDS seeds on a side have no error that could be told: NaN.
    """
    here = kind == QUALITY
    if not here.any():
        return rows
    units = units_of(joined, 0, here), units_of(joined, 1, here)
    found = qualities(units, items, len(kind))
    paired = pd.DataFrame(
        {
            "base": found.base,
            "new": found.new,
            "value": found.found.value,
            "error": found.found.error,
            "df": found.found.df,
            "spread": found.spread,
            "n_base": found.seeds,
            "n_new": found.seeds,
            "same": found.same,
        }
    )
    use = found.seeds > 0
    instead = _unpaired(units, joined, len(kind))
    for name in paired:
        column = np.where(use, paired[name], instead[name])
        rows[name] = np.where(here, column, rows[name])
    few = np.minimum(rows["n_base"], rows["n_new"]) < LEAST_SEEDS
    rows.loc[here & few, "error"] = np.nan
    return rows


def _unpaired(units: tuple[pd.DataFrame, pd.DataFrame], joined: Joined, count: int) -> pd.DataFrame:
    """Welch's difference of means over seeds, where a side gives no more than those."""
    means = []
    for rows, given in zip(units, joined.given, strict=True):
        seeds = by_seed(rows)
        own = plain_means(seeds["value"].to_numpy(float), key_of(seeds), count)
        means.append(with_given(own, given, np.zeros(count, bool)))
    found = unpaired(*means)
    return pd.DataFrame(
        {
            "base": means[0].centre,
            "new": means[1].centre,
            "value": found.value,
            "error": found.error,
            "df": found.df,
            "spread": pooled(*means),
            "n_base": means[0].count,
            "n_new": means[1].count,
            "same": means[0].centre == means[1].centre,
        }
    )
