"""pytest-benchmark's JSON, read as a table of ours and written from one.

A file is one process: its rounds are samples within it. Several files a side are several processes.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from seqbench.interfaces import SCHEMA_VERSION, UsageError, digest

from ..files import written
from ..wording import several

EXPERIMENT = "pytest-benchmark"
VERSION = "5.1.0"
"""The version of pytest-benchmark whose form is written."""


def is_benchmark(document: Any) -> bool:
    return isinstance(document, Mapping) and isinstance(document.get("benchmarks"), list)


def table_of(
    documents: Sequence[tuple[Path, Mapping[str, Any]]],
) -> tuple[pd.DataFrame, dict[str, str], list[str]]:
    """(tidy table, provenance key -> machine, what was left out).

    Raises UsageError for an entry without a name or without times.
    """
    rows: list[dict[str, Any]] = []
    machines: dict[str, str] = {}
    medians_only = 0
    for number, (path, document) in enumerate(documents):
        info = document.get("machine_info")
        machine = _machine(info if isinstance(info, Mapping) else {})
        key = digest([machine])
        if machine:
            machines[key] = machine
        for entry in document["benchmarks"]:
            times, whole = _times(entry, path)
            medians_only += not whole
            rows += _rows(entry, times, number, key, path)
    told = []
    if medians_only:
        told.append(
            f"{several(medians_only, 'benchmark')} without raw data: their medians are taken; "
            "write them with --benchmark-json or --benchmark-save-data"
        )
    return pd.DataFrame(rows), machines, told


def _machine(info: Mapping[str, Any]) -> str:
    cpu = info.get("cpu")
    cpu = cpu if isinstance(cpu, Mapping) else {}
    model = cpu.get("brand_raw") or info.get("processor") or info.get("machine") or ""
    count = cpu.get("count")
    return f"{model}, {count} cores" if model and count else str(model)


def _times(entry: Any, path: Path) -> tuple[list[float], bool]:
    """(seconds, whether they are all rounds or the median alone)."""
    stats = entry.get("stats") if isinstance(entry, Mapping) else None
    if not isinstance(stats, Mapping) or not isinstance(entry.get("fullname"), str):
        raise UsageError(
            f"compare: {path} has a benchmark without fullname or stats, expected "
            "pytest-benchmark's JSON; write it with --benchmark-json"
        )
    data = stats.get("data")
    times: list[Any] = data if isinstance(data, list) and data else [stats.get("median")]
    if not all(isinstance(t, int | float) and not isinstance(t, bool) for t in times):
        raise UsageError(
            f"compare: {path}: {entry['fullname']!r} has no times, expected stats.data or "
            "stats.median as numbers; write it with --benchmark-json"
        )
    return [float(t) for t in times], times is data


def _rows(
    entry: Mapping[str, Any], times: list[float], number: int, provenance: str, path: Path
) -> list[dict[str, Any]]:
    name = entry["fullname"]
    shared = {
        "trial_key": digest([str(path), number, name]),
        "case_id": digest([EXPERIMENT, name]),
        "experiment": EXPERIMENT,
        "task": str(entry.get("group") or ""),
        "seed": 0,
        "round": number,
        "status": "done",
        "gate": "none",
        "valid": True,
        "reasons": "",
        "phase": "",
        "metric": "time",
        "unit": "s",
        "direction": "lower",
        "kernel_impl": "",
        "resolved": "{}",
        "signature": "",
        "source": "measured",
        "group": "",
        "provenance": provenance,
        "error": "",
        "schema_version": SCHEMA_VERSION,
        "p.benchmark": name,
    }
    return [shared | {"repetition": i, "value": value} for i, value in enumerate(times)]


def write_benchmarks(table: pd.DataFrame, path: Path | str, machine: str = "") -> Path:
    """The times of a tidy table as pytest-benchmark's JSON, one entry a process and phase."""
    times = table[(table["unit"] == "s") & (table["status"] == "done") & (table["gate"] != "fail")]
    swept = [name for name in table.columns if name.startswith("p.")]
    document = {
        "machine_info": {"cpu": {"brand_raw": machine}, "machine": machine},
        "commit_info": {"id": "", "dirty": False},
        "benchmarks": [
            _entry(rows, swept)
            for _, rows in times.groupby(["trial_key", "phase", "metric"], sort=False)
        ],
        "datetime": "",
        "version": VERSION,
    }
    text = json.dumps(document, indent=1)
    return written(path, lambda target: target.write_text(text + "\n", encoding="utf-8"))


def _entry(rows: pd.DataFrame, swept: Sequence[str]) -> dict[str, Any]:
    first = rows.iloc[0]
    params = {n.removeprefix("p."): _plain(first[n]) for n in swept if first[n] == first[n]}
    label = "-".join(str(v) for v in params.values() if v != "")
    name = f"{first['task']}_{first['metric']}_{first['phase']}[{label}]"
    return {
        "group": f"{first['experiment']}: {first['metric']} {first['phase']}".strip(),
        "name": name,
        "fullname": f"{first['experiment']}::{name}::seed{first['seed']}::round{first['round']}",
        "params": params,
        "param": label,
        "extra_info": {
            "case_id": first["case_id"],
            "kernel_impl": first["kernel_impl"],
            "gate": first["gate"],
            "valid": bool(first["valid"]),
        },
        "options": {},
        "stats": _stats(rows["value"].tolist()),
    }


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value


def _stats(data: list[float]) -> dict[str, Any]:
    """The fields that pytest-benchmark's own tables read."""
    ordered = sorted(data)
    whole = ordered if len(ordered) > 1 else 2 * ordered
    low, middle, high = statistics.quantiles(whole, n=4, method="inclusive")
    mean, spread = statistics.fmean(data), statistics.stdev(whole)
    iqr = high - low
    inside = [v for v in ordered if low - 1.5 * iqr <= v <= high + 1.5 * iqr]
    far = sum(abs(v - mean) > spread for v in data)
    return {
        "min": ordered[0],
        "max": ordered[-1],
        "mean": mean,
        "stddev": spread,
        "rounds": len(data),
        "median": middle,
        "iqr": iqr,
        "q1": low,
        "q3": high,
        "iqr_outliers": len(data) - len(inside),
        "stddev_outliers": far,
        "outliers": f"{far};{len(data) - len(inside)}",
        "ld15iqr": inside[0],
        "hd15iqr": inside[-1],
        "ops": 1 / mean if mean > 0 else 0.0,
        "total": sum(data),
        "data": data,
        "iterations": 1,
    }
