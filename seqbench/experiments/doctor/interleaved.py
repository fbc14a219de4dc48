"""The same code twice: two sides of every cell in processes that take turns at random."""

from __future__ import annotations

import random
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from seqbench.interfaces import Case, Env, Limits, Trial, TrialRecord, UsageError
from seqbench.measure.sensitivity import time_of

from ..artifacts import ArtifactCache
from ..launcher import Event, run_trials
from ..store import TrialStore
from .cells import Cell

SIDES = ("a", "b")
TASKS = {"doctor_cell": "seqbench.experiments.tasks.doctor_cell:run"}
TIMEOUT_S = 120.0

OnEvent = Callable[[Event], None]


@dataclass(frozen=True, slots=True)
class Twice:
    """seconds : (C, R, 2), what a process says (`time_of`) by cell, round and side; NaN where lost.

    process_s : (C,) wall seconds of one process of each cell; errors : why processes were lost
    """

    cells: list[Cell]
    seconds: np.ndarray
    process_s: np.ndarray
    errors: list[str] = field(default_factory=list)

    @property
    def rounds(self) -> int:
        return int(self.seconds.shape[1])

    @property
    def durations(self) -> np.ndarray:
        """(C,) the median time of each cell over all processes; NaN where all were lost."""
        flat = self.seconds.reshape(len(self.cells), -1)
        known = np.isfinite(flat).any(axis=1)
        return np.where(known, np.nanmedian(np.where(known[:, None], flat, 0.0), axis=1), np.nan)


def plan_twice(
    cells: Sequence[Cell],
    *,
    rounds: int,
    seconds: float,
    seed: int,
    task: str = "doctor_cell",
    more: Mapping[str, Mapping[str, float]] | None = None,
) -> list[Trial]:
    """One process a cell, round and side; a round's cells in random order, its sides adjacent.

    more : further params by side, such as a planted slowdown
    """
    trials = []
    for number in range(rounds):
        order = list(range(len(cells)))
        random.Random(f"{seed}/{number}").shuffle(order)
        for place in order:
            sides = list(SIDES)
            random.Random(f"{seed}/{number}/{place}").shuffle(sides)
            for side in sides:
                extra = dict((more or {}).get(side, {}))
                params = cells[place].params(side=side, seconds=seconds, **extra)
                trials.append(
                    Trial(
                        Case("doctor", task, params, seed),
                        round=number,
                        env=Env(),
                        limits=Limits(TIMEOUT_S),
                        group="doctor",
                    )
                )
    return trials


def time_twice(
    cells: Sequence[Cell],
    *,
    rounds: int,
    seconds: float = 0.1,
    seed: int = 0,
    task: str = "doctor_cell",
    tasks: Mapping[str, str] | None = None,
    more: Mapping[str, Mapping[str, float]] | None = None,
    on_event: OnEvent = lambda event: None,
) -> Twice:
    """Run `plan_twice` in the runner's children, one at a time; no row is kept.

    Raises KeyboardInterrupt where the run was interrupted.
    """
    trials = plan_twice(cells, rounds=rounds, seconds=seconds, seed=seed, task=task, more=more)
    with tempfile.TemporaryDirectory(prefix="seqbench-doctor-") as folder:
        store = TrialStore(Path(folder))
        outcome = run_trials(
            trials,
            store=store,
            tasks=tasks or TASKS,
            on_event=on_event,
            cache=ArtifactCache(folder),
        )
        if outcome.interrupted:
            raise KeyboardInterrupt  # half a test tells nothing
        records = {record.trial_key: record for record in store.read_all()}
    return _gathered(cells, rounds, [(trial, records.get(trial.trial_key)) for trial in trials])


def _gathered(
    cells: Sequence[Cell], rounds: int, ended: list[tuple[Trial, TrialRecord | None]]
) -> Twice:
    places = {(cell.kernel, repr(cell.sizes)): place for place, cell in enumerate(cells)}
    seconds = np.full((len(cells), rounds, len(SIDES)), np.nan)
    walls: list[list[float]] = [[] for _ in cells]
    errors: dict[str, None] = {}
    for trial, record in ended:
        params = trial.case.params
        place = places[params["kernel"], repr(params["sizes"])]
        times = [s.value for s in record.samples if s.metric == "time"] if record else []
        if record is None or record.status != "done" or not times:
            why = record.error if record else "no row"
            errors[f"{cells[place].name}: {why}"] = None
            continue
        walls[place].append(record.wall_s)
        seconds[place, trial.round, SIDES.index(params["side"])] = time_of(times)
    process_s = np.array([statistics.median(own) if own else np.nan for own in walls])
    return Twice(list(cells), seconds, process_s, list(errors))


def rounds_that_fit(
    budget_s: float, cells: Sequence[Cell], seconds: float, least: int
) -> tuple[int, float]:
    """(rounds, seconds they take): of one round tried, as many as fit; UsageError below `least`."""
    began = time.monotonic()
    time_twice(cells, rounds=1, seconds=seconds)
    one = time.monotonic() - began
    rounds = int(budget_s // one)
    if rounds < least:
        raise UsageError(
            f"doctor: {budget_s:g} s hold {rounds} rounds of {one:.0f} s each, expected {least} at "
            f"least; give it {least * one:.0f} s or fewer cells"
        )
    return rounds, rounds * one
