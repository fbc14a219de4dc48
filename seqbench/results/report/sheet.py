"""One table of the page: named columns of texts or numbers, and what it says about itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from seqbench.interfaces import StoreError

Kind = Literal["rows", "summary", "ratios", "verdicts"]
Column = list[Any]
"""Texts, or numbers with None where there is none."""

KEYS: dict[str, tuple[str, ...]] = {
    "rows": ("trial_key", "phase", "metric", "repetition"),
    "summary": ("experiment", "task", "case_id", "kernel_impl", "phase", "metric"),
    "ratios": ("group", "size", "ours", "peer"),
    "verdicts": ("experiment", "task", "label", "kernel_impl", "phase", "metric"),
}
"""By kind: the columns that name a row; a deep link holds their values."""


@dataclass(slots=True)
class Sheet:
    """A table of one kind. `hints` are a plan's plot hints, `provenance` its documents by key."""

    name: str
    kind: Kind
    source: str
    columns: dict[str, Column]
    hints: Mapping[str, Any] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), ()))

    @property
    def key(self) -> tuple[str, ...]:
        """Empty where a comparison of another make has not all of these columns."""
        names = KEYS[self.kind]
        return names if all(name in self.columns for name in names) else ()

    def column(self, name: str) -> Column:
        """Its values; empty texts where there is no such column."""
        return self.columns.get(name) or [""] * len(self)

    def label(self, row: int) -> str:
        """`beam_width_bleu, translate, decode, bleu`: what names a row, for people."""
        told = (self.columns[name][row] for name in self.key or tuple(self.columns)[:4])
        return ", ".join(str(value) for value in told if value not in ("", None))


def kind_of(columns: Sequence[str], source: str) -> Kind:
    """What a table is by its header. StoreError for one that is none of ours."""
    there = set(columns)
    if "trial_key" in there or "schema_version" in there:
        return "rows"
    if {"case_id", "metric", "value", "done", "trials"} <= there:
        return "summary"
    if {"group", "size", "ours", "peer", "ratio"} <= there:
        return "ratios"
    if "verdict" in there:
        return "verdicts"
    told = ", ".join(columns[:6]) or "nothing"
    raise StoreError(
        f"report: {source} is no table of this kind (its columns begin {told}), expected "
        "table.csv, table.parquet or summary.csv of a campaign, a table of ratios, or a "
        "comparison as JSON"
    )
