"""Sheets as compact JSON: a column's texts once, and the number of each row's."""

from __future__ import annotations

import json
import math
from typing import Any

from .answers import target_of
from .provenance import provenance_of
from .sheet import Column, Sheet
from .states import RANKED, is_cost, states

DERIVED = ("state", "target")
"""Columns that the page adds. A table that has one of the name keeps its own."""


def encoded(sheet: Sheet) -> dict[str, Any]:
    """What the page reads of a sheet: its columns in order, the metrics of its values."""
    columns = {"state": states(sheet), **sheet.columns}
    if sheet.kind == "ratios":
        columns["target"] = [target_of(sheet, row) for row in range(len(sheet))]
        columns |= sizes(sheet)
    return {
        "name": sheet.name,
        "kind": sheet.kind,
        "source": sheet.source,
        "length": len(sheet),
        "key": list(sheet.key),
        "hints": dict(sheet.hints),
        "ranked": list(RANKED),
        "metrics": _metrics(sheet),
        "columns": [{"name": name, **_column(values)} for name, values in columns.items()],
        "provenance": provenance_of(sheet),
    }


def _column(values: Column) -> dict[str, Any]:
    """Numbers as they are; texts by their place among the different ones, in order."""
    if all(value is None or isinstance(value, (int, float)) for value in values):
        return {"numbers": [_plain(value) for value in values]}
    texts = {text: code for code, text in enumerate(sorted(set(map(_text, values))))}
    return {"texts": list(texts), "codes": [texts[_text(value)] for value in values]}


def _plain(value: float | None) -> float | str | None:
    """JSON has no NaN: it travels as its name."""
    return value if value is None or math.isfinite(value) else str(value)


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _metrics(sheet: Sheet) -> list[dict[str, Any]]:
    """Each metric and phase that the values are of, and whether it is a measured cost."""
    names = ("metric", "phase", "unit", "direction")
    if any(name not in sheet.columns for name in (*names, "value")):
        return []
    found = dict.fromkeys(zip(*(sheet.columns[name] for name in names), strict=True))
    return [
        dict(zip(names, one, strict=True)) | {"cost": is_cost(one[0], one[2])}
        for one in sorted(found)
        if one[0]
    ]


def sizes(sheet: Sheet) -> dict[str, Column]:
    """The sizes of `B32 T64 I128` as columns `size.B`, `size.T`, `size.I`: what a plot can use."""
    import re

    found = [dict(re.findall(r"\b([A-Za-z]+)(\d+)\b", str(t))) for t in sheet.columns["size"]]
    names = sorted({name for one in found for name in one})
    return {
        f"size.{name}": [int(one[name]) if name in one else None for one in found] for name in names
    }


def script_json(value: Any) -> str:
    """JSON that is safe between <script> tags: no character that markup could begin or end with."""
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    for character in "<>&'":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text
