"""From a path to a side: a campaign's folder, its tables, a committed summary, pytest-benchmark.

Reading never writes. What cannot be read is a UsageError that says what was expected instead.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd

from seqbench.interfaces import StoreError, UsageError

from ..campaign import load_records, planned
from ..table import COLUMNS, exact_csv, read_csv, read_parquet, tidy
from .benchmark_json import is_benchmark, table_of
from .given import ratio_side, summary_side
from .side import Side, side_of

TABLES = ("table.parquet", "table.csv", "summary.csv")
EXPECTED = (
    "a campaign's folder, its table.parquet, table.csv or summary.csv, a ratios.csv, or "
    "pytest-benchmark's JSON"
)


def read_side(path: Path | str) -> Side:
    """What `path` holds. Raises UsageError where it is missing, damaged, or of another kind."""
    path = Path(path)
    if not path.exists():
        raise UsageError(f"compare: {path} does not exist, expected {EXPECTED}; give its path")
    try:
        return _folder(path) if path.is_dir() else _file(path)
    except StoreError as error:  # here an unreadable table is wrong usage: nothing was run
        raise UsageError(f"compare: {error}") from error


def read_table(path: Path | str) -> pd.DataFrame:
    """The tidy table at `path`. UsageError where it keeps no samples: a summary, ratios."""
    path = Path(path)
    read_side(path)  # says what is wrong with it, if anything is
    if path.is_dir():
        if (path / "trials").is_dir():
            records = load_records(path, lambda message: None)
            return tidy(planned(records, path, lambda message: None))
        kept = [path / name for name in TABLES[:2] if (path / name).is_file()]
        if not kept and (documents := _found_benchmarks(path)):
            return with_columns(table_of(documents)[0])
        path = kept[0] if kept else path / TABLES[-1]
    if path.suffix == ".parquet":
        return read_parquet(path)
    if path.suffix == ".json":
        return with_columns(table_of([(path, _json(path))])[0])
    if "schema_version" not in _header(path):
        raise UsageError(
            f"compare: {path} keeps no samples, expected a campaign's folder, table.parquet, "
            "table.csv or pytest-benchmark's JSON; only those can be written in another form"
        )
    return read_csv(path)


def with_columns(table: pd.DataFrame) -> pd.DataFrame:
    return table[[*COLUMNS, *(c for c in table.columns if c.startswith("p."))]]


def _folder(path: Path) -> Side:
    if (path / "trials").is_dir():
        return _campaign(path)
    for name in TABLES:
        if (path / name).is_file():
            return _file(path / name)
    if documents := _found_benchmarks(path):
        return _benchmarks(path, documents)
    raise UsageError(
        f"compare: the folder {path} holds no table, expected {EXPECTED}; name one of its folders"
    )


def _found_benchmarks(path: Path) -> list[tuple[Path, Any]]:
    found = ((p, _json(p)) for p in sorted(path.rglob("*.json")))
    return [(p, document) for p, document in found if is_benchmark(document)]


def _file(path: Path) -> Side:
    if path.suffix == ".parquet":
        return side_of(_checked(read_parquet, path), str(path), machines=machines_beside(path))
    if path.suffix == ".csv":
        return _csv(path)
    if path.suffix == ".json":
        document = _json(path)
        if is_benchmark(document):
            return _benchmarks(path, [(path, document)])
        raise UsageError(
            f"compare: {path} is not pytest-benchmark's JSON (no list `benchmarks`, or cut "
            f"short), expected {EXPECTED}; write it with --benchmark-json"
        )
    raise UsageError(f"compare: {path} is of no known kind, expected {EXPECTED}; give another path")


def _campaign(path: Path) -> Side:
    told: list[str] = []
    records = planned(load_records(path, told.append), path, told.append)
    if not records:
        raise UsageError(
            f"compare: {path} has no trial that can be read, expected a campaign with results; "
            "run the experiment again"
        )
    items = {record.trial_key: record.items for record in records if record.items}
    side = side_of(tidy(records), str(path), items=items, machines=machines_of(path))
    side.told[:0] = told
    return side


def _benchmarks(path: Path, documents: list[tuple[Path, Any]]) -> Side:
    table, machines, told = table_of(documents)
    side = side_of(table, str(path), machines=machines)
    side.told += told
    return side


def _csv(path: Path) -> Side:
    header = _header(path)
    if "schema_version" in header:
        return side_of(_checked(read_csv, path), str(path), machines=machines_beside(path))
    if {"ci_low", "ci_high", "case_id", "interval"} <= header:
        return summary_side(_plain(path), str(path), machines_beside(path))
    if {"group", "size", "ours", "peer", "ratio"} <= header:
        return ratio_side(_plain(path), str(path))
    missing = " and ".join(sorted({"schema_version", "case_id"} - header)) or "ci_low"
    raise UsageError(
        f"compare: {path} is no table of ours or of an older schema (no column {missing}), "
        f"expected {EXPECTED}; run the experiment again"
    )


def _header(path: Path) -> set[str]:
    """The columns. Raises UsageError of an empty file, and of one that ends within a line."""
    content = path.read_bytes()
    if not content.strip():
        raise UsageError(f"compare: {path} is empty, expected {EXPECTED}; write it again")
    if not content.endswith(b"\n"):
        raise UsageError(
            f"compare: {path} ends within a line: it was cut short, expected whole rows; "
            "write it again"
        )
    first = content.partition(b"\n")[0].decode("utf-8", errors="replace")
    return set(first.strip().split(","))


def _plain(path: Path) -> pd.DataFrame:
    """Texts stay texts, and an empty one is "", so that `NA` is a name."""
    return _checked(exact_csv, path)


def _checked(read: Any, path: Path) -> pd.DataFrame:
    try:
        table: pd.DataFrame = read(path)
    except (ValueError, TypeError, KeyError) as error:
        raise UsageError(
            f"compare: {path} is damaged ({type(error).__name__}: {error}), expected whole rows; "
            "write it again"
        ) from error
    return table


def _json(path: Path) -> Any:
    """The document, None where there is none."""
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None


def machines_beside(path: Path) -> dict[str, str]:
    return machines_of(path.parent)


def machines_of(folder: Path) -> dict[str, str]:
    """provenance key -> the machine in words, from the folder's provenance.json."""
    document = _json(folder / "provenance.json")
    if not isinstance(document, dict):
        return {}
    return {
        str(key): machine_words(entry["machine"])
        for key, entry in document.items()
        if isinstance(entry, dict) and isinstance(entry.get("machine"), dict)
    }


def machine_words(machine: dict[str, Any]) -> str:
    """What tells machines apart: not the kernel's release, nor some kilobytes of memory."""
    memory = machine.get("memory_bytes")
    size = f", {round(memory / 1e9)} GB" if isinstance(memory, int | float) else ""
    cores = machine.get("usable_cores", machine.get("cores", "?"))
    model = machine.get("cpu_model") or machine.get("architecture") or "unknown"
    return f"{model}, {cores} cores{size}"
