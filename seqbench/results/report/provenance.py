"""Where the numbers come from, as names and values: machine, versions, commit, signatures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .sheet import Sheet

Fields = list[tuple[str, str]]


def provenance_of(sheet: Sheet) -> list[dict[str, Any]]:
    """Entries of `key`, `sheet` and `fields`: one an environment, one for the signatures."""
    entries = [
        {"key": key, "sheet": sheet.name, "fields": list(_flat(found))}
        for key, found in sheet.provenance.items()
        if isinstance(found, dict)
    ]
    if sheet.kind == "ratios":
        entries += _of_ratios(sheet)
    signatures = _signatures(sheet)
    if signatures:
        entries.append({"key": "signatures", "sheet": sheet.name, "fields": signatures})
    return entries


def _flat(value: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    """`machine.cpu_model`, `AMD EPYC`; what holds nothing is left out."""
    for name, inner in value.items():
        named = f"{before}{name}"
        if isinstance(inner, dict):
            yield from _flat(inner, f"{named}.")
        elif isinstance(inner, list) and any(isinstance(one, dict) for one in inner):
            for number, one in enumerate(inner, 1):
                step = f"{named}." if len(inner) == 1 else f"{named}.{number}."
                yield from _flat(one if isinstance(one, dict) else {"": one}, step)
        elif inner not in (None, "", []):
            yield named, _text(inner)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value)


def _of_ratios(sheet: Sheet) -> list[dict[str, Any]]:
    """Columns that say the same in every row, past the ratios themselves."""
    names = list(sheet.columns)
    past = names[names.index("pairs") + 1 :] if "pairs" in names else []
    fields = [
        (name, str(sheet.columns[name][0])) for name in past if len(set(sheet.columns[name])) == 1
    ]
    return [{"key": "", "sheet": sheet.name, "fields": fields}] if fields else []


def _signatures(sheet: Sheet) -> Fields:
    """How the qualities of each experiment and task came about."""
    names = [name for name in ("experiment", "task") if name in sheet.columns]
    told: dict[tuple[str, str], None] = {}
    if "signature" in sheet.columns:
        for *where, signature in zip(
            *(sheet.columns[name] for name in (*names, "signature")), strict=True
        ):
            if signature:
                told[(" ".join(map(str, where)), str(signature))] = None
    return list(told)
