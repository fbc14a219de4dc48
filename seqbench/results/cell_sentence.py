"""E02: how much cheaper is a GRU than an LSTM, and whose cells are faster?"""

from __future__ import annotations

import pandas as pd

from .evidence import Evidence, counts_of_states, noise
from .ratios import Ratio, ratio
from .summary import counted, ranked, swept_columns
from .wording import number, several

CELL, BACKEND = "p.cell.name", "p.backend.name"
ONE, OTHER = "gru", "lstm"
PHASE = "forward_backward"


def cell_sentence(evidence: Evidence) -> str:
    """Ratios of time by backend, of FLOP and memory, then of backends; what is missing."""
    table = evidence.table
    rows = table[counted(table) & (table["phase"] == PHASE)]
    if CELL not in table or BACKEND not in table or rows.empty:
        states = counts_of_states(table)
        return f"No cell was timed forward and backward, so there is no answer: {states}."
    rows = rows[ranked(rows)]
    if (rows["metric"] != "time").all():
        return f"No cell was timed on a quiet machine, so nothing is ranked{noise(table)}."
    sizes = [name for name in swept_columns(table) if name not in (CELL, BACKEND)]
    parts = [_cells(rows, sizes), _backends(rows, sizes)]
    text = "; ".join(part for part in parts if part)
    return f"{text}{_missing(table)}{noise(table)}."


def _cells(rows: pd.DataFrame, sizes: list[str]) -> str:
    """GRU against LSTM on each backend."""
    told: list[str] = []
    for backend, own in rows.groupby(BACKEND, sort=True):
        found = _ratio(own, CELL, (ONE, OTHER), "time", sizes)
        if found is not None:
            whose = "" if told else f" {OTHER.upper()}'s time forward and backward"
            told.append(f"{found}{whose} on {backend}{_verdict(found)} {_over(found)}")
    if not told:
        return (
            f"No size has both {ONE.upper()} and {OTHER.upper()} timed, so which is cheaper is open"
        )
    text = f"{ONE.upper()} took {' and '.join(told)}"
    flops = _ratio(rows, CELL, (ONE, OTHER), "flops", [*sizes, BACKEND])
    memory = _ratio(rows, CELL, (ONE, OTHER), "peak_memory", [*sizes, BACKEND])
    more = [f"{number(flops.value, 2)}x its FLOP by formula" if flops else ""]
    more += [f"{number(memory.value, 2)}x its peak memory" if memory else ""]
    return ", ".join([text, *(part for part in more if part)])


def _backends(rows: pd.DataFrame, sizes: list[str]) -> str:
    """Each backend's time against the last one's, cell by cell."""
    names = sorted(rows[BACKEND].unique())
    clauses = []
    for name in names[:-1]:
        told: list[str] = []
        for cell, own in rows.groupby(CELL, sort=True):
            found = _ratio(own, BACKEND, (name, names[-1]), "time", sizes)
            if found is not None:
                whose = "" if told else f" {names[-1]}'s time"
                told.append(f"{found}{whose} for {cell.upper()}")
        if told:
            clauses.append(f"{name} took {', '.join(told)}")
    return "; ".join(clauses)


def _ratio(
    rows: pd.DataFrame, column: str, pair: tuple[str, str], metric: str, by: list[str]
) -> Ratio | None:
    rows = rows[rows["metric"] == metric]
    return ratio(rows[rows[column] == pair[0]], rows[rows[column] == pair[1]], by)


def _verdict(found: Ratio) -> str:
    return " (no clear difference)" if found.undecided else ""


def _over(found: Ratio) -> str:
    if found.sizes == 1:
        return "(one size)"
    return (
        f"(geometric mean of {several(found.sizes, 'size')}, {number(found.smallest, 2)} to "
        f"{number(found.largest, 2)})"
    )


def _missing(table: pd.DataFrame) -> str:
    """`; 6 trials have no time (3 failed, 3 skipped)`"""
    trials = table.drop_duplicates("trial_key")
    lost = trials[(trials["status"] != "done") | (trials["gate"] == "fail")]
    if lost.empty:
        return ""
    verb = "has" if len(lost) == 1 else "have"
    return f"; {several(len(lost), 'trial')} {verb} no time ({counts_of_states(lost)})"
