"""A file as sheets: CSV, Parquet, or a comparison in JSON."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from seqbench.interfaces import StoreError, UsageError

from ..campaign import check_schema
from ..claims import CLAIM, Kept, read_answer
from ..evidence import Evidence
from ..summary import summarise
from ..table import read_csv, read_parquet
from .answers import answer, answer_of, with_claim
from .collected import Collected, document
from .csvfile import read_columns
from .frames import columns_of
from .sheet import Column, Sheet, kind_of
from .verdicts import read_verdicts

GENERIC = {"table", "summary", "samples"}
"""File names that do not tell tables apart: their folder's name is put before."""


def read_file(path: Path, found: Collected, name: str = "") -> None:
    """Add what the file holds. StoreError for what is no table of ours, or cannot be shown.

    name : of its sheet; by default the file's, with its folder's where that alone says nothing
    """
    if not path.exists():
        raise StoreError(f"report: {path} does not exist, expected a table or a folder of them")
    found.files.append(path)
    if path.suffix == ".json":
        columns, told = read_verdicts(path)
        sheet = Sheet(name or _name(path), "verdicts", str(path), columns)
        found.notes += [f"{path.name}: {one}" for one in told]
    else:
        columns = _parquet(path) if path.suffix == ".parquet" else read_columns(path)
        sheet = _sheet(path, columns, name or _name(path))
    found.add(sheet)
    if sheet.kind == "rows":
        _summarised(sheet, path, found)
    else:
        kept = _kept(path, found) if sheet.kind == "summary" else None
        found.answers += [with_claim(one, kept) for one in answer_of(sheet)]


def _kept(path: Path, found: Collected) -> Kept | None:
    """The claim.json beside a summary; a damaged one is told."""
    beside = path.parent / CLAIM
    if not beside.exists():
        return None
    found.files.append(beside)
    try:
        return read_answer(beside)
    except (StoreError, UsageError) as error:
        found.notes.append(f"{error}; its claim is left out")
        return None


def _sheet(path: Path, columns: dict[str, Column], name: str) -> Sheet:
    kind = kind_of(list(columns), str(path))
    if kind == "rows":
        _check_schema(columns, path)
    sheet = Sheet(name, kind, str(path), columns)
    if kind in ("rows", "summary"):
        sheet.provenance = document(path.parent / "provenance.json")
        sheet.hints = _plan(path).get("plot", {})
    return sheet


def _name(path: Path) -> str:
    """`ratios`, `cell_cost summary`."""
    parent = path.absolute().parent.name
    return f"{parent} {path.stem}".strip() if path.stem in GENERIC else path.stem


def _plan(path: Path) -> Mapping[str, Any]:
    found = document(path.parent / "plan.json").get("experiment", {})
    return found if isinstance(found, dict) else {}


def _check_schema(columns: Mapping[str, Column], path: Path) -> None:
    if "schema_version" not in columns:
        raise StoreError(
            f"report: {path} has no column schema_version, expected a table of this version of "
            "seqbench; it is older: run the experiment again"
        )
    check_schema(dict.fromkeys(columns["schema_version"]), str(path))


def _parquet(path: Path) -> dict[str, Column]:
    """Its columns, further ones too, which `read_parquet` leaves out."""
    read_parquet(path)
    return columns_of(pd.read_parquet(path, engine="pyarrow"))


def _summarised(sheet: Sheet, path: Path, found: Collected) -> None:
    """The summary of a table of samples beside it, and the answers."""
    try:
        table = read_parquet(path) if path.suffix == ".parquet" else read_csv(path)
    except ValueError as error:
        raise StoreError(
            f"report: {path} is damaged ({error}), expected a table that `seqbench run` wrote; "
            "write it again"
        ) from error
    evidence = Evidence(table, summarise(table))
    name = sheet.name.removesuffix(" table") + " summary"
    common: dict[str, Any] = {"hints": sheet.hints, "provenance": sheet.provenance}
    summary = Sheet(name, "summary", sheet.source, columns_of(evidence.summary), **common)
    found.add(summary, derived=True)
    asked = _plan(path).get("question", ""), sheet.hints.get("metrics", ())
    found.answers += answer(evidence, name, *asked)
