"""`seqbench doctor`: the machine, what is set wrongly, and what changes can be seen here."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .tables import text_table

if TYPE_CHECKING:
    from seqbench.experiments.doctor.certificate import Certificate
    from seqbench.experiments.doctor.findings import Finding
    from seqbench.experiments.doctor.machine import Examined

CELLS, ROUNDS, SECONDS = 24, 12, 0.1
QUICK_CELLS, QUICK_ROUNDS, QUICK_SECONDS = 8, 6, 0.05
DONE = 0


def add_parser(commands: Any) -> None:
    """Add the command and its options to the subparsers of `seqbench`."""
    command = commands.add_parser(
        "doctor",
        help="the machine, what is set wrongly, and the smallest change that can be seen here",
        description="Measures the machine's ceilings, looks for what holds it back, and times the "
        "same code twice: how often is a change told that is none, and how small a one is seen? "
        "Writes doctor.json into the user's cache, where `seqbench compare` takes its margins.",
        epilog="Exit code 0 also where something is set wrongly: it is told with a next step.",
    )
    command.add_argument("--quick", action="store_true", help="half a minute instead of minutes")
    command.add_argument("--json", action="store_true", help="everything as JSON")


def doctor(*, quick: bool, as_json: bool) -> int:
    """Examine, time twice, certify, write and print.

    Raises StoreError where a child cannot measure or the certificate cannot be written.
    """
    from seqbench.experiments.doctor.cells import chosen_cells
    from seqbench.experiments.doctor.certificate import certify, document_of, write_certificate
    from seqbench.experiments.doctor.findings import findings
    from seqbench.experiments.doctor.interleaved import time_twice
    from seqbench.experiments.doctor.machine import examine
    from seqbench.experiments.progress import progress

    count, rounds, seconds = (
        (QUICK_CELLS, QUICK_ROUNDS, QUICK_SECONDS) if quick else (CELLS, ROUNDS, SECONDS)
    )
    examined = examine()
    found = findings(examined.facts)
    with progress() as on_event:
        twice = time_twice(chosen_cells(count), rounds=rounds, seconds=seconds, on_event=on_event)
    certificate = certify(twice)
    document = document_of(certificate, quick=quick)
    path = write_certificate(document)
    if as_json:
        print(json.dumps(_whole(examined, found, document), indent=1))
    else:
        print("\n".join(lines(examined, found, certificate)))
        print(f"written: {path}", file=sys.stderr)
    return DONE


def _whole(examined: Examined, found: list[Finding], document: dict[str, Any]) -> dict[str, Any]:
    return {
        "description": examined.description,
        "ceilings": {
            name: {"value": value, "unit": unit}
            for name, (value, unit) in examined.ceilings.items()
        },
        "findings": [
            {"name": one.name, "told": one.told, "next_step": one.next_step} for one in found
        ],
        **document,
    }


def lines(examined: Examined, found: list[Finding], certificate: Certificate) -> Iterator[str]:
    """What is printed."""
    told = examined.description
    yield f"machine: {told['cpu_model']}, {told['usable_cores']} of {told['cores']} cores"
    yield "blas: " + ", ".join(_pool(pool) for pool in told["threadpools"])
    yield "ceilings of one thread: " + ", ".join(
        f"{name} {value:.3g} {unit}" for name, (value, unit) in examined.ceilings.items()
    )
    yield ""
    for one in found:
        yield f"WRONG {one.name}: {one.told}; {one.next_step}"
    if not found:
        yield "nothing is set wrongly"
    yield ""
    yield from _sensitivity(certificate)


def _pool(pool: dict[str, Any]) -> str:
    parts = (pool.get("internal_api"), pool.get("version"), pool.get("architecture"))
    return " ".join(str(part) for part in parts if part)


def _sensitivity(certificate: Certificate) -> Iterator[str]:
    count = len(certificate.cells)
    yield (
        f"the same code twice: {count} cells, {certificate.rounds} processes a side, "
        f"{certificate.false_alarm_rate:.1%} called changed; times within "
        f"±{certificate.margin:.1%} are called the same"
    )
    rows = [
        {"duration": name, "smallest change seen": f"{change:.1%}"}
        for name, change in certificate.smallest_change.items()
    ]
    if rows:
        yield text_table(rows, ["duration", "smallest change seen"])
    long = [cell for cell in certificate.cells if cell.seconds >= 1e-3]
    seen = sum(cell.certified for cell in long)
    yield f"5 % can be seen within 60 s in {seen} of {len(long)} cells of 1 ms or more"
    for cell in long:
        if not cell.certified:
            yield f"  not in {cell.name} ({cell.seconds * 1e3:.3g} ms): {cell.within_budget:.1%}"
    for why in certificate.lost:
        yield f"lost: {why}"
