"""A comparison's JSON as columns: any document with a list of objects that have a verdict."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from seqbench.interfaces import StoreError

from .sheet import Column

FORM = "expected what `seqbench compare --format json` wrote"


def read_verdicts(path: Path) -> dict[str, Column]:
    """Nested values under dotted names, lists as JSON. StoreError where there are no verdicts."""
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
    return {name: _column([row.get(name) for row in flat]) for name in names}


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
