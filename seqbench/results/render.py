"""The summary on a terminal or in a file: one row a case, metrics as columns, faults in full."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TextIO

import pandas as pd

from .roof import bound_columns
from .summary import swept_columns
from .wording import case_label, header, number, plain, scale_of, several, with_interval

SHOWN: dict[str, tuple[str, ...]] = {
    "train": ("valid_perplexity", "train_time", "time_to_quality", "epochs", "num_parameters"),
    "translate": (
        "bleu",
        "length_ratio",
        "search_errors",
        "model_errors",
        "tokens_per_s",
        "peak_memory",
    ),
    "beam_errors": (
        "bleu",
        "search_error_rate",
        "model_error_rate",
        "true_search_errors",
        "gain_at_fault",
        "gain_elsewhere",
        "mended_at_fault",
        "tokens_per_s",
    ),
    "exact_search": (
        "missed",
        "score_gap",
        "score_gap_missed",
        "exact_worse",
        "exact_decided",
        "times_search",
        "bleu",
        "exact_bleu",
    ),
    "cell_cost": (
        "time forward",
        "time forward_backward",
        "flops forward_backward",
        "peak_memory forward_backward",
        "share_of_gemm forward_backward",
        "share_of_ceiling forward_backward",
    ),
    "kernel_cost": (
        "time forward",
        "time forward_backward",
        "peak_memory forward",
        "gflops_per_s forward",
        "share_of_limit forward",
        "share_of_limit forward_backward",
    ),
    "kernel_contrast": (
        "time forward",
        "time forward_backward",
        "flops forward",
        "peak_memory forward",
    ),
    "word_cost": (
        "word_time forward",
        "words_per_s forward",
        "pair_time forward",
        "mean_code_length forward",
        "peak_memory forward",
    ),
}
"""By task: metrics of the terminal's table (`metric` or `metric phase`); files have them all."""

MOST_COLUMNS = 8
MOST_FAULTS = 12


@dataclass(frozen=True, slots=True)
class Grid:
    """A table of texts. `same` tells the swept values that all cases share."""

    title: str
    same: str
    columns: list[str]
    rows: list[list[str]]
    left_out: int = 0


def grids(summary: pd.DataFrame) -> list[Grid]:
    """One grid a task: trainings first, then what was asked."""
    tasks = sorted(summary["task"].unique(), key=lambda task: (task != "train", task))
    return [grid(summary[summary["task"] == task]) for task in tasks]


def grid(summary: pd.DataFrame) -> Grid:
    """The cases of one task, every case a row, also where it has no value."""
    task = str(summary["task"].iloc[0])
    cases = summary.drop_duplicates(["case_id", "kernel_impl"])
    varying, same = _varying(cases)
    metrics, left_out = _shown(summary, task)
    columns = [name.removeprefix("p.") for name in varying] + ["kernel_impl", "status"]
    texts = {
        key: [plain(value) for value in cases[name]]
        for key, name in zip(columns, [*varying, "kernel_impl"], strict=False)
    }
    texts["status"] = [_status(row) for row in cases.itertuples()]
    keys = list(zip(cases["case_id"], cases["kernel_impl"], strict=True))
    for metric, phase, shown_phase in metrics:
        name, cells = _metric_column(summary, metric, phase, shown_phase)
        texts[name] = [cells.get(key, "") for key in keys]
    for name, words in bound_columns(summary).items():
        texts[name] = [words.get(key, "") for key in keys]
    rows = [list(row) for row in zip(*texts.values(), strict=True)]
    return Grid(task, case_label(same), list(texts), rows, left_out)


def _varying(cases: pd.DataFrame) -> tuple[list[str], dict[str, Any]]:
    """The swept columns that tell cases apart, and the values of those that do not."""
    swept = swept_columns(cases)
    varying = [name for name in swept if cases[name].nunique(dropna=False) > 1]
    return varying, {name: cases[name].iloc[0] for name in swept if name not in varying}


def _shown(summary: pd.DataFrame, task: str) -> tuple[list[tuple[str, str, str]], int]:
    """(metric, phase, phase as the header tells it) to show, and how many are not shown."""
    there = summary[summary["metric"] != ""]
    pairs = list(dict.fromkeys(zip(there["metric"], there["phase"], strict=True)))
    asked = SHOWN.get(task, ())
    chosen = [p for name in asked for p in pairs if name in (p[0], f"{p[0]} {p[1]}")]
    chosen = (chosen or [p for p in pairs if p[1] != "ceiling"])[:MOST_COLUMNS]
    phases = [metric for metric, _ in pairs]
    told = [(m, phase, phase if phases.count(m) > 1 else "") for m, phase in chosen]
    return told, len(pairs) - len(chosen)


def _metric_column(
    summary: pd.DataFrame, metric: str, phase: str, shown_phase: str
) -> tuple[str, dict[tuple[str, str], str]]:
    """Its header, and its text by (case_id, kernel_impl)."""
    rows = summary[(summary["metric"] == metric) & (summary["phase"] == phase)]
    factor, unit = scale_of(rows["unit"].iloc[0], rows["value"])
    texts = {
        (row.case_id, row.kernel_impl): with_interval(
            row.value / factor, row.ci_low / factor, row.ci_high / factor
        )
        for row in rows.itertuples()
    }
    return header(metric, shown_phase, unit), texts


def _status(row: Any) -> str:
    """`done`, `2 of 3 done, timeout`, `oom`, `done, 1 of 3 not clean`, and where none is clean
    `done, 3 of 3 not clean: times unranked`."""
    if row.done == 0:
        return str(row.status)
    told = "done" if row.done == row.trials else f"{row.done} of {row.trials} done, {row.status}"
    noisy = row.done - row.valid
    unranked = ": times unranked" if noisy == row.done else ""
    return f"{told}, {noisy} of {row.done} not clean{unranked}" if noisy else told


def faults(table: pd.DataFrame) -> list[str]:
    """Each way in which trials failed or were skipped, the reason, and the cases."""
    trials = table.drop_duplicates("trial_key")
    trials = trials[(trials["status"] != "done") | (trials["gate"] == "fail")]
    state = trials["status"].where(trials["gate"] != "fail", "gate failed")
    why = trials["error"].where(trials["error"] != "", trials["reasons"])
    lines = []
    swept, _ = _varying(table)
    for (state_, why_), own in trials.groupby([state.rename("s"), why.rename("w")], sort=False):
        labels = list(dict.fromkeys(case_label(row) for row in own[swept].to_dict("records")))
        more = f" and {len(labels) - 1} more" if len(labels) > 1 else ""
        where = f" ({labels[0]}{more})" if labels[0] else ""
        lines.append(f"{state_}: {several(len(own), 'trial')}{where}: {why_ or 'no reason told'}")
    if len(lines) > MOST_FAULTS:
        lines[MOST_FAULTS:] = [f"and {len(lines) - MOST_FAULTS} more kinds of fault; see the table"]
    return lines


def cleanliness(table: pd.DataFrame) -> str:
    """How many trials were not measured cleanly, with one reason; "" where all were."""
    trials = table[table["status"] == "done"].drop_duplicates("trial_key")
    noisy = trials[~trials["valid"] & (trials["gate"] != "fail")]
    if noisy.empty:
        return ""
    reason = noisy["reasons"].iloc[0] or "no reason told"
    return (
        f"{len(noisy)} of {several(len(trials), 'trial')} not measured cleanly, "
        f"for example: {reason}"
    )


def ceilings(table: pd.DataFrame) -> str:
    """The machine's ceilings, medians over the trials; "" where none were measured."""
    rows = table[table["phase"] == "ceiling"]
    found = rows.groupby(["metric", "unit"], sort=True)["value"].median()
    return ", ".join(f"{metric} {number(v, 3)} {unit}" for (metric, unit), v in found.items())


def show(grid: Grid, out: TextIO) -> None:
    """Print with rich on a terminal, as aligned text elsewhere."""
    if out.isatty():
        _show_rich(grid, out)
        return
    print(f"{_caption(grid)}\n{aligned([grid.columns, *grid.rows])}", file=out)


def _caption(grid: Grid) -> str:
    more = f"; {several(grid.left_out, 'more metric')} in summary.csv" if grid.left_out else ""
    return f"{grid.title}{': ' if grid.same else ''}{grid.same}{more}"


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Columns two spaces apart, nothing cut."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def _show_rich(grid: Grid, out: TextIO) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(_caption(grid)), title_justify="left", box=SIMPLE_HEAD)
    for column in grid.columns:
        table.add_column(Text(column.replace(" ", "\n")), overflow="fold")  # narrow terminals
    for row in grid.rows:
        style = "" if row[grid.columns.index("status")].startswith("done") else "red"
        table.add_row(*(Text(cell) for cell in row), style=style)
    Console(file=out).print(table)
