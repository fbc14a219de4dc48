"""Costs, ratios and exact numbers of both sides: means over processes, and their difference."""

from __future__ import annotations

import numpy as np
import pandas as pd

from .joining import Joined
from .kinds import COST, MEASURED, PEER, QUALITY, RESTATED, SHOWN
from .reasons import Place
from .statistics import Differences, Means, trimmed_means, unpaired

Units = list[pd.DataFrame]


def measured(
    joined: Joined, kind: np.ndarray, place: Place, *, unclean: bool
) -> tuple[pd.DataFrame, np.ndarray]:
    """(rows, (2, N) processes set aside as not clean): one entry a key, qualities left NaN.

    base, new, value (NEW minus BASE on the scale of the test), error, df, log (whether that scale
    is logarithmic), spread, n_base, n_new. Where both sides ran in one block their rounds pair.
    """
    count = len(kind)
    units, dirty = [], np.zeros((2, count), np.int64)
    for side in (0, 1):
        own = units_of(joined, side, kind != QUALITY)
        noisy = np.zeros(len(own), bool) if unclean else _noisy(own, kind)
        dirty[side] = np.bincount(key_of(own)[noisy], minlength=count)
        units.append(own[~noisy])
    log = _logarithmic(units, joined, kind)
    means = [
        with_given(trimmed_means(scaled(rows, log), key_of(rows), count), given, log)
        for rows, given in zip(units, joined.given, strict=True)
    ]
    paired = _paired(units, log, place)
    use = ~np.isnan(paired.error)
    found = unpaired(*means)
    rows = {
        "base": plain(means[0].centre, log),
        "new": plain(means[1].centre, log),
        "value": np.where(use, paired.centre, found.value),
        "error": np.where(use, paired.error, found.error),
        "df": np.where(use, paired.df, found.df),
        "log": log,
        "spread": np.where(use, paired.spread, pooled(*means)),
        "n_base": means[0].count,
        "n_new": means[1].count,
        "same": np.zeros(count, bool),
    }
    return pd.DataFrame(rows), dirty


def key_of(rows: pd.DataFrame) -> np.ndarray:
    return rows["key"].to_numpy(np.int64)


def units_of(joined: Joined, side: int, here: np.ndarray) -> pd.DataFrame:
    """The units of one side whose keys are `here`."""
    units = joined.units[side]
    return units[here[key_of(units)]]


def _noisy(units: pd.DataFrame, kind: np.ndarray) -> np.ndarray:
    """Which are costs or ratios of processes that were not measured cleanly."""
    return ~units["clean"].to_numpy(bool) & np.isin(kind, MEASURED)[key_of(units)]


def _logarithmic(units: Units, joined: Joined, kind: np.ndarray) -> np.ndarray:
    """Keys of costs and ratios all of whose values are above zero."""
    log = np.isin(kind, (COST, PEER, SHOWN, RESTATED))
    for rows in (*units, *joined.given):
        log[key_of(rows)[rows["value"].to_numpy(float) <= 0]] = False
    return log


def scaled(units: pd.DataFrame, log: np.ndarray) -> np.ndarray:
    """Values, logarithms of them where the key asks for it."""
    values = units["value"].to_numpy(float)
    here = log[key_of(units)]
    return np.where(here, np.log(np.where(here, values, 1.0)), values)


def plain(centre: np.ndarray, log: np.ndarray) -> np.ndarray:
    """Back from `scaled`."""
    return np.where(log, np.exp(np.where(log, centre, 0.0)), centre)


def pooled(base: Means, new: Means) -> np.ndarray:
    """Spread of both sides together, for the effect size."""
    return np.sqrt((base.spread**2 + new.spread**2) / 2)


def _paired(units: Units, log: np.ndarray, place: Place) -> Means:
    """Mean differences within a round, where both sides ran in one block; else NaN."""
    columns = ["key", "seed", "round"]
    one, other = (
        rows.assign(scaled=scaled(rows, log))
        .loc[place.one_block[key_of(rows)], [*columns, "scaled"]]
        .drop_duplicates(columns)
        for rows in units
    )
    both = one.merge(other, on=columns, suffixes=("_0", "_1"))
    gaps = (both["scaled_1"] - both["scaled_0"]).to_numpy(float)
    return trimmed_means(gaps, key_of(both), len(log))


def with_given(found: Means, given: pd.DataFrame, log: np.ndarray) -> Means:
    """The means of a side; where it kept no processes, those that its table gives."""
    if given.empty:
        return found
    key = key_of(given)
    value = given["value"].to_numpy(float)
    on_log, told_log = log[key], given["log"].to_numpy(bool)
    # An error of a logarithm is a relative one.
    factor = np.where(told_log & ~on_log, value, 1.0)
    factor = np.where(on_log & ~told_log, 1 / np.where(on_log, value, 1.0), factor)
    columns = {
        "centre": np.where(on_log, np.log(np.where(on_log, value, 1.0)), value),
        "error": given["error"].to_numpy(float) * factor,
        "df": given["df"].to_numpy(float),
        "spread": given["spread"].to_numpy(float) * factor,
        "count": given["count"].to_numpy(np.int64),
    }
    for name, values in columns.items():
        getattr(found, name)[key] = values
    return found


def as_differences(rows: pd.DataFrame) -> Differences:
    return Differences(*(rows[name].to_numpy(float) for name in ("value", "error", "df")))
