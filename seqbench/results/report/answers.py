"""The sentences on top of the page: what each table answers, out of its numbers alone."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from ..claims import Kept
from ..evidence import Evidence
from ..scaling import scaling_sentence, scaling_table
from ..sentences import generic_sentence, sentence
from ..wording import number, several
from .sheet import Sheet
from .states import is_cost

PAIRED = ("cell_cost",)
"""Experiments whose sentence can be had of a summary: ratios of its medians, without intervals."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A sentence, what was asked where that is known, and the sheet that it comes from.

    `verdict` and `claim` are what its claim's answer is, "" where nothing is claimed.
    """

    experiment: str
    question: str
    sentence: str
    sheet: str
    verdict: str = ""
    claim: str = ""


def answer(
    evidence: Evidence, sheet: str, question: str = "", metrics: Sequence[str] = ()
) -> list[Answer]:
    """One of each experiment in the table."""
    found = []
    for experiment, table in evidence.table.groupby("experiment", sort=True):
        summary = evidence.summary[evidence.summary["experiment"] == experiment]
        own = Evidence(table, summary.reset_index(drop=True), evidence.items)
        found.append(
            Answer(str(experiment), question, sentence(str(experiment), own, metrics), sheet)
        )
    return found


def with_growth(told: Answer, evidence: Evidence, scaling: Mapping[str, Any]) -> Answer:
    """The sentence with the exponent that the plan asks for (`axis`, `doublings`)."""
    axis = scaling.get("axis", "")
    if not axis:
        return told
    fits = scaling_table(evidence.table, axis, scaling.get("doublings"))
    return replace(told, sentence=f"{told.sentence} {scaling_sentence(fits, axis)}")


def with_claim(told: Answer, kept: Kept | None) -> Answer:
    """The answer to the experiment's claim beside its sentence."""
    if kept is None or kept.experiment != told.experiment:
        return told
    return replace(told, verdict=kept.answer.verdict, claim=kept.sentence)


def answer_of(sheet: Sheet) -> list[Answer]:
    """Of a sheet that is no table of samples."""
    if sheet.kind == "summary":
        return _of_summary(sheet)
    tell = _of_ratios if sheet.kind == "ratios" else _of_verdicts
    return [Answer(sheet.name, "", tell(sheet), sheet.name)]


def _of_summary(sheet: Sheet) -> list[Answer]:
    """The samples are gone: intervals stand in the summary, pairs of rounds do not."""
    summary = pd.DataFrame(sheet.columns)
    for name in ("value", "ci_low", "ci_high"):
        summary[name] = pd.to_numeric(summary[name])
    found = []
    for experiment, own in summary.groupby("experiment", sort=True):
        own = own.reset_index(drop=True)
        evidence = Evidence(_trials_of(own), own)
        if experiment in PAIRED or (own["metric"] == "").all():
            told = sentence(str(experiment), evidence)
        else:
            told = generic_sentence(evidence, _telling(own))
        found.append(Answer(str(experiment), "", told, sheet.name))
    return found


def _trials_of(summary: pd.DataFrame) -> pd.DataFrame:
    """A table with as many trials a case as the summary counts, and one value each.

    Every trial of a case holds the case's median, so ratios are right and have no interval.
    """
    rows: list[dict[str, Any]] = []
    for row in summary.to_dict("records"):
        for trial in range(int(row["trials"])):
            done = trial < int(row["done"])
            rows.append(
                row
                | {
                    "trial_key": f"{row['case_id']} {trial}",
                    "status": "done" if done or row["status"] == "gate failed" else row["status"],
                    "gate": "fail" if not done and row["status"] == "gate failed" else "none",
                    "valid": trial < int(row["valid"]),
                    "seed": 0,
                    "round": 0,
                    "group": "",
                }
            )
    return pd.DataFrame(rows)


def _telling(summary: pd.DataFrame) -> list[str]:
    """Metrics to answer by: qualities first, then costs, as the table has them."""
    judged = summary[
        summary["direction"].isin(["higher", "lower"]) & (summary["phase"] != "ceiling")
    ]
    judged = judged[judged["task"] != "train"] if (judged["task"] != "train").any() else judged
    pairs = dict.fromkeys(zip(judged["metric"], judged["unit"], strict=True))
    return sorted((m for m, _ in pairs), key=lambda m: any(is_cost(*p) for p in pairs if p[0] == m))


def _of_ratios(sheet: Sheet) -> str:
    ratios = [r for r in sheet.columns["ratio"] if _positive(r)]
    if not ratios:
        return "No row has a ratio, so there is no answer."
    mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
    less = sum(r < 1 for r in ratios)
    return (
        f"Ours took less time than the other side in {less} of {several(len(ratios), 'row')}; "
        f"ratios ours/peer from {number(min(ratios), 2)} to {number(max(ratios), 2)}, geometric "
        f"mean {number(mean, 2)}{_targets(sheet)}."
    )


def _targets(sheet: Sheet) -> str:
    """`; 31 of 40 targets met`: a row's own, and each group's once."""
    met = {}
    for row in range(len(sheet)):
        group, target = sheet.columns["group"][row], target_of(sheet, row)
        own = sheet.column("at_most")[row] not in ("", None)
        if target:
            met[(group, row if own else -1)] = target == "met"
    return f"; {sum(met.values())} of {several(len(met), 'target')} met" if met else ""


def target_of(sheet: Sheet, row: int) -> str:
    """`met` or `missed`: the row's ratio against its own target, else its group's mean."""
    for value, limit in (("ratio", "at_most"), ("group_mean", "group_at_most")):
        found, most = sheet.column(value)[row], sheet.column(limit)[row]
        if _positive(found) and _positive(most):
            return "met" if found <= most else "missed"
    return ""


def _positive(value: Any) -> bool:
    return isinstance(value, (int, float)) and 0 < value < math.inf


def _of_verdicts(sheet: Sheet) -> str:
    pairs = zip(sheet.columns["verdict"], sheet.column("presence"), strict=True)
    counts = Counter(
        str(verdict or (there if there in ("added", "removed") else "not judged"))
        for verdict, there in pairs
    )
    told = ", ".join(f"{count} {verdict}" for verdict, count in sorted(counts.items()))
    return f"{several(len(sheet), 'row')} compared: {told}."
