"""From paths to sheets: files, campaigns, and folders of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from seqbench.interfaces import StoreError

from .campaigns import read_campaign
from .collected import Collected
from .tables import read_file


def read_sources(paths: list[Path]) -> Collected:
    """Every path's sheets, in order. StoreError for a path that holds none, or a damaged one."""
    found = Collected()
    for path in dict.fromkeys(paths):
        if path.is_dir():
            _read_folder(path, found)
        else:
            read_file(path, found)
    return found


def _read_folder(folder: Path, found: Collected) -> None:
    """A campaign, or every campaign and table below; a CSV of another kind is told."""
    if (folder / "trials").is_dir():
        read_campaign(folder, found)
        return
    before = len(found.sheets)
    for path in _below(folder):
        if path.is_dir():
            read_campaign(path, found)
            continue
        try:
            read_file(path, found, _name(path, folder))
        except StoreError as error:
            if "no table of this kind" not in str(error):
                raise
            found.notes.append(f"{error}; left out")
    if len(found.sheets) == before:
        raise StoreError(
            f"report: {folder} holds neither a campaign nor a table, expected a folder `trials` or "
            "CSV files; give the folder that `seqbench run` named"
        )


def _name(path: Path, folder: Path) -> str:
    """`cpu/cell_cost` of cpu/cell_cost/summary.csv, `cpu/ratios` of cpu/ratios.csv."""
    inner = path.relative_to(folder).with_suffix("")
    if inner.name != "summary":
        return str(inner)
    return str(inner.parent) if inner.parent.name else folder.absolute().name


def _below(folder: Path) -> Iterator[Path]:
    """Campaigns, and the CSV files that lie in none of them."""
    here = sorted(folder.iterdir())
    yield from (path for path in here if path.suffix == ".csv" and path.is_file())
    for path in here:
        if not path.is_dir() or path.name.startswith("."):
            continue
        if (path / "trials").is_dir():
            yield path
        else:
            yield from _below(path)
