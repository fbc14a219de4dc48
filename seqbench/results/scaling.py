"""How a cost grows with a size: the exponent of a power law, and how well the rounds know it.

A line is fitted by least squares to the logarithms of cost and size, once a round: a round is one
process a size, and processes differ more than repetitions within one. The exponent is the mean over
rounds, its interval Student's over them; a single round has none. Sizes that were swept together
with the axis (`sweep_zip`) vary with it; everything else that was swept gets a fit of its own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from seqbench.interfaces import UsageError

from .intervals import t_interval
from .summary import ranked, swept_columns
from .wording import case_label, number, with_interval

FITTED = ("time", "peak_memory")
COLUMNS = (
    "experiment",
    "case",
    "kernel_impl",
    "phase",
    "metric",
    "axis",
    "exponent",
    "ci_low",
    "ci_high",
    "rounds",
    "sizes",
    "smallest",
    "largest",
)


@dataclass(frozen=True, slots=True)
class Fit:
    """cost ~ size ** exponent over `sizes`, from `rounds` fits; NaN bounds of a single round."""

    exponent: float
    low: float
    high: float
    rounds: int
    sizes: tuple[float, ...]


def fit_exponent(
    points: list[tuple[int, float, float]], doublings: int | None = None
) -> Fit | None:
    """Of (round, size, cost); None where no round has two sizes.

    doublings : only sizes within that many factors of two of the largest; a round that lacks one of
    the sizes is left out
    """
    kept = [(r, size, cost) for r, size, cost in points if size > 0 and cost > 0]
    largest = max((size for _, size, _ in kept), default=0.0)
    smallest = 0.0 if doublings is None else largest / 2**doublings * (1 - 1e-9)
    sizes = tuple(sorted({size for _, size, _ in kept if size >= smallest}))
    slopes = []
    for chosen in sorted({r for r, _, _ in kept}):
        own = {size: cost for r, size, cost in kept if r == chosen and size >= smallest}
        if len(own) == len(sizes) >= 2:
            slopes.append(_slope(own))
    if not slopes:
        return None
    low, high = t_interval(slopes)
    return Fit(float(np.mean(slopes)), low, high, len(slopes), sizes)


def _slope(costs: dict[float, float]) -> float:
    """Of the least-squares line through the logarithms."""
    x, y = (np.log(list(values)) for values in (costs.keys(), costs.values()))
    return float(np.polyfit(x, y, 1)[0])


def scaling_table(table: pd.DataFrame, axis: str, doublings: int | None = None) -> pd.DataFrame:
    """One row a case, phase and metric of FITTED, from the ranked rows of a tidy table.

    axis : a swept dotted key

    Raises UsageError where the table does not sweep the axis.
    """
    column = _column(table, axis)
    rows = table[ranked(table) & table["metric"].isin(FITTED) & (table["phase"] != "load")]
    cases = [name for name in _apart(table, column) if name != column]
    found = []
    keys = ["experiment", "kernel_impl", "phase", "metric", *cases]
    for values, own in rows.groupby(keys, dropna=False, sort=True):
        fit = fit_exponent(_points(own, column), doublings)
        if fit is not None:
            told = dict(zip(keys, values, strict=True))
            found.append(_row(told, cases, column, fit))
    return pd.DataFrame(found, columns=COLUMNS)


def _column(table: pd.DataFrame, axis: str) -> str:
    """The `p.` column of an axis."""
    if f"p.{axis}" in swept_columns(table):
        return f"p.{axis}"
    known = ", ".join(name.removeprefix("p.") for name in swept_columns(table))
    raise UsageError(
        f"scaling axis {axis!r} is not swept in this table, expected one of {known}; sweep it, or "
        "choose another"
    )


def _apart(table: pd.DataFrame, column: str) -> list[str]:
    """Swept columns that tell cases of one size apart: those with several values at some size."""
    return [
        name
        for name in swept_columns(table)
        if (table.groupby(column, dropna=True)[name].nunique(dropna=False) > 1).any()
    ]


def _points(rows: pd.DataFrame, column: str) -> list[tuple[int, float, float]]:
    """(round, size, median): rounds of several seeds or blocks are told apart."""
    medians = rows.groupby(["seed", "group", "round", column])["value"].median().reset_index()
    numbers = medians.groupby(["seed", "group", "round"]).ngroup()
    sizes, costs = medians[column].astype(float), medians["value"]
    return list(zip(numbers.tolist(), sizes.tolist(), costs.tolist(), strict=True))


def _row(told: dict[str, Any], cases: list[str], column: str, fit: Fit) -> dict[str, Any]:
    return {
        "experiment": told["experiment"],
        "case": case_label({name: told[name] for name in cases}),
        "kernel_impl": told["kernel_impl"],
        "phase": told["phase"],
        "metric": told["metric"],
        "axis": column.removeprefix("p."),
        "exponent": fit.exponent,
        "ci_low": fit.low,
        "ci_high": fit.high,
        "rounds": fit.rounds,
        "sizes": len(fit.sizes),
        "smallest": fit.sizes[0],
        "largest": fit.sizes[-1],
    }


def scaling_sentence(fits: pd.DataFrame, axis: str) -> str:
    """`Time forward grows as Tx^1.98 [1.95, 2.01] from 256 to 2048 (numpy.additive).`"""
    times = fits[fits["metric"] == "time"]
    if times.empty:
        return f"No time was measured cleanly at two sizes of {axis}, so its growth is open."
    return " ".join(_told(row) for row in times.to_dict("records"))


def _told(row: dict[str, Any]) -> str:
    exponent = with_interval(row["exponent"], row["ci_low"], row["ci_high"])
    if math.isnan(row["ci_low"]):
        exponent = f"{row['exponent']:.2f} (one round, no interval)"
    name = row["axis"].rpartition(".")[2]
    who = ", ".join(part for part in (row["kernel_impl"], row["case"]) if part)
    return (
        f"Time {row['phase']} grows as {name}^{exponent} from {name} = {number(row['smallest'])} "
        f"to {number(row['largest'])} ({who})."
    )
