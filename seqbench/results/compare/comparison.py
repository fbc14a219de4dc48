"""Two sides to rows with verdicts: what is judged how, what is only shown, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from .faults import of_one_side, wrong
from .graded import graded
from .joining import Joined, join
from .kinds import EXACT, MEASURED, QUALITY, RESTATED, SHOWN, kinds
from .measured import as_differences, key_of, measured
from .peers import add_ratios
from .quality import LEAST_SEEDS
from .reasons import places, shown_reason
from .rules import Rules
from .side import Side
from .verdicts import SAME, SLOWER, UNJUDGED, WORDS, WORSE, judge, judge_exact, words

NAMES = (
    "experiment",
    "task",
    "label",
    "kernel_impl",
    "phase",
    "metric",
    "unit",
    "direction",
)
COLUMNS = (
    *NAMES,
    "kind",
    "presence",
    "verdict",
    "worse",
    "reason",
    "base",
    "new",
    "ratio",
    "low",
    "high",
    "confidence",
    "difference",
    "effect",
    "p",
    "margin",
    "n_base",
    "n_new",
)
"""`ratio` is NEW over BASE. `low`, `high` and `margin` are of the ratio for costs and ratios to
peers, of `difference` for qualities. `effect` is the difference in spreads between processes or
seeds (Cohen's d), n_* are processes, or seeds of a quality."""


@dataclass(frozen=True, slots=True)
class Options:
    """across_machines : judge times of other machines and other days as if they were one place.

    unclean : count processes that were not measured cleanly; for runs whose processes interleave
    """

    across_machines: bool = False
    unclean: bool = False


@dataclass(frozen=True, slots=True)
class Comparison:
    """rows : COLUMNS, the worst first; told : what was left out and what cannot be compared."""

    base: str
    new: str
    rows: pd.DataFrame
    told: list[str] = field(default_factory=list)
    thresholds: str = "built in"

    @property
    def counts(self) -> Mapping[str, int]:
        """Rows by verdict, the unjudged as "not judged", those of one side as added or removed."""
        both = self.rows["presence"] == "both"
        word = self.rows["verdict"].where(self.rows["verdict"] != UNJUDGED, "not judged")
        counted = word.where(both, self.rows["presence"]).value_counts()
        order = [w for w in (*WORDS, "added", "removed", "not judged") if w in counted]
        return {str(w): int(counted[w]) for w in order}

    @property
    def worse(self) -> int:
        """How many rows speak against NEW."""
        return int(self.rows["worse"].sum())


def compare(base: Side, new: Side, rules: Rules, options: Options | None = None) -> Comparison:
    """Judge every row that is on both sides, and tell the others.

    Raises UsageError where the sides cannot be compared, see `join`.
    """
    options = options or Options()
    for side in (base, new):
        add_ratios(side, rules.peers)
    joined = join(base, new)
    kind = kinds(joined.keys)
    place = places(joined, base, new, kind, options.across_machines)
    rows, dirty = measured(joined, kind, place, unclean=options.unclean)
    rows = graded(rows, joined, kind, (base.items, new.items))
    both = (joined.keys["in_0"] & joined.keys["in_1"]).to_numpy()
    rows["kind"] = kind
    rows["judged"] = both & ~np.isin(kind, (SHOWN, RESTATED)) & place.judged
    rows["reason"] = np.where(rows["judged"], "", shown_reason(kind, place))
    if not options.unclean:
        _not_clean(rows, joined, dirty)
    _verdicts(rows, joined, rules)
    of_one_side(rows, joined)
    wrong(rows, joined)
    told = [*base.told, *(new.told if new is not base else []), *place.told]
    return Comparison(base.name, new.name, _table(rows, joined), told, rules.told)


def _not_clean(rows: pd.DataFrame, joined: Joined, dirty: np.ndarray) -> None:
    """Costs none of whose processes on a side were clean stay and are not judged."""
    counts = np.stack([rows["n_base"], rows["n_new"]])
    lost = ((dirty > 0) & (counts == 0)).any(axis=0)
    for given in joined.given:
        lost[key_of(given[~given["clean"].astype(bool)])] = True
    lost &= rows["judged"].to_numpy() & np.isin(rows["kind"], MEASURED)
    rows.loc[lost, "judged"] = False
    rows.loc[lost, "reason"] = "not measured cleanly"


def _verdicts(rows: pd.DataFrame, joined: Joined, rules: Rules) -> None:
    """Adds margin, verdict, interval, p and worse."""
    worse_sign = np.where(joined.keys["direction"] == "higher", -1, 1)
    judged, same = rows["judged"].to_numpy(), rows["same"].to_numpy()
    exact = (rows["kind"] == EXACT).to_numpy()
    tested = judged & ~exact & ~same
    rows["margin"] = margins(rows, joined.keys["metric"], rules)
    found = judge(as_differences(rows), rows["margin"].to_numpy(), worse_sign, tested, rules.rate)
    for name in ("low", "high", "confidence", "p"):
        rows[name] = np.where(exact, np.nan, getattr(found, name))
    verdict = words(found, tested, (rows["kind"] == QUALITY).to_numpy())
    verdict[judged & same] = SAME
    sharp = judge_exact(rows["base"].to_numpy(), rows["new"].to_numpy(), worse_sign)
    verdict[judged & exact] = sharp[judged & exact]
    rows["verdict"] = verdict
    rows["worse"] = np.isin(verdict, (SLOWER, WORSE))
    rows.loc[judged & same, "reason"] = "identical"
    _too_few(rows, tested & rows["error"].isna().to_numpy())


def margins(rows: pd.DataFrame, metric: pd.Series, rules: Rules) -> np.ndarray:
    """Half-widths of no change, on the scale of the differences."""
    code, names = pd.factorize(metric)
    relative = np.array([rules.relative_margin(name) for name in names])[code]
    asked = [rules.quality_margin(name) for name in names]
    quality = np.array([margin for margin, _ in asked])[code]
    shared = np.array([share for _, share in asked], bool)[code]
    size = np.abs(rows["base"].to_numpy(float))
    of_quality = np.where(shared, quality * size, quality)
    of_cost = np.where(rows["log"], np.log1p(relative), relative * size)
    return np.where(rows["kind"] == QUALITY, of_quality, of_cost)


def _too_few(rows: pd.DataFrame, unknown: np.ndarray) -> None:
    """Say why a row could not be more than AMBIGUOUS."""
    few = np.minimum(rows["n_base"], rows["n_new"])[unknown].astype(int)
    seeds = few.map(lambda n: f"{n} seed{'s' * (n != 1)} on a side, a verdict needs {LEAST_SEEDS}")
    quality = rows.loc[unknown, "kind"] == QUALITY
    rows.loc[unknown, "reason"] = seeds.where(
        quality, "one process on a side, a verdict needs several"
    )


RANKS = {WORSE: 0, SLOWER: 1, "AMBIGUOUS": 3, "BETTER": 4, "FASTER": 5, SAME: 6, UNJUDGED: 7}
REMOVED = 2


def _table(rows: pd.DataFrame, joined: Joined) -> pd.DataFrame:
    """COLUMNS on the scales that people read, the worst first."""
    log = rows["log"].to_numpy(bool)
    value = rows["value"].to_numpy(float)
    with np.errstate(invalid="ignore", divide="ignore"):
        rows["ratio"] = np.where(log, _exp(value, log), rows["new"] / rows["base"])
        rows["effect"] = np.where(value == 0, 0.0, value / rows["spread"])
    rows["difference"] = np.where(log, rows["new"] - rows["base"], value)
    for name in ("low", "high"):
        rows[name] = np.where(log, _exp(rows[name].to_numpy(), log), rows[name])
    rows["margin"] = np.where(log, _exp(rows["margin"].to_numpy(), log) - 1, rows["margin"])
    for name in NAMES:
        rows[name] = joined.keys[name].to_numpy()
    rank = rows["verdict"].map(RANKS).to_numpy()
    rows["rank"] = np.where(rows["presence"] == "removed", REMOVED, rank)
    order = ["rank", "experiment", "task", "label", "phase", "metric"]
    return rows.sort_values(order, kind="stable")[list(COLUMNS)].reset_index(drop=True)


def _exp(values: np.ndarray, log: np.ndarray) -> np.ndarray:
    """Where `log`; an interval without bounds stays one."""
    with np.errstate(over="ignore"):
        return np.exp(np.where(log, values, 0.0))
