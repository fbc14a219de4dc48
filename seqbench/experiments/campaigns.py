"""One `seqbench run` of one experiment: its folder, its plan.json, its rows.

    <results_dir>/<experiment>/<plan digest>[-n]

The same plan, unfinished, on the same machine, resumes. Once it is finished the next run is a new
campaign, numbered: costs are measured again, and trained artifacts come from the cache.
"""

from __future__ import annotations

import itertools
from pathlib import Path

from .artifacts import ArtifactCache
from .environment import machine_id
from .fates import blank_record
from .launcher import OnEvent, Outcome, run_trials
from .plan import Plan, Skip
from .store import TrialStore, read_json, write_json
from .taskspecs import TARGETS

STATE = "campaign.json"


def campaign_dir(results_dir: Path, plan: Plan) -> Path:
    """The unfinished campaign of this plan on this machine, or the next free name."""
    base = results_dir / plan.experiment.name
    for number in itertools.count(1):
        directory = base / (plan.digest if number == 1 else f"{plan.digest}-{number}")
        state = read_json(directory / STATE)
        if state is None or (not state["finished"] and state["machine"] == machine_id()):
            return directory
    raise AssertionError("unreachable: count() has no end")


def run_campaign(
    plan: Plan,
    directory: Path,
    *,
    on_event: OnEvent,
    jobs: int = 1,
    cache: ArtifactCache | None = None,
) -> Outcome:
    """Write the plan, tell what cannot run, run what is missing. StoreError where it cannot write.

    The Outcome counts the skipped trials too.
    """
    store = TrialStore(directory)
    _write_state(directory, finished=False)
    store.write_plan(plan.to_json())
    for skip in plan.skips:
        _write_skip(store, skip)
    outcome = run_trials(
        plan.trials,
        store=store,
        tasks=TARGETS,
        on_event=on_event,
        jobs=jobs,
        builders=plan.builders,
        cache=cache,
    )
    if plan.skips:
        outcome.counts["skipped"] += len(plan.skips)
    return outcome


def mark_finished(directory: Path) -> None:
    """Say that every trial has its row and the tables are written."""
    _write_state(directory, finished=True)


def _write_state(directory: Path, *, finished: bool) -> None:
    write_json(directory / STATE, {"finished": finished, "machine": machine_id()})


def _write_skip(store: TrialStore, skip: Skip) -> None:
    record = blank_record(skip.trial)
    record.status, record.error, record.reasons = "skipped", skip.reason, [skip.reason]
    store.write(record)
