"""`seqbench report`: paths in, one page out; the page of a campaign that has just ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seqbench.interfaces import UsageError

from ..claims import Kept
from ..evidence import Evidence
from ..files import written
from .campaigns import add_campaign
from .collected import Collected
from .page import page
from .sources import read_sources

CAMPAIGN_PAGE = "report.html"


@dataclass(frozen=True, slots=True)
class Report:
    """Where the page lies. `omissions` are values that could not be ranked, as `notes` tell."""

    path: Path
    size: int
    tables: int
    rows: int
    notes: list[str]
    omissions: list[str]


def write_report(paths: Sequence[Path | str], target: Path | str) -> Report:
    """Read every table, write one page, whole or not at all.

    paths : tables (CSV, Parquet), comparisons (JSON), campaigns, or folders of these

    Raises UsageError where `target` is a folder or one of the tables, StoreError for a table that
    cannot be read or a page that cannot be written. Nothing else is written.
    """
    target = Path(target)
    if target.is_dir():
        raise UsageError(
            f"report: --html {target} is a folder, expected a file; give {target / 'report.html'}"
        )
    found = read_sources([Path(path) for path in paths])
    if any(path.exists() and target.exists() and path.samefile(target) for path in found.files):
        raise UsageError(
            f"report: --html {target} is one of the tables, expected another file; "
            "it would be overwritten"
        )
    return _write(found, target, _title(found))


def campaign_page(
    evidence: Evidence, folder: Path, plan: Mapping[str, Any], kept: Kept | None = None
) -> Path | None:
    """`report.html` of a campaign whose tables are at hand; None where it has no trial.

    plan : its `question`, `plot` hints and `scaling`; kept : the answer to its claim

    Raises StoreError where the tables cannot be shown, or the page not be written.
    """
    target = folder / CAMPAIGN_PAGE
    target.unlink(missing_ok=True)  # an earlier one would show other numbers than the table
    if evidence.table.empty:
        return None
    found = Collected()
    add_campaign(found, evidence, folder, plan, kept)
    return _write(found, target, _title(found)).path


def _title(found: Collected) -> str:
    """`cell_cost, beam_width_bleu`, at most three."""
    names = list(dict.fromkeys(one.experiment for one in found.answers))
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more or "seqbench"


def _write(found: Collected, target: Path, title: str) -> Report:
    from seqbench import __version__

    text = page(found, title, __version__)

    def write(beside: Path) -> None:
        beside.write_text(text, encoding="utf-8")

    written(target, write, "give another path after --html")
    rows = sum(map(len, found.sheets))
    notes = [*found.omissions, *found.notes]
    return Report(target, len(text), len(found.sheets), rows, notes, found.omissions)
