"""What a run leaves behind: CSV for machines, one Markdown page for people."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import seqbench

MICRO = 1e6


def write_machine(out: Path, machine: dict[str, Any]) -> None:
    (out / "machine.json").write_text(json.dumps(machine, indent=1, sort_keys=True) + "\n")


def write_checks(out: Path, rows: list[Any], backend: Any) -> None:
    """checks.csv, and evidence.json in the form that the plugin carries."""
    columns = ("contract", "impl_id", "check", "status", "message")
    with (out / "checks.csv").open("w", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([getattr(row, name) for name in columns] for row in rows)
    evidence = evidence_of(rows, backend)
    (out / "evidence.json").write_text(json.dumps(evidence, indent=1, sort_keys=True) + "\n")


def evidence_of(rows: list[Any], backend: Any) -> dict[str, dict[str, Any]]:
    """Of what serves each contract by default, where every check of it ran."""
    registry = seqbench.registry(["seqbench_cupy"])
    found = {}
    for key in sorted({row.contract for row in rows}):
        kind, _, name = key.partition("/")
        resolved = registry.resolve(kind, name, "cupy")
        own = [r for r in rows if (r.contract, r.impl_id) == (key, resolved.impl_id)]
        if own and all(row.status != "not run" for row in own):
            found[key] = {
                "impl_id": resolved.impl_id,
                "digest": resolved.digest,
                "passed": all(row.status != "fail" for row in own),
                "where": backend.runtime.where,
            }
    return found


def write_timings(out: Path, timings: list[Any]) -> None:
    """One row a pair and side: medians and 20th and 80th percentiles in microseconds."""
    columns = (
        "pair sizes side gate error warm_us warm_p20_us warm_p80_us cold_us samples bytes flops "
        "clocks target message notes"
    ).split()
    with (out / "timings.csv").open("w", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(columns)
        for timing in timings:
            writer.writerows(_timing_rows(timing))


def _timing_rows(timing: Any) -> list[list[Any]]:
    sizes = " ".join(f"{k}={v}" for k, v in timing.sizes.items())
    tail = [f"{timing.bytes_moved:.6g}", f"{timing.flops:.6g}", timing.clocks, timing.target]
    tail += [timing.message, json.dumps(timing.notes)]
    names = list(dict.fromkeys([*timing.errors, *timing.times])) or [""]
    rows = []
    for name in names:
        error = f"{timing.errors[name]:.2g}" if name in timing.errors else ""
        times = _microseconds(timing.times[name]) if name in timing.times else [""] * 5
        rows.append([timing.name, sizes, name, timing.gate, error, *times, *tail])
    return rows


def _microseconds(pair: tuple[Any, Any]) -> list[str]:
    warm, cold = pair
    told = (warm.median, warm.percentile(0.2), warm.percentile(0.8), cold.median)
    return [*(f"{MICRO * value:.2f}" for value in told), str(len(warm.samples))]


def write_tables(out: Path, checks: list[Any], timings: list[Any]) -> str:
    """tables.md, and its text."""
    counts: dict[str, int] = {}
    for row in checks:
        counts[row.status] = counts.get(row.status, 0) + 1
    lines = ["# On a GPU", "", (out / "machine.json").read_text(), ""]
    lines += [f"Checks: {counts}", ""]
    lines += [
        f"- FAIL {r.contract} {r.impl_id} {r.check}: {r.message}"
        for r in checks
        if r.status == "fail"
    ]
    lines += ["", "| pair | sizes | gate | ours, us | best peer, us | ratio | target |"]
    lines += ["|---|---|---|---|---|---|---|"]
    lines += [_line(timing) for timing in timings]
    text = "\n".join(lines) + "\n"
    (out / "tables.md").write_text(text)
    return text


def _line(timing: Any) -> str:
    sizes = " ".join(f"{k}={v}" for k, v in timing.sizes.items())
    head = f"| {timing.name} | {sizes} | {timing.gate} |"
    if not timing.times:
        return f"{head} | | | {timing.target} {timing.message.splitlines()[-1:]} |"
    names = list(timing.times)
    ours = MICRO * timing.times[names[0]][0].median
    peers = {n: MICRO * timing.times[n][0].median for n in names if not n.startswith("ours")}
    if not peers:
        return f"{head} {ours:.1f} | | | {timing.target} |"
    best = min(peers, key=peers.__getitem__)
    ratio = ours / peers[best]
    return f"{head} {ours:.1f} | {peers[best]:.1f} ({best}) | {ratio:.3f} | {timing.target} |"
