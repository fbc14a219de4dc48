"""What a table must hold before it is shown: rows, one a key, one unit a metric, numbers."""

from __future__ import annotations

import math
from collections import Counter

from seqbench.interfaces import StoreError

from ..summary import HEAD, TAIL
from ..table import COLUMNS
from .sheet import Sheet

REQUIRED: dict[str, tuple[str, ...]] = {
    "rows": COLUMNS,
    "summary": (*HEAD, *TAIL),
    "ratios": ("group", "size", "ours", "peer", "ratio"),
    "verdicts": ("verdict",),
}
VALUE = {"rows": "value", "summary": "value", "ratios": "ratio", "verdicts": "ratio"}
"""By kind: the column that must hold numbers."""
MEASURED = ("experiment", "task", "phase", "metric")
SHOWN = 3


def check(sheet: Sheet) -> None:
    """Raise StoreError for a table that cannot be shown as what it claims to be."""
    if len(sheet) == 0:
        raise StoreError(
            f"report: {sheet.source} has a header and no rows, expected at least one; "
            "run the experiment again"
        )
    missing = [name for name in REQUIRED[sheet.kind] if name not in sheet.columns]
    if missing:
        raise StoreError(
            f"report: {sheet.source} has no column {', '.join(missing)}, expected a table of this "
            "version of seqbench; run the experiment again"
        )
    _check_numbers(sheet)
    _check_keys(sheet)
    _check_units(sheet)


def _check_numbers(sheet: Sheet) -> None:
    name = VALUE[sheet.kind]
    for row, value in enumerate(sheet.columns.get(name, ())):
        if isinstance(value, str) and not _is_number(value):
            raise StoreError(
                f"report: {sheet.source}: {name} is {value[:40]!r} in row {row + 2} "
                f"({sheet.label(row)}), expected a number or nothing; correct or leave out the row"
            )


def _is_number(text: str) -> bool:
    try:
        float(text or "nan")
    except ValueError:
        return False
    return True


def _check_keys(sheet: Sheet) -> None:
    if sheet.kind == "verdicts":  # rows of one side alone may share a label
        return
    keys = zip(*(sheet.columns[name] for name in sheet.key), strict=True)
    twice = [key for key, count in Counter(keys).items() if count > 1]
    if twice:
        told = ", ".join(f"{n} {v}" for n, v in zip(sheet.key, twice[0], strict=True))
        raise StoreError(
            f"report: {sheet.source} has {len(twice)} keys more than once, for example {told}; "
            "expected each once; was the table appended to itself? write it again"
        )


def _check_units(sheet: Sheet) -> None:
    if "unit" not in sheet.columns:
        return
    names = [name for name in MEASURED if name in sheet.columns]
    units: dict[tuple[str, ...], set[str]] = {}
    for *where, unit in zip(*(sheet.columns[name] for name in (*names, "unit")), strict=True):
        units.setdefault(tuple(map(str, where)), set()).add(str(unit))
    for measured, found in units.items():
        if len(found) > 1 and measured[-1]:
            told = ", ".join(word for word in measured if word)
            raise StoreError(
                f"report: {sheet.source} has {told} in units {' and '.join(sorted(found))}, "
                "expected one unit a metric; convert them, or give two tables"
            )


def without_number(sheet: Sheet) -> list[int]:
    """Rows that name a metric, or compare, and hold NaN or an infinity instead of a number."""
    values = sheet.column(VALUE[sheet.kind])
    if sheet.kind in ("rows", "summary"):
        asked = [bool(metric) for metric in sheet.column("metric")]
    else:
        asked = [value not in ("", None) for value in values]
    return [row for row, value in enumerate(values) if asked[row] and not _finite(value)]


def _finite(value: object) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value)


def omission(sheet: Sheet, rows: list[int]) -> str:
    """`report: table.csv: 2 rows hold no number and are not ranked: …`"""
    told = "; ".join(sheet.label(row) for row in rows[:SHOWN])
    more = f" and {len(rows) - SHOWN} more" if len(rows) > SHOWN else ""
    verb = "row holds" if len(rows) == 1 else "rows hold"
    return (
        f"report: {sheet.source}: {len(rows)} {verb} NaN or an infinity where a number is "
        f"expected; shown, marked and not ranked: {told}{more}"
    )
