"""How far apart two qualities are: a paired bootstrap over items, nested in training seeds.

The difference of the means over seeds has two sources of error. Other items would have been scored
otherwise: both sides are resampled with the same items, all seeds together (Koehn 2004). Another
training would have come out otherwise: the spread of the seeds' own differences, each pair trained
with one seed. With few seeds the second has few degrees of freedom, and Student's quantile for
them (Satterthwaite) says so; a percentile interval over three seeds would not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..bleu import RESAMPLES, draws
from ..rebuilt import Rebuilt, rebuilt
from .side import codes_of
from .statistics import Differences, plain_means

LEAST_SEEDS = 3

Items = Mapping[str, Mapping[str, Any]]
"""trial_key -> what its record keeps an item."""
Scored = list[tuple[Rebuilt, Rebuilt]]
"""One pair a seed: BASE's and NEW's."""


@dataclass(frozen=True, slots=True)
class Qualities:
    """One entry a key: what both sides have of it, seed by seed.

    seeds : seeds on both sides; same : whether every one has the same value on both
    """

    found: Differences
    base: np.ndarray
    new: np.ndarray
    spread: np.ndarray
    seeds: np.ndarray
    same: np.ndarray


def by_seed(units: pd.DataFrame) -> pd.DataFrame:
    """Mean over the rounds by key and seed; one trial stands for the items."""
    code, first = codes_of(units, ["key", "seed"])
    rows = units.iloc[first][["key", "seed", "trial_key", "metric", "signature"]]
    count = np.bincount(code, minlength=len(first))
    return rows.assign(value=np.bincount(code, units["value"], len(first)) / count)


def qualities(
    units: tuple[pd.DataFrame, pd.DataFrame], items: tuple[Items, Items], num_keys: int
) -> Qualities:
    """Paired by seed; seeds of one side alone are left out. NaN where no seed is on both."""
    base, new = (by_seed(side) for side in units)
    both = base.merge(new, on=["key", "seed"], suffixes=("_0", "_1"))
    key = both["key"].to_numpy(np.int64)
    first, second = both["value_0"].to_numpy(), both["value_1"].to_numpy()
    gaps = plain_means(second - first, key, num_keys)
    variances = np.zeros(num_keys)
    if all(items):
        scored = _scored(both, items)
        variances[list(scored)] = item_variances(list(scored.values()))
    return Qualities(
        found=with_items(gaps.centre, gaps.error, gaps.count, variances),
        base=plain_means(first, key, num_keys).centre,
        new=plain_means(second, key, num_keys).centre,
        spread=gaps.spread,
        seeds=gaps.count,
        same=np.bincount(key, first == second, num_keys) == gaps.count,
    )


def with_items(
    value: np.ndarray, of_seeds: np.ndarray, seeds: np.ndarray, of_items: np.ndarray
) -> Differences:
    """Both sources of error together; a single seed has none to tell (NaN).

    of_seeds : standard errors over seeds; of_items : variances over items
    """
    total = of_seeds**2 + of_items
    with np.errstate(invalid="ignore", divide="ignore"):
        df = np.maximum(seeds - 1, 1) * np.where(of_seeds > 0, (total / of_seeds**2) ** 2, 1.0)
    return Differences(value, np.sqrt(total), df)


def _scored(both: pd.DataFrame, items: tuple[Items, Items]) -> dict[int, Scored]:
    """By key: the statistics of every seed. Without all of them, of one size, it is left out."""
    here = both["trial_key_0"].isin(list(items[0])) & both["trial_key_1"].isin(list(items[1]))
    found: dict[int, Scored] = {}
    for key, rows in both[here].groupby("key", sort=True):
        pairs = [_pair(row, items) for row in rows.itertuples()]
        whole = [pair for pair in pairs if pair is not None]
        sizes = {len(side.statistics) for pair in whole for side in pair}
        if len(whole) == len(rows) and len(sizes) == 1:
            found[int(str(key))] = whole
    return found


def _pair(row: Any, items: tuple[Items, Items]) -> tuple[Rebuilt, Rebuilt] | None:
    base = rebuilt(row.metric_0, items[0][row.trial_key_0], row.signature_0, row.value_0)
    new = rebuilt(row.metric_1, items[1][row.trial_key_1], row.signature_1, row.value_1)
    return None if base is None or new is None else (base, new)


def item_variances(scored: list[Scored], resamples: int = RESAMPLES) -> np.ndarray:
    """Variance over resampled items of each difference of means over seeds.

    Those with as many items draw the same ones, in one product.
    """
    found = np.zeros(len(scored))
    sizes: dict[int, list[int]] = {}
    for number, pairs in enumerate(scored):
        sizes.setdefault(len(pairs[0][0].statistics), []).append(number)
    for size, numbers in sizes.items():
        drawn = _resampled([scored[number] for number in numbers], size, resamples)
        found[numbers] = [values.var(ddof=1) for values in drawn]
    return found


def _resampled(scored: list[Scored], size: int, resamples: int) -> list[np.ndarray]:
    """(resamples,) differences of each, means over its seeds."""
    sides = [side for pairs in scored for pair in pairs for side in pair]
    wide = np.concatenate([side.statistics for side in sides], axis=1)
    sums = np.concatenate([counts @ wide for counts in draws(size, resamples)])
    ends = np.cumsum([side.statistics.shape[1] for side in sides])[:-1]
    parts = np.split(sums, ends, axis=1)
    values = [side.score(own) for side, own in zip(sides, parts, strict=True)]
    found, at = [], 0
    for pairs in scored:
        own = np.stack(values[at : at + 2 * len(pairs)])
        found.append((own[1::2] - own[::2]).mean(axis=0))
        at += 2 * len(pairs)
    return found
