"""How far a row can be trusted: one word a row, which the page marks, filters and sorts by."""

from __future__ import annotations

from ..summary import UNTIMED_UNITS
from ..summary import is_cost as is_measured_cost
from .checks import without_number
from .sheet import Column, Sheet

OK, PARTLY, INVALID, FAIL, NO_NUMBER = "ok", "PARTLY", "INVALID", "FAIL", "NO NUMBER"
RANKED = (OK, PARTLY)
"""Rows in any other state stay, are marked, and stand behind the others whatever is sorted by."""


def is_cost(metric: str, unit: str) -> bool:
    """A measured cost, or any other rate."""
    return is_measured_cost(metric, unit) or unit.endswith("/s")


def is_timed(metric: str, unit: str) -> bool:
    """Whether it rests on a clock: only such a row is INVALID where the machine was busy."""
    return is_cost(metric, unit) and unit not in UNTIMED_UNITS


def states(sheet: Sheet) -> Column:
    """ok; PARTLY (some trials failed or were not clean); INVALID; FAIL (the gate); what a status
    says in capitals (OOM, TIMEOUT, …); NO NUMBER."""
    tell = {"rows": _of_sample, "summary": _of_case}.get(sheet.kind)
    found = [tell(sheet, row) if tell else OK for row in range(len(sheet))]
    for row in without_number(sheet):
        if found[row] in RANKED:
            found[row] = NO_NUMBER
    return found


def _of_sample(sheet: Sheet, row: int) -> str:
    """Of one value of one trial."""
    status = str(sheet.columns["status"][row])
    if status != "done":
        return status.upper() or FAIL
    if sheet.columns["gate"][row] == "fail":
        return FAIL
    clean = str(sheet.columns["valid"][row]).lower() in ("true", "1")
    return OK if clean or not _timed(sheet, row) else INVALID


def _timed(sheet: Sheet, row: int) -> bool:
    return is_timed(str(sheet.columns["metric"][row]), str(sheet.columns["unit"][row]))


def _of_case(sheet: Sheet, row: int) -> str:
    """Of a case's summary: its trials that are done, and those measured cleanly."""
    trials, done, valid = (_count(sheet.columns[n][row]) for n in ("trials", "done", "valid"))
    status = str(sheet.columns["status"][row])
    if done == 0:
        return FAIL if status == "gate failed" else status.upper()
    if not _timed(sheet, row):
        return OK if trials == done else PARTLY
    if valid == 0:
        return INVALID
    return OK if trials == done == valid else PARTLY


def _count(value: object) -> int:
    return int(value) if isinstance(value, (int, float)) else 0
