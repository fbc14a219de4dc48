"""What ends a run: tables, plot and page on disk; table, paths and answer on the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TextIO

import pandas as pd

from seqbench.interfaces import StoreError

from .campaign import Tell, load_records, planned
from .claims import CLAIM, Kept, answered, write_answer
from .evidence import Evidence
from .plots import PlotHints, line_plot
from .render import ceilings, cleanliness, faults, grids, show
from .report import campaign_page
from .scaling import scaling_sentence, scaling_table
from .sentences import sentence
from .summary import summarise
from .table import tidy, write_csv, write_parquet


@dataclass(frozen=True, slots=True)
class Finished:
    """Where everything lies, and the answer.

    `plot_paths` is empty where nothing can be drawn, `page_path` None where no page can be made,
    `answer` None where the experiment claims nothing.
    """

    table_path: Path
    parquet_path: Path
    summary_path: Path
    plot_paths: list[Path]
    page_path: Path | None
    sentence: str
    scaling_path: Path | None = None
    answer: Kept | None = None


def finish(
    campaign_dir: Path | str,
    *,
    experiment: str,
    question: str,
    plot_hints: Mapping[str, Any],
    out: TextIO,
    scaling: Mapping[str, Any] | None = None,
    claim: Mapping[str, Any] | None = None,
    rests_on: str = "",
) -> Finished:
    """Write table.csv, table.parquet, summary.csv, plot.png, .svg and report.html.

    With an axis in `scaling` (`axis`, `doublings`) scaling.csv as well: the exponents of growth.
    With a `claim` (seqbench.interfaces.claims) claim.json: what was measured of it, and the answer;
    `rests_on` says what kind of evidence the rows are.

    Prints what went wrong, the table of every task, the paths and the sentence to `out`. Nothing
    but the campaign's files is read, so an old campaign renders without rerunning.

    plot_hints : the fields of PlotHints; others are ignored

    Raises StoreError where the campaign cannot be read or the files not be written.
    """
    folder = Path(campaign_dir)

    def tell(message: str) -> None:
        print(message, file=out)

    records = planned(load_records(folder, tell), folder, tell)
    items = {record.trial_key: record.items for record in records if record.items}
    table = tidy(records)
    evidence = Evidence(table, summarise(table, items), items)
    hints = _hints(plot_hints)
    fits, growth = _scaling(table, scaling or {}, folder)
    plan = {"question": question, "plot": dict(plot_hints), "scaling": dict(scaling or {})}
    kept = _answer(experiment, claim or {}, rests_on, evidence, folder)
    finished = Finished(
        table_path=write_csv(table, folder / "table.csv"),
        parquet_path=write_parquet(table, folder / "table.parquet"),
        summary_path=write_csv(evidence.summary, folder / "summary.csv"),
        plot_paths=_plot(evidence, hints, folder / "plot", question),
        page_path=_page(evidence, folder, plan, kept, tell),
        sentence=" ".join([sentence(experiment, evidence, hints.metrics), *growth]),
        scaling_path=fits,
        answer=kept,
    )
    _print(evidence, finished, question, out)
    return finished


def _scaling(
    table: pd.DataFrame, asked: Mapping[str, Any], folder: Path
) -> tuple[Path | None, list[str]]:
    """scaling.csv and its sentence, where an axis is asked for; one of an earlier finish goes."""
    path = folder / "scaling.csv"
    path.unlink(missing_ok=True)
    axis = asked.get("axis", "")
    if not axis or table.empty:
        return None, []
    fits = scaling_table(table, axis, asked.get("doublings"))
    return write_csv(fits, path), [scaling_sentence(fits, axis)]


def _answer(
    experiment: str,
    claim: Mapping[str, Any],
    rests_on: str,
    evidence: Evidence,
    folder: Path,
) -> Kept | None:
    """claim.json, where something is claimed; one of an earlier finish goes."""
    path = folder / CLAIM
    path.unlink(missing_ok=True)
    kept = answered(experiment, claim, rests_on, evidence)
    if kept is not None:
        write_answer(kept, path)
    return kept


def _hints(plain: Mapping[str, Any]) -> PlotHints:
    known = {f.name for f in fields(PlotHints)}
    return PlotHints(**{name: value for name, value in plain.items() if name in known})


def _plot(evidence: Evidence, hints: PlotHints, base: Path, title: str) -> list[Path]:
    """A plot of an earlier finish goes: it would show other numbers than the table."""
    for suffix in (".png", ".svg"):
        base.with_suffix(suffix).unlink(missing_ok=True)
    return line_plot(evidence.summary, hints, base, title)


def _page(
    evidence: Evidence, folder: Path, plan: Mapping[str, Any], kept: Kept | None, tell: Tell
) -> Path | None:
    """Tables that a page cannot show are told; the run has them all the same."""
    try:
        return campaign_page(evidence, folder, plan, kept)
    except StoreError as error:
        tell(str(error))
        return None


def _print(evidence: Evidence, finished: Finished, question: str, out: TextIO) -> None:
    for grid in grids(evidence.summary):
        show(grid, out)
        print(file=out)
    machine = ceilings(evidence.table)
    told = [f"ceilings: {machine}" if machine else "", *faults(evidence.table)]
    told.append(cleanliness(evidence.table))
    told.append(f"table: {finished.table_path}")
    told += [f"       {path}" for path in (finished.parquet_path, finished.summary_path)]
    told += [f"growth: {finished.scaling_path}"] if finished.scaling_path else []
    told += [f"plot:  {path}" for path in finished.plot_paths]
    told += [f"page:  {finished.page_path}"] if finished.page_path else []
    print("\n".join(line for line in told if line), file=out)
    print(f"\n{question} {finished.sentence}".rstrip(), file=out)
    if finished.answer is not None:
        print(f"\n{finished.answer.sentence}", file=out)
