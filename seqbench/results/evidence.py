"""What a sentence may lean on: the tidy table, its summary, and the sentence statistics."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from .summary import Items
from .wording import several


@dataclass(frozen=True)
class Evidence:
    table: pd.DataFrame
    summary: pd.DataFrame
    items: Items = field(default_factory=dict)


def counts_of_states(table: pd.DataFrame) -> str:
    """`2 done, 1 oom`: of trials that are not done, or failed the gate; `3 done` where all are."""
    trials = table.drop_duplicates("trial_key")
    states = trials["status"].where(trials["gate"] != "fail", "gate failed")
    found = states.value_counts().sort_index()
    return ", ".join(f"{count} {state}" for state, count in found.items())


def noise(table: pd.DataFrame) -> str:
    """`; 3 of 9 trials were not measured cleanly`, or nothing."""
    trials = table[(table["status"] == "done") & (table["gate"] != "fail")]
    trials = trials.drop_duplicates("trial_key")
    count = int((~trials["valid"]).sum())
    if count == 0:
        return ""
    verb = "was" if len(trials) == 1 else "were"
    return f"; {count} of {several(len(trials), 'trial')} {verb} not measured cleanly"
