"""Rows that are on one side alone, and rows whose implementation computes something else."""

from __future__ import annotations

import numpy as np
import pandas as pd

from .joining import Joined
from .verdicts import UNJUDGED, WORSE

GATE_ON_BOTH = "the correctness gate fails on both sides"


def of_one_side(rows: pd.DataFrame, joined: Joined) -> None:
    """`presence`: both, added or removed; what NEW has lost counts as worse."""
    in_base, in_new = joined.keys["in_0"].to_numpy(), joined.keys["in_1"].to_numpy()
    removed, added = in_base & ~in_new, in_new & ~in_base
    rows["presence"] = np.where(removed, "removed", np.where(added, "added", "both"))
    rows.loc[added, "reason"] = "only in NEW"
    rows.loc[removed, "reason"] = "missing in NEW"
    rows.loc[removed, "worse"] = True
    rows.loc[removed | added, ["low", "high", "confidence", "p"]] = np.nan


def wrong(rows: pd.DataFrame, joined: Joined) -> None:
    """A gate that fails in NEW alone is worse than any time; where it failed before, nothing is."""
    case = joined.keys["case"]
    counts = [faults.groupby("case")["gate_failed"].sum() for faults in joined.faults]
    before, now = (case.map(found).fillna(0).to_numpy() > 0 for found in counts)
    in_base = joined.keys["in_0"].to_numpy()
    newly = now & ~before & in_base
    rows.loc[newly, "verdict"] = WORSE
    rows.loc[newly, "worse"] = True
    removed = (rows["presence"] == "removed").to_numpy()
    told = _told(joined.faults[1], case)
    tell = newly | (removed & (told != ""))
    rows.loc[tell, "reason"] = told[tell]
    both = now & before
    rows.loc[both, "verdict"] = UNJUDGED
    rows.loc[both & ~removed, "worse"] = False
    rows.loc[both, "reason"] = GATE_ON_BOTH


def _told(faults: pd.DataFrame, case: pd.Series) -> np.ndarray:
    """`wrong: ...`, `oom: ...` by key; "" where NEW's trials of the case are done."""
    first = (
        faults[(faults["state"] != "") & (faults["case"] <= case.max())]
        .drop_duplicates("case")
        .set_index("case")
    )
    lost = first["trials"] - first["done"]
    counted = np.where(
        first["done"] > 0, " (" + lost.astype(str) + " of " + first["trials"].astype(str) + ")", ""
    )
    why = np.where(first["why"] != "", ": " + first["why"].astype(str), "")
    text = pd.Series(first["state"].astype(str) + counted + why, index=first.index, dtype=object)
    found = np.full(int(case.max()) + 1, "", object)
    found[text.index.to_numpy(np.int64)] = text.to_numpy(object)
    return found[case.to_numpy(np.int64)]
