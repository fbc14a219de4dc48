"""CSV read strictly: a line that is cut short is an error here, where pandas would fill it up."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from pathlib import Path

from seqbench.interfaces import StoreError

from ..table import TEXT
from .sheet import Column

NAMES = (*TEXT, "group", "size", "ours", "peer", "commit", "date", "verdict", "interval")
"""Texts, also where all of them look like numbers."""
FIELD_LIMIT = 1 << 24  # characters


def read_columns(path: Path) -> dict[str, Column]:
    """Columns by name, numbers where every text that is not empty is one.

    Raises StoreError for what cannot be read, is empty, cut short or names a column twice.
    """
    header, *lines = _lines(path)
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise StoreError(
            f"report: {path} has two columns named {twice[0]}, expected each once; name one anew"
        )
    for number, line in enumerate(lines, start=2):
        if len(line) != len(header):
            raise StoreError(
                f"report: {path} is cut short or damaged: row {number} has {len(line)} of "
                f"{len(header)} fields; write the table again"
            )
    columns = zip(*lines, strict=True) if lines else ((),) * len(header)
    return {name: typed(name, texts) for name, texts in zip(header, columns, strict=True)}


def _lines(path: Path) -> list[list[str]]:
    """Header and rows, an empty line left out."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            text = file.read()
    except OSError as error:
        raise StoreError(f"report: cannot read {path}: {error}; give a table's path") from error
    except UnicodeDecodeError as error:
        raise StoreError(
            f"report: {path} is no text in UTF-8 ({error}), expected a CSV table"
        ) from error
    if not text.strip():
        raise StoreError(f"report: {path} is empty, expected a table with a header and rows")
    if not text.endswith(("\n", "\r")):
        raise StoreError(
            f"report: {path} is cut short: its last line does not end; write the table again"
        )
    csv.field_size_limit(FIELD_LIMIT)
    try:
        lines = csv.reader(io.StringIO(text, newline=""), strict=True)
        return [line for line in lines if line]
    except csv.Error as error:
        raise StoreError(
            f"report: {path} is cut short or damaged ({error}); write the table again"
        ) from error


def typed(name: str, texts: Iterable[str]) -> Column:
    """Numbers, None where there is none, if every text is one; else the texts."""
    texts = list(texts)
    if name in NAMES:
        return texts
    numbers = {text: _number(text) for text in set(texts) if text}
    if not numbers or None in numbers.values():
        return texts
    return [numbers[text] if text else None for text in texts]


def _number(text: str) -> float | int | None:
    """An int where it is one: `3`; a float; None for what is none, as `1_000` and ` 1`."""
    if not text.isascii() or "_" in text or text != text.strip():
        return None
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return None
