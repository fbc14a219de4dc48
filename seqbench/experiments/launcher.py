"""Runs the trials of a campaign: what is missing, in order, one supervised child each."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from seqbench.interfaces.errors import unknown_name
from seqbench.interfaces.records import Env, Trial, TrialRecord

from .artifacts import ArtifactCache
from .child import TrialContext, perform
from .environment import provenance, surroundings
from .fates import apply_message, blank_record, record_of, waiting_record
from .interrupts import Interrupts
from .store import TrialStore
from .supervisor import Supervisor

FAULTS = frozenset({"failed", "timeout", "oom", "interrupted"})
COMPLETE = frozenset({"done", "skipped"})


@dataclass(frozen=True, slots=True)
class Event:
    """What a progress bar is told.

    plan: `total` trials, of which `already` are done. start, progress, end: of `trial`; an end
    brings its `record`. warning: `message`.
    """

    kind: Literal["plan", "start", "progress", "end", "warning"]
    trial: Trial | None = None
    record: TrialRecord | None = None
    fraction: float = 0.0
    message: str = ""
    total: int = 0
    already: int = 0


OnEvent = Callable[[Event], None]


@dataclass(slots=True)
class Outcome:
    """How many trials of the plan have which status, and whether somebody stopped the run.

    `counts` includes what earlier runs of the campaign had done; `already` says how many.
    """

    counts: Counter[str] = field(default_factory=Counter)
    already: int = 0
    interrupted: bool = False

    @property
    def exit_code(self) -> int:
        """0 everything done or skipped with a reason, 3 some trials failed, 130 interrupted."""
        if self.interrupted:
            return 130
        return 3 if any(self.counts[status] for status in FAULTS) else 0


def run_trials(
    trials: Iterable[Trial],
    *,
    store: TrialStore,
    tasks: Mapping[str, str],
    on_event: OnEvent = lambda event: None,
    jobs: int = 1,
    resume: bool = True,
    builders: Mapping[str, str] | None = None,
    cache: ArtifactCache | None = None,
) -> Outcome:
    """Run every trial that is not done yet and write its row.

    Parameters
    ----------
    trials : in the order to run them; those that build an artifact are moved to the front.
    tasks : task name -> "module:function", a function `(case, context) -> TrialResult`.
    jobs : children at once. A trial of a timing block (`group`) always runs alone.
    resume : False runs everything again. Otherwise what is done stays; a timing block is redone
        as a whole unless all of it is done or skipped.
    builders : artifact key -> trial_key of the trial that builds it. A trial that `needs` an
        artifact whose builder did not succeed is skipped; a builder that is done runs again if
        its artifact has left the cache.

    Raises
    ------
    UnknownNameError
        A trial's task is not among `tasks`.
    StoreError
        A row cannot be written, or another runner holds the campaign. Finished rows stay.
    """
    plan = {trial.trial_key: trial for trial in trials}
    used = {trial.case.task for trial in plan.values()}
    for name in sorted(used - set(tasks)):
        raise unknown_name("task", name, tasks)
    sweep = _Sweep(
        plan,
        store=store,
        on_event=on_event,
        jobs=jobs,
        builders=dict(builders or {}),
        cache=cache or ArtifactCache(),
    )
    with store.lock():
        sweep.choose(resume)
        return sweep.run({name: tasks[name] for name in used})


class _Sweep:
    """The state of one `run_trials`; trials go by their key here."""

    def __init__(
        self,
        plan: dict[str, Trial],
        *,
        store: TrialStore,
        on_event: OnEvent,
        jobs: int,
        builders: dict[str, str],
        cache: ArtifactCache,
    ) -> None:
        building = set(builders.values())
        self._plan = dict(sorted(plan.items(), key=lambda item: item[0] not in building))
        self._store = store
        self._tell = on_event
        self._jobs = jobs
        self._builders = builders
        self._cache = cache
        self._pending: dict[str, Trial] = {}
        self._statuses: dict[str, str] = {}
        self._outcome = Outcome()
        self._around: dict[str, Any] = {}
        # One stretch of the machine's state: blocks that are redone later get another name.
        self._stretch = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")

    def choose(self, resume: bool) -> None:
        """Split the plan into what is done and what is to run."""
        found = self._store.statuses(self._warn) if resume else {}
        broken = {t.group for key, t in self._plan.items() if found.get(key) not in COMPLETE}
        kept = {
            key
            for key, trial in self._plan.items()
            if found.get(key) == "done" and not (trial.group and trial.group in broken)
        }
        kept -= self._gone_builders(kept)
        self._pending = {key: trial for key, trial in self._plan.items() if key not in kept}
        self._statuses = dict.fromkeys(kept, "done")
        self._outcome.already = len(kept)
        self._outcome.counts.update(self._statuses.values())

    def _gone_builders(self, kept: set[str]) -> set[str]:
        """Builders of artifacts that a trial still needs and that have left the cache."""
        wanted = {need for key, t in self._plan.items() if key not in kept for need in t.needs}
        return {
            builder
            for artifact, builder in self._builders.items()
            if artifact in wanted and not self._cache.has(artifact)
        }

    def run(self, tasks: Mapping[str, str]) -> Outcome:
        self._tell(Event("plan", total=len(self._plan), already=self._outcome.already))
        if self._pending:
            self._around = surroundings()  # before the first trial, not beside it
        with Interrupts() as interrupts, self._supervisor(tasks, interrupts) as supervisor:
            while self._pending or supervisor.running:
                if interrupts.asked:
                    self._pending.clear()
                    supervisor.kill_all("interrupted")
                self._start_ready(supervisor)
                if supervisor.running:
                    for ended in supervisor.wait():
                        self._finish(record_of(ended, group=self._block_name(ended.trial)))
                        _remove_if_empty(ended.log)
            self._outcome.interrupted = interrupts.asked
        return self._outcome

    def _supervisor(self, tasks: Mapping[str, str], interrupts: Interrupts) -> Supervisor:
        return Supervisor(
            self._store,
            tasks,
            self._cache.root,
            on_progress=self._progress,
            describe=self._describe,
            wake=interrupts.wake,
        )

    def _start_ready(self, supervisor: Supervisor) -> None:
        """Start what may run now; skip what waits for an artifact that will not come."""
        while self._has_room(supervisor.running):
            key = self._next(supervisor.running)
            if key is None:
                break
            trial = self._pending.pop(key)
            missing = self._missing(trial)
            if missing:
                self._finish(self._waiting(trial, missing[0]))
            else:
                self._tell(Event("start", trial=trial))
                supervisor.start(key, trial)
        assert supervisor.running or not self._pending, "needs form a cycle"

    def _has_room(self, running: list[Trial]) -> bool:
        return len(running) < self._jobs and not any(trial.group for trial in running)

    def _next(self, running: list[Trial]) -> str | None:
        """The first pending trial whose artifacts are settled, built or not.

        A timing block has the machine to itself: one of its trials waits for all others to end.
        """
        for key, trial in self._pending.items():
            if trial.group and running:
                return None
            if all(self._builders[need] in self._statuses for need in self._missing(trial)):
                return key
        return None

    def _missing(self, trial: Trial) -> list[str]:
        """Needed artifacts that this campaign builds and has not built."""
        return [
            need
            for need in trial.needs
            if need in self._builders and self._statuses.get(self._builders[need]) != "done"
        ]

    def _waiting(self, trial: Trial, artifact: str) -> TrialRecord:
        builder = self._builders[artifact]
        why = f"trial {builder} that builds it is {self._statuses[builder]}; see its row"
        return waiting_record(trial, artifact, why, group=self._block_name(trial))

    def _block_name(self, trial: Trial) -> str:
        return f"{trial.group}@{self._stretch}" if trial.group else ""

    def _finish(self, record: TrialRecord) -> None:
        self._store.write(record)
        self._statuses[record.trial_key] = record.status
        self._outcome.counts[record.status] += 1
        self._tell(Event("end", trial=self._plan[record.trial_key], record=record))

    def _progress(self, trial: Trial, fraction: float, message: str) -> None:
        self._tell(Event("progress", trial=trial, fraction=fraction, message=message))

    def _warn(self, message: str) -> None:
        self._tell(Event("warning", message=message))

    def _describe(self, env: Env, threadpools: list[dict[str, Any]]) -> str:
        key, document = provenance(self._around, env, threadpools)
        self._store.write_provenance(key, document)
        return key


def run_inline(
    trial: Trial,
    *,
    tasks: Mapping[str, str],
    directory: Path,
    cache: ArtifactCache | None = None,
    on_progress: Callable[[float, str], None] = lambda fraction, message: None,
) -> TrialRecord:
    """Run one trial in this process, unsupervised: for tests and debuggers. Writes no row.

    Limits, `Env` and the log have no effect; a crash takes this process with it.
    """
    if trial.case.task not in tasks:
        raise unknown_name("task", trial.case.task, tasks)
    context = TrialContext(trial, directory, cache or ArtifactCache(), on_progress)
    record = blank_record(trial)
    record.started_at = datetime.now(UTC).isoformat(timespec="milliseconds")
    began = time.perf_counter()
    apply_message(record, perform(tasks[trial.case.task], context))
    record.wall_s = time.perf_counter() - began
    return record


def _remove_if_empty(log: Path) -> None:
    if log.exists() and log.stat().st_size == 0:
        log.unlink()
