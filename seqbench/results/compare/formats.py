"""A comparison as text for a terminal, Markdown, JSON and JUnit; names are never markup."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Collection
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import numpy as np
import pandas as pd

from ..render import aligned
from ..wording import number, scale_of, several
from .comparison import Comparison
from .reasons import NO_DIRECTION, RESTATES

FORMAT_VERSION = 1
MOST_ROWS = 60
HEADERS = ("verdict", "case", "metric", "BASE", "NEW", "ratio", "interval", "effect", "why")
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff\ud800-\udfff]")
"""What XML cannot hold, or a terminal would obey."""


def sentence(comparison: Comparison) -> str:
    """`3 rows worse: 2 SLOWER, 1 removed; 40 SAME, ...`"""
    counts = ", ".join(f"{count} {word}" for word, count in comparison.counts.items())
    worse = comparison.worse
    verdict = f"{several(worse, 'row')} worse" if worse else "nothing is worse"
    return f"{verdict}; of {several(len(comparison.rows), 'row')}: {counts}"


def as_table(comparison: Comparison, limit: int | None = MOST_ROWS) -> str:
    """Aligned columns, the worst first; what changed nothing is cut at `limit` rows."""
    rows, left = _cells(comparison, limit)
    lines = [f"{comparison.base} -> {comparison.new}"]
    if rows:
        lines.append(aligned([HEADERS, *rows]))
    if left:
        lines.append(f"and {several(left, 'more row')}; --all shows them")
    return "\n".join([*lines, "", *_notes(comparison), sentence(comparison)])


def as_markdown(comparison: Comparison, limit: int | None = MOST_ROWS) -> str:
    """For a comment under a pull request."""
    rows, left = _cells(comparison, limit)
    lines = [f"**{_md(sentence(comparison))}**", ""]
    lines += [_md_row(HEADERS), _md_row(["---"] * len(HEADERS))]
    lines += [_md_row([_md(cell) for cell in row]) for row in rows]
    if left:
        lines += ["", f"and {several(left, 'more row')}"]
    lines += ["", f"{_md(comparison.base)} → {_md(comparison.new)}", ""]
    lines += [f"- {_md(note)}" for note in _notes(comparison)]
    return "\n".join(lines).rstrip() + "\n"


def _md_row(cells: Any) -> str:
    return "| " + " | ".join(cells) + " |"


def _md(text: str) -> str:
    """Text that Markdown and the HTML in it leave alone."""
    return re.sub(r"([\\`*_{}\[\]<>|#~!&@])", lambda m: f"&#{ord(m[1])};", _clean(text))


def _clean(text: str) -> str:
    return CONTROL.sub("\N{REPLACEMENT CHARACTER}", str(text))


def _notes(comparison: Comparison) -> list[str]:
    return [_clean(note) for note in comparison.told] + [f"thresholds: {comparison.thresholds}"]


def _cells(comparison: Comparison, limit: int | None) -> tuple[list[list[str]], int]:
    """Texts of the rows to show, and how many are left out.

    What never could be judged is left out first; what is worse is always shown.
    """
    rows = comparison.rows
    shown = rows
    if limit is not None:
        shown = rows[~rows["reason"].isin(NEVER)][: max(limit, comparison.worse)]
    same = _same_words(shown["label"])
    return [_row(row, same) for row in shown.itertuples()], len(rows) - len(shown)


NEVER = (NO_DIRECTION, RESTATES)


def _same_words(labels: pd.Series) -> set[str]:
    """Parts `name=value` that every label has: they tell no row from another."""
    texts = [text for text in labels.unique() if text]
    if len(texts) < 2:
        return set()
    return set.intersection(*(set(text.split(", ")) for text in texts))


def _row(row: Any, same: Collection[str] = ()) -> list[str]:
    factor, unit = scale_of(row.unit, [v for v in (row.base, row.new) if math.isfinite(v)])
    label = ", ".join(part for part in row.label.split(", ") if part not in same)
    words = [row.experiment, label, row.kernel_impl]
    shown = unit if unit not in ("1", "ratio") else ""
    cells = [
        row.verdict or (row.presence if row.presence != "both" else "-"),
        ": ".join(w for w in words if w),
        f"{row.metric} {row.phase}".strip(),
        *(f"{number(v / factor)} {shown}".strip() if v == v else "" for v in (row.base, row.new)),
        number(row.ratio),
        _interval(row),
        number(row.effect, 2),
        row.reason,
    ]
    return [_clean(cell) for cell in cells]


def _interval(row: Any) -> str:
    """Of the ratio; of a quality's difference with its sign."""
    if not (math.isfinite(row.low) and math.isfinite(row.high)):
        return ""
    sign = "+" if row.kind == "quality" else ""
    return f"[{row.low:{sign}.4g}, {row.high:{sign}.4g}] {row.confidence:.1%}"


def as_json(comparison: Comparison) -> str:
    """Everything, what is not finite as null; `format` counts up when a field changes meaning."""
    rows = comparison.rows
    columns = [_finite(rows[name]) for name in rows.columns]
    names = list(rows.columns)
    document = {
        "format": FORMAT_VERSION,
        "base": comparison.base,
        "new": comparison.new,
        "worse": comparison.worse,
        "counts": dict(comparison.counts),
        "told": comparison.told,
        "thresholds": comparison.thresholds,
        "rows": [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)],
    }
    return json.dumps(document, allow_nan=False)


def _finite(values: pd.Series) -> list[Any]:
    """Plain values; None for NaN and infinities."""
    if values.dtype.kind != "f":
        return list(values.tolist())
    return list(np.where(np.isfinite(values), values.astype(object), None))


def as_junit(comparison: Comparison) -> str:
    """A test case a row: what is worse fails, what is not judged is skipped."""
    rows = comparison.rows
    skipped = (rows["verdict"] == "") & ~rows["worse"].astype(bool)
    head = (
        f'<testsuite name="seqbench compare" tests="{len(rows)}" failures="{comparison.worse}" '
        f'errors="0" skipped="{int(skipped.sum())}">'
    )
    cases = [_case(row) for row in rows.itertuples()]
    notes = escape("\n".join([*_notes(comparison), _clean(sentence(comparison))]))
    lines = ['<?xml version="1.0" encoding="utf-8"?>', "<testsuites>", head, *cases]
    return "\n".join([*lines, f"<system-out>{notes}</system-out>", "</testsuite>", "</testsuites>"])


def _case(row: Any) -> str:
    verdict, case, metric, base, new, ratio, interval, _, why = _row(row)
    told = f"{verdict}: {metric}: {base} -> {new}, ratio {ratio} {interval}".rstrip()
    told = f"{told}; {why}" if why else told
    name = quoteattr(f"{case}: {metric}")
    head = f"<testcase classname={quoteattr(_clean(row.experiment) or 'seqbench')} name={name}"
    if row.worse:
        return f"{head}><failure message={quoteattr(told)}/></testcase>"
    if row.verdict == "":
        return f"{head}><skipped message={quoteattr(told)}/></testcase>"
    return f"{head}><system-out>{escape(told)}</system-out></testcase>"


FORMATS: dict[str, Callable[[Comparison], str]] = {
    "table": as_table,
    "md": as_markdown,
    "json": as_json,
    "junit": as_junit,
}


def rendered(comparison: Comparison, form: str, *, everything: bool = False) -> str:
    """The comparison in one of FORMATS; `everything` cuts no rows."""
    if everything and form in ("table", "md"):
        return (as_table if form == "table" else as_markdown)(comparison, None)
    return FORMATS[form](comparison)
