"""`seqbench list`: backends, algorithms, experiments, data sets."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from seqbench.experiments.availability import dataset_rows
from seqbench.experiments.searchpath import config_dirs
from seqbench.registry import Registry, registry

from .tables import text_table

Rows = list[dict[str, Any]]

COLUMNS = {
    "backends": ("name", "available", "summary", "reason"),
    "algorithms": (
        "id",
        "kind",
        "name",
        "backend",
        "impl_id",
        "tier",
        "evidence",
        "dtypes",
        "reason",
    ),
    "experiments": ("name", "id", "summary"),
    "datasets": ("name", "available", "licence", "summary", "reason"),
    "plugins": ("name", "status", "reason"),
}


def show(what: str | None, *, as_json: bool) -> int:
    """Print one list, or all of them. Returns the exit code."""
    found = registry()
    rows = {name: _rows(name, found) for name in ([what] if what else COLUMNS)}
    if as_json:
        print(json.dumps(rows[what] if what else rows, indent=1))
        return 0
    sections = [_section(name, listed, titled=what is None) for name, listed in rows.items()]
    broken = [row for row in found.plugins() if row["status"] == "failed"]
    if what and broken:
        sections.append(_section("plugins", broken, titled=True))
    print("\n\n".join(sections))
    return 0


def _section(name: str, rows: Rows, *, titled: bool) -> str:
    table = text_table(rows, COLUMNS[name]) if rows else "none"
    return f"{name}\n{table}" if titled else table


def _rows(what: str, found: Registry) -> Rows:
    if what == "backends":
        return found.backends()
    if what == "algorithms":
        return found.algorithms()
    if what == "experiments":
        return experiment_rows(config_dirs(found.config_packages()))
    if what == "plugins":
        return [dict(row) for row in found.plugins()]
    return dataset_rows(found)


def experiment_rows(directories: list[Path]) -> Rows:
    """name, id, summary and file of every experiment config, read as text: Hydra is not needed."""
    rows: dict[str, dict[str, Any]] = {}
    for directory in directories:
        for path in sorted((directory / "experiment").glob("*.yaml")):
            text = path.read_text(encoding="utf-8")
            row = {
                "name": path.stem,
                "id": _scalar(text, "id"),
                "summary": _scalar(text, "summary"),
            }
            rows.setdefault(path.stem, row)
    return sorted(rows.values(), key=lambda row: (row["id"], row["name"]))


def _scalar(text: str, key: str) -> str:
    """The first `key: value` of a YAML text, without its quotes."""
    match = re.search(rf"^\s*{key}:\s*(.+?)\s*$", text, re.MULTILINE)
    return match.group(1).strip("'\"") if match else ""
