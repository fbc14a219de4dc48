"""A campaign's folder as sheets: its summary, its samples, its question and answer."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from seqbench.interfaces import StoreError, UsageError

from ..campaign import load_records, planned
from ..claims import Kept, answered
from ..evidence import Evidence
from ..summary import summarise
from ..table import tidy
from .answers import answer, with_claim, with_growth
from .collected import Collected, document
from .frames import columns_of
from .sheet import Sheet

MOST_SAMPLES = 50_000
"""Beyond it the page has the summary alone, and says so: a page of 25 MB helps nobody."""


def read_campaign(folder: Path, found: Collected) -> None:
    """From the records, so that an old campaign renders without rerunning. StoreError for none."""
    records = planned(load_records(folder, found.notes.append), folder, found.notes.append)
    found.files += [path for path in folder.rglob("*") if path.suffix != ".html"]
    if not records:
        raise StoreError(
            f"report: {folder} has no trial's record, expected at least one; "
            "run the experiment again"
        )
    items = {record.trial_key: record.items for record in records if record.items}
    table = tidy(records)
    plan = document(folder / "plan.json")
    asked = plan.get("experiment", {})
    evidence = Evidence(table, summarise(table, items), items)
    kept = _answered(asked, str(plan.get("rests_on", "")), evidence, found)
    add_campaign(found, evidence, folder, asked, kept)


def _answered(
    asked: Mapping[str, Any], rests_on: str, evidence: Evidence, found: Collected
) -> Kept | None:
    """Of the claim that the plan made; one that cannot be read is told."""
    try:
        return answered(asked.get("name", ""), asked.get("claim") or {}, rests_on, evidence)
    except UsageError as error:
        found.notes.append(f"report: {error}; its claim is left out")
        return None


def add_campaign(
    found: Collected,
    evidence: Evidence,
    folder: Path,
    plan: Mapping[str, Any],
    kept: Kept | None,
) -> None:
    """Sheets and answers of tables at hand; `plan` is what plan.json says of the experiment."""
    hints = plan.get("plot", {})
    name = f"{evidence.table['experiment'].iloc[0]} {folder.name[:8]}"
    common: dict[str, Any] = {
        "hints": hints,
        "provenance": document(folder / "provenance.json"),
    }
    summary = Sheet(name, "summary", str(folder), columns_of(evidence.summary), **common)
    found.add(summary, derived=True)
    told = answer(evidence, name, plan.get("question", ""), hints.get("metrics", ()))
    grown = [with_growth(one, evidence, plan.get("scaling", {})) for one in told]
    found.answers += [with_claim(one, kept) for one in grown]
    if len(evidence.table) > MOST_SAMPLES:
        found.notes.append(
            f"report: {folder}: its {len(evidence.table)} samples are left out, more than "
            f"{MOST_SAMPLES}; give its table.csv to have them on the page"
        )
        return
    samples = columns_of(evidence.table)
    found.add(Sheet(f"{name} samples", "rows", str(folder), samples, **common))
