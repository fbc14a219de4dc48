"""What binds each case, by the limits that its trials were told: a column of words."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

LIMITS = ("compute", "memory", "transcendental", "launch")

Texts = dict[tuple[str, str], str]
"""(case_id, kernel_impl) -> the word."""


def binding(limits: Mapping[str, float]) -> str:
    """The largest term of the largest limit; products and nonlinearities follow one another."""
    work = limits["compute"] + limits["transcendental"]
    if limits["launch"] >= max(work, limits["memory"]):
        return "launch"
    if limits["memory"] >= work:
        return "memory"
    return "compute" if limits["compute"] >= limits["transcendental"] else "transcendental"


def bound_columns(summary: pd.DataFrame) -> dict[str, Texts]:
    """`binds forward` and the like: a column a phase, for the cases that have limits."""
    rows = summary[summary["metric"].isin([f"limit_{name}" for name in LIMITS])]
    columns: dict[str, Texts] = {}
    for (phase, case_id, impl), own in rows.groupby(
        ["phase", "case_id", "kernel_impl"], sort=False
    ):
        limits = {
            metric.removeprefix("limit_"): value
            for metric, value in zip(own["metric"], own["value"], strict=True)
        }
        if len(limits) == len(LIMITS):
            columns.setdefault(f"binds {phase}", {})[case_id, impl] = binding(limits)
    return columns
