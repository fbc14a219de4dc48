"""Two sides of an experiment, their processes interleaved at random here and now.

Each round takes the cases in random order; at each case both sides run, one straight after the
other, in random order. So what the machine does meanwhile happens to both, and the difference
within a round is what a comparison judges. Every process is a supervised child as `seqbench run`
makes them and leaves the same row.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from seqbench.interfaces import Env, Trial, UsageError, digest

from .ab_sides import Side, import_path
from .artifacts import ArtifactCache
from .environment import provenance, surroundings
from .fates import record_of
from .interrupts import Interrupts
from .launcher import Event, OnEvent
from .plan import Plan, Skip
from .store import TrialStore
from .supervisor import Supervisor
from .taskspecs import task_spec

LEAST_ROUNDS = 10
FOLDERS = ("a", "b")

Key = str
"""Names a case on both sides: what its sides set apart is left out of it."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """cases : the trials of both sides by key, one a round; told : what has no counterpart."""

    cases: Mapping[Key, tuple[list[Trial], list[Trial]]]
    skips: tuple[list[Skip], list[Skip]]
    told: list[str] = field(default_factory=list)

    @property
    def num_trials(self) -> int:
        return sum(len(a) + len(b) for a, b in self.cases.values())


def pair_up(plans: tuple[Plan, Plan], apart: Sequence[str]) -> Pairs:
    """Trials of both plans that differ in the dotted keys `apart` alone.

    Raises UsageError for a task that measures more than cost, and where nothing pairs.
    """
    spec = task_spec(plans[0].experiment.task)
    if not spec.mixed or spec.trains:
        raise UsageError(
            f"ab: experiment {plans[0].experiment.name} has task {spec.name}, which measures more "
            "than cost, expected a task of costs alone; take cell_cost or kernel_cost, and compare "
            "qualities by two runs and `seqbench compare`"
        )
    sides = [_by_key(plan.trials, apart) for plan in plans]
    common = [key for key in sides[0] if key in sides[1]]
    skips = list(plans[0].skips), list(plans[1].skips)
    if not common:
        reasons = sorted({skip.reason for skip in (*skips[0], *skips[1])})
        why = f" ({'; '.join(reasons)})" if reasons else ""
        raise UsageError(
            f"ab: {plans[0].experiment.name}: no case can run on both sides{why}, expected one; "
            "choose other overrides"
        )
    told = [
        _alone(len(own) - len(common), plans[0].experiment.name, name)
        for own, name in zip(sides, ("A", "B"), strict=True)
        if len(own) > len(common)
    ]
    return Pairs({key: (sides[0][key], sides[1][key]) for key in common}, skips, told)


def _alone(count: int, experiment: str, side: str) -> str:
    return (
        f"{count} case{'s' * (count > 1)} of {experiment} run{'s' * (count == 1)} on {side} alone"
    )


def _by_key(trials: Iterable[Trial], apart: Sequence[str]) -> dict[Key, list[Trial]]:
    found: dict[Key, list[Trial]] = {}
    for trial in trials:
        found.setdefault(case_key(trial, apart), []).append(trial)
    return {key: sorted(own, key=lambda trial: trial.round) for key, own in found.items()}


def case_key(trial: Trial, apart: Sequence[str]) -> Key:
    """The case without the dotted keys `apart`."""
    case = trial.case
    return digest([case.experiment, case.task, without(case.params, apart), case.seed])


def without(params: Mapping[str, Any], apart: Sequence[str]) -> dict[str, Any]:
    """A copy of nested settings without the dotted keys, whole sections included."""
    heads = {key for key in apart if "." not in key}
    deeper: dict[str, list[str]] = {}
    for key in apart:
        head, _, rest = key.partition(".")
        if rest:
            deeper.setdefault(head, []).append(rest)
    return {
        name: without(value, deeper[name])
        if name in deeper and isinstance(value, Mapping)
        else value
        for name, value in params.items()
        if name not in heads
    }


def order(pairs: Pairs, seed: int) -> Iterator[tuple[int, Trial]]:
    """(side, trial) in the order to run: rounds, in them cases at random, in those the sides."""
    rounds = max(len(a) for a, _ in pairs.cases.values())
    for number in range(rounds):
        draw = random.Random(f"{seed}/{number}")
        cases = [trials for trials in pairs.cases.values() if number < len(trials[0])]
        draw.shuffle(cases)
        for trials in cases:
            sides = [0, 1]
            draw.shuffle(sides)
            yield from ((side, trials[side][number]) for side in sides)


def interleave(
    pairs: Pairs,
    sides: tuple[Side, Side],
    directory: Path,
    *,
    tasks: Mapping[str, str],
    seed: int = 0,
    on_event: OnEvent = lambda event: None,
    cache: ArtifactCache | None = None,
) -> bool:
    """Run every pair and leave the rows in `directory`/a and /b; False where it was interrupted.

    Raises StoreError where a row cannot be written.
    """
    block = f"ab@{datetime.now(UTC).strftime('%Y%m%dT%H%M%S.%fZ')}"
    stores = [TrialStore(directory / name) for name in FOLDERS]
    around = surroundings()
    root = (cache or ArtifactCache()).root
    on_event(Event("plan", total=pairs.num_trials))
    with ExitStack() as stack:
        interrupts = stack.enter_context(Interrupts())
        supervisors = [
            stack.enter_context(
                Supervisor(
                    store,
                    {t: tasks[t] for t in _tasks_of(pairs)},
                    root,
                    on_progress=lambda *_: None,
                    describe=_describe(store, around, side),
                    wake=interrupts.wake if number == 0 else None,
                    path=import_path(side.tree),
                )
            )
            for number, (store, side) in enumerate(zip(stores, sides, strict=True))
        ]
        for at, trial in order(pairs, seed):
            _run_one(supervisors[at], stores[at], trial, block, on_event, interrupts)
            if interrupts.asked:
                return False
    return True


def _tasks_of(pairs: Pairs) -> set[str]:
    return {trial.case.task for both in pairs.cases.values() for own in both for trial in own}


def _run_one(
    supervisor: Supervisor,
    store: TrialStore,
    trial: Trial,
    block: str,
    on_event: OnEvent,
    interrupts: Interrupts,
) -> None:
    """One trial from start to row; alone on the machine as far as that is ours to say."""
    on_event(Event("start", trial=trial))
    supervisor.start(trial.trial_key, trial)
    while supervisor.running:
        for ended in supervisor.wait():
            record = record_of(ended, group=block)
            store.write(record)
            on_event(Event("end", trial=trial, record=record))
        if interrupts.asked:
            supervisor.kill_all("interrupted")


def _describe(
    store: TrialStore, around: Mapping[str, Any], side: Side
) -> Callable[[Env, list[dict[str, Any]]], str]:
    """Writes a zygote's provenance: the machine, and the commit of this side."""
    own = dict(around)
    if side.revision:
        own["commit"] = {"id": side.revision, "dirty": False}

    def describe(env: Env, threadpools: list[dict[str, Any]]) -> str:
        key, document = provenance(own, env, threadpools)
        store.write_provenance(key, document)
        return key

    return describe


def renamed(records: Iterable[Any], pairs: Pairs, side: int) -> list[Any]:
    """Records of one side with the key that both sides share as their case_id."""
    shared = {both[side][0].case.case_id: key for key, both in pairs.cases.items()}
    return [
        replace(record, case_id=shared[record.case_id])
        for record in records
        if record.case_id in shared
    ]
