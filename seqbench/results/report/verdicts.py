"""A comparison's JSON as columns: any document with a list of objects that have a verdict.

`seqbench compare --format json` writes one; `low` and `high` are there of the ratio, and of a
quality's difference, which is turned into a ratio here too: one axis for all.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from seqbench.interfaces import StoreError

from .sheet import Column

FORM = "expected what `seqbench compare --format json` wrote"


def read_verdicts(path: Path) -> tuple[dict[str, Column], list[str]]:
    """Columns, nested values under dotted names, and what the comparison told.

    Raises StoreError where there are no verdicts.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise StoreError(f"report: cannot read {path}: {error}; give a table's path") from error
    except (ValueError, RecursionError) as error:
        raise StoreError(f"report: {path} is cut short or damaged ({error}), {FORM}") from error
    rows = _rows(document)
    if not rows:
        raise StoreError(
            f"report: {path} is no table of this kind (no list of rows with a verdict), {FORM}"
        )
    flat = [_flat(row) for row in rows]
    names = list(dict.fromkeys(name for row in flat for name in row))
    columns = {name: _column([row.get(name) for row in flat]) for name in names}
    told = document.get("told", []) if isinstance(document, dict) else []
    return _as_ratios(columns), [str(one) for one in told] if isinstance(told, list) else []


def _as_ratios(columns: dict[str, Column]) -> dict[str, Column]:
    """`ratio_low` and `ratio_high` beside `low` and `high`."""
    if not {"low", "high", "base", "kind"} <= set(columns):
        return columns
    for name in ("low", "high"):
        bounds = zip(columns[name], columns["base"], columns["kind"], strict=True)
        columns[f"ratio_{name}"] = [_bound(*one) for one in bounds]
    return columns


def _bound(bound: Any, base: Any, kind: str) -> float | None:
    if kind != "quality" or not isinstance(bound, (int, float)):
        return bound if isinstance(bound, (int, float)) else None
    return 1 + bound / base if isinstance(base, (int, float)) and base > 0 else None


def _rows(document: Any) -> list[Mapping[str, Any]]:
    """The longest list of objects with a verdict, at the top or one step below."""
    lists = [document, *(document.values() if isinstance(document, dict) else ())]
    found: list[list[Mapping[str, Any]]] = [
        [row for row in one if isinstance(row, dict) and "verdict" in row]
        for one in lists
        if isinstance(one, list)
    ]
    return max(found, key=len, default=[])


def _flat(row: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """`{"key": {"task": "a"}}` -> `{"key.task": "a"}`"""
    flat: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{before}{name}.")
        else:
            flat[before + name] = json.dumps(value) if isinstance(value, list) else value
    return flat


def _column(values: list[Any]) -> Column:
    """Numbers with None, or texts."""
    known = [value for value in values if value is not None]
    if known and all(type(value) in (int, float) for value in known):
        return values
    return ["" if value is None else str(value) for value in values]
