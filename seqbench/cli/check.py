"""`seqbench check BACKEND`: the conformance suite, its summary, and what `list` shows of it."""

from __future__ import annotations

from collections import Counter
from typing import Any

from seqbench.interfaces import PluginUnavailableError
from seqbench.registry import Registry, registry, store_evidence

from .tables import text_table


def check(backend: str) -> int:
    """Run every check, print the failures and a summary, keep the evidence. 1 where one fails."""
    found = registry()
    reason = found.unavailable(backend)  # UnknownNameError with candidates
    if reason is not None:
        raise PluginUnavailableError(f"check: backend {backend!r} cannot be used here: {reason}")
    from seqbench.testing.conformance import conformance_of

    report = conformance_of(backend, found)
    store_evidence(backend, evidence_of(report, backend, found))
    print(summary(report, backend))
    return 0 if report.ok else 1


def summary(report: Any, backend: str) -> str:
    """What failed, in full, and one line of counts."""
    rows = [
        {"contract": r.contract, "check": r.check, "status": r.status, "message": r.message}
        for r in report.rows
    ]
    told = [row for row in rows if row["status"] != "pass"]
    counts = Counter(row["status"] for row in rows)
    counted = ", ".join(f"{n} {status}" for status, n in sorted(counts.items())) or "no checks"
    contracts = len({row["contract"] for row in rows})
    line = f"{backend}: {contracts} contracts, {len(rows)} checks: {counted}"
    if not told:
        return line
    return text_table(told, ("status", "contract", "check", "message")) + "\n\n" + line


def evidence_of(report: Any, backend: str, found: Registry) -> dict[str, dict[str, Any]]:
    """By `kind/name`: which source was checked, whether it passed, and where."""
    device = found.backend(backend).device
    where = device.properties.get("evidence", device.kind)
    evidence: dict[str, dict[str, Any]] = {}
    for row in report.rows:
        kind, _, name = row.contract.partition("/")
        if row.contract not in evidence:
            resolved = found.resolve(kind, name, backend)
            evidence[row.contract] = {
                "impl_id": resolved.impl_id,
                "digest": resolved.digest,
                "passed": True,
                "where": where,
            }
        evidence[row.contract]["passed"] &= row.status != "fail"
    return evidence
