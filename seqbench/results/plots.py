"""Lines with error bars: a panel a metric and phase, a line a group, labelled units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from .files import written
from .front import Point, front, points_of
from .summary import swept_columns
from .wording import case_label, header, plain, scale_of

PANEL_INCHES = (5.4, 4.2)
FONT_SIZE = 11
MARKERS = "osD^v<>P*X"
MOST_TICKS = 10
PHASE = "phase"
"""As x: the number that a metric's phases end in, where one trial tells several (`lag 10`)."""


@dataclass(frozen=True, slots=True)
class PlotHints:
    """What to draw: a dotted key, metrics, the keys that tell lines apart, and the scales.

    x may be `phase`, see PHASE. `front` names a quality and a cost: a panel of the one against the
    other.
    """

    x: str = ""
    metrics: Sequence[str] = ()
    group: Sequence[str] = ()
    x_scale: str = "linear"
    y_scale: str = "linear"
    front: Sequence[str] = ()


def line_plot(summary: pd.DataFrame, hints: PlotHints, base: Path, title: str = "") -> list[Path]:
    """Write `base`.png and `base`.svg. Empty where the hints or the summary have nothing to draw.

    Keys that were swept beside `hints.group` and are not told by x tell lines apart too, so that
    no line runs through points of different cases.
    """
    x = f"p.{hints.x}"
    points = points_of(summary, *hints.front) if hints.front else []
    drawn = summary[summary["metric"].isin(list(hints.metrics))]
    if hints.x == PHASE:
        summary = drawn = _by_phase(drawn)
    if x not in summary or drawn.empty:
        return []
    drawn = drawn[[plain(value) != "" for value in drawn[x]]]
    if drawn.empty:
        return []
    group = _groups(drawn, x, [f"p.{key}" for key in hints.group])
    return _draw(drawn, x, group, hints, points, Path(base), title)


def _by_phase(drawn: pd.DataFrame) -> pd.DataFrame:
    """The rows whose phase ends in a number, with that as a swept value and no phase."""
    number = pd.to_numeric(drawn["phase"].str.extract(r"(\d+)$")[0])
    return drawn.assign(phase="", **{f"p.{PHASE}": number})[number.notna()]


def _groups(drawn: pd.DataFrame, x: str, asked: list[str]) -> list[str]:
    """`asked` and as many further swept columns as it takes to have one point an x."""
    group = [name for name in asked if name in drawn]
    for name in swept_columns(drawn):
        place = [x, *group, "metric", "phase"]
        cells = drawn.groupby(place, dropna=False)[name].nunique(dropna=False)
        if name not in place and (cells > 1).any():
            group.append(name)
    return group


def _draw(
    drawn: pd.DataFrame,
    x: str,
    group: list[str],
    hints: PlotHints,
    points: list[Point],
    base: Path,
    title: str,
) -> list[Path]:
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    order = {metric: n for n, metric in enumerate(hints.metrics)}
    panels = sorted(drawn.groupby(["metric", "phase"]), key=lambda p: (order[p[0][0]], p[0][1]))
    style: dict[Any, Any] = {"font.size": FONT_SIZE, "svg.hashsalt": "seqbench", "axes.grid": True}
    with mpl.rc_context({**style, "grid.alpha": 0.3}):
        width, height = PANEL_INCHES
        count = len(panels) + bool(points)
        figure = Figure(figsize=(width * count, height), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots(1, count, squeeze=False)[0]
        for axis, ((metric, phase), rows) in zip(axes, panels, strict=False):
            _panel(axis, rows, x, group, hints)
            repeated = sum(name == metric for (name, _), _ in panels) > 1
            _label(axis, rows, hints, header(metric, phase if repeated else "", ""))
        if group:
            axes[len(panels) - 1].legend(fontsize=FONT_SIZE - 2)
        if points:
            _front_panel(axes[-1], points, hints)
        if title:
            figure.suptitle(title)
        return _save(figure, base)


def _panel(axis: Any, rows: pd.DataFrame, x: str, group: list[str], hints: PlotHints) -> None:
    factor, _ = scale_of(rows["unit"].iloc[0], rows["value"])
    places = _places(rows[x])
    lines = rows.groupby(group, dropna=False, sort=True) if group else [((), rows)]
    for number, (key, line) in enumerate(lines):
        line = line.assign(place=[places[plain(v)] for v in line[x]]).sort_values("place")
        y = line["value"] / factor
        errors = [(y - line["ci_low"] / factor).fillna(0), (line["ci_high"] / factor - y).fillna(0)]
        axis.errorbar(
            line["place"],
            y,
            yerr=[error.clip(lower=0) for error in errors],
            label=case_label(dict(zip(group, key, strict=True))),
            marker=MARKERS[number % len(MARKERS)],
            capsize=3,
        )
    _scales(axis, rows, places, hints)


def _front_panel(axis: Any, points: list[Point], hints: PlotHints) -> None:
    """Every case by its cost and quality, with its name; a line through those that none beats."""
    quality, cost = hints.front
    best = front(points)
    axis.plot([p.cost for p in best], [p.quality for p in best], color="0.6", label="front")
    for number, point in enumerate(points):
        marker = MARKERS[number % len(MARKERS)]
        axis.plot([point.cost], [point.quality], marker, label=_short(point.case))
    if min(point.cost for point in points) > 0:
        axis.set_xscale("log")
    axis.set_xlabel(cost)
    axis.set_ylabel(quality)
    axis.legend(fontsize=FONT_SIZE - 4)


def _short(case: str) -> str:
    """`bidirectional=true, num_layers=2` of whole keys."""
    return ", ".join(part.rpartition(".")[2] for part in case.split(", "))


def _places(values: pd.Series) -> dict[str, float]:
    """Where each x stands: numbers at themselves, names side by side."""
    if pd.api.types.is_numeric_dtype(values):
        return {plain(value): float(value) for value in sorted(values.unique())}
    return {plain(value): float(n) for n, value in enumerate(sorted(values.unique()))}


def _scales(axis: Any, rows: pd.DataFrame, places: dict[str, float], hints: PlotHints) -> None:
    """Logarithmic where asked and possible; the values of x themselves as ticks."""
    if hints.x_scale == "log" and min(places.values()) > 0:
        axis.set_xscale("log")
    if hints.y_scale == "log" and (rows["value"] > 0).all():
        from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

        axis.set_yscale("log")
        axis.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))  # readable within one decade too
        axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.yaxis.set_minor_formatter(NullFormatter())
    if len(places) <= MOST_TICKS:
        axis.set_xticks(list(places.values()), labels=list(places))
        axis.tick_params(axis="x", which="minor", bottom=False, labelbottom=False)


def _label(axis: Any, rows: pd.DataFrame, hints: PlotHints, name: str) -> None:
    _, unit = scale_of(rows["unit"].iloc[0], rows["value"])
    axis.set_xlabel(hints.x)
    axis.set_ylabel(header(name, "", unit))


def _save(figure: Any, base: Path) -> list[Path]:
    """PNG and SVG; no date in the SVG, so that it diffs."""
    paths = []
    for suffix, options in (("png", {"dpi": 150}), ("svg", {"metadata": {"Date": None}})):
        save = partial(figure.savefig, format=suffix, **options)
        paths.append(written(base.with_name(f"{base.name}.{suffix}"), save))
    return paths
