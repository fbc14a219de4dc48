"""What doctor found, as the document that `compare` reads its thresholds from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from seqbench.measure.sensitivity import (
    CLASSES,
    class_of,
    differences,
    false_alarms,
    margin_of,
    smallest_changes,
)

from ..artifacts import default_cache
from ..environment import machine_id
from ..store import write_json
from .interleaved import Twice

FILE = "doctor.json"
BUDGET_S = 60.0
"""What a comparison may spend on a cell to see CHANGE in it."""
CHANGE = 0.05
LONG_S = 1e-3
"""Cells at least as long are certified."""
SIDE_PROCESSES = 10
"""A comparison's processes a side at least; margins are for these."""
TIMED = ("time", "tokens_per_s", "words_per_s", "gflops_per_s")
"""Metrics that a clock decides: they get the margin of times."""


@dataclass(frozen=True, slots=True)
class Certified:
    """One cell: seconds, its difference and error in the A/A test, and what can be seen in it.

    smallest : change that nine of ten comparisons of SIDE_PROCESSES a side find; within_budget :
    that of as many as fit BUDGET_S; certified : whether CHANGE can be seen then
    """

    name: str
    seconds: float
    difference: float
    error: float
    smallest: float
    within_budget: float
    certified: bool


@dataclass(frozen=True, slots=True)
class Certificate:
    """margin : relative margin of times; false_alarm_rate : share of identical cells called
    changed at that margin; smallest_change : by duration class, of its median cell."""

    margin: float
    false_alarm_rate: float
    smallest_change: dict[str, float]
    cells: list[Certified]
    rounds: int
    lost: list[str]

    @property
    def certified_share(self) -> float | None:
        """Of the cells of LONG_S or more; None where there is none."""
        long = [cell.certified for cell in self.cells if cell.seconds >= LONG_S]
        return sum(long) / len(long) if long else None


def certify(twice: Twice) -> Certificate:
    """What an A/A test says about comparisons on this machine."""
    found = differences(twice.seconds)
    here = found.with_rounds(twice.rounds, SIDE_PROCESSES)
    margin = margin_of(here)
    fitting = np.maximum(2, np.floor(BUDGET_S / (2 * twice.process_s)))
    fitting = np.where(np.isfinite(fitting), fitting, 2)
    budget = found.with_rounds(twice.rounds, fitting)
    smallest, within = smallest_changes(here, margin), smallest_changes(budget, margin)
    cells = [
        Certified(
            name=cell.name,
            seconds=float(twice.durations[n]),
            difference=float(np.expm1(found.value[n])),
            error=float(found.error[n]),
            smallest=float(smallest[n]),
            within_budget=float(within[n]),
            certified=bool(within[n] <= CHANGE),
        )
        for n, cell in enumerate(twice.cells)
    ]
    return Certificate(
        margin=float(np.expm1(margin)),
        false_alarm_rate=false_alarms(found, margin),
        smallest_change=_by_class(cells),
        cells=cells,
        rounds=twice.rounds,
        lost=twice.errors,
    )


def _by_class(cells: list[Certified]) -> dict[str, float]:
    """The median of each duration class that has cells."""
    found = {}
    for name, _ in CLASSES:
        own = [cell.smallest for cell in cells if class_of(cell.seconds) == name]
        if own and np.isfinite(own).any():
            found[name] = float(np.nanmedian(own))
    return found


def document_of(certificate: Certificate, *, quick: bool) -> dict[str, Any]:
    """`machine` is the id that tells machines apart, `thresholds` the margin of each metric."""
    return {
        "machine": machine_id(),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "quick": quick,
        "rounds": certificate.rounds,
        "false_alarm_rate": certificate.false_alarm_rate,
        "smallest_change": certificate.smallest_change,
        "thresholds": dict.fromkeys(TIMED, certificate.margin),
        "certified_share": certificate.certified_share,
        "cells": [
            {
                "name": cell.name,
                "seconds": cell.seconds,
                "smallest_change": cell.smallest,
                "within_60_s": cell.within_budget,
                "certified": cell.certified,
            }
            for cell in certificate.cells
        ],
    }


def write_certificate(document: dict[str, Any]) -> Path:
    """Into the user's cache, whole or not at all. StoreError where it cannot be written."""
    path = default_cache() / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, document)
    return path
