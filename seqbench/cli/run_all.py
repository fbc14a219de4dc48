"""`seqbench run experiment=all`: each claim in turn, then the answers and one page of them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from seqbench.experiments.composing import Composer
from seqbench.experiments.suite import Suite, claiming, overrides_of
from seqbench.interfaces import StoreError, UsageError

from .run import Settings, planned, run_plan

INTERRUPTED = 130


def run_all(overrides: Sequence[str], composer: Composer) -> int:
    """All are planned before any runs; one that fails does not keep the others from running.

    Those whose data are not here are left out, and told. Returns the worst exit code; 130 where the
    user stopped it, and the same command goes on.

    Raises UsageError for what makes no sense to one of the experiments.
    """
    plans, settings = _plans(overrides, composer)
    left_out = _without_data(plans)
    plans = {name: plan for name, plan in plans.items() if name not in left_out}
    suite = Suite.of(settings.results_dir, plans)
    codes, folders = [0], {name: Path(folder) for name, folder in suite.done.items()}
    for number, (name, plan) in enumerate(plans.items(), start=1):
        print(f"\n== {number} of {len(plans)}: {name} ==", flush=True)
        if name in suite.done:
            print(f"finished before: {folders[name]}")
            continue
        code, folders[name] = run_plan(plan, settings)
        if code == INTERRUPTED:
            return code
        codes.append(code)
        if code == 0:
            suite.finish(name, folders[name])
    _tell({name: folders[name] for name in plans}, left_out, settings.results_dir)
    if len(suite.done) == len(plans):
        suite.end()
    return max(codes)


def _plans(overrides: Sequence[str], composer: Composer) -> tuple[dict[str, Any], Settings]:
    """By experiment; each has one, since a claim belongs to one experiment."""
    found, settings = {}, None
    for name in claiming(composer):
        try:
            (found[name],), settings = planned(overrides_of(name, overrides), composer)
        except UsageError as error:
            raise UsageError(f"experiment=all, at {name}: {error}") from error
    if settings is None:
        raise UsageError(
            "experiment=all: no experiment claims anything, expected `experiment.claim` in one; "
            "install seqbench again"
        )
    return found, settings


def _without_data(plans: dict[str, Any]) -> dict[str, str]:
    """experiment -> why one of its data sets cannot be read here."""
    from seqbench.experiments.availability import dataset_rows
    from seqbench.registry import registry

    reasons = {row["name"]: row["reason"] for row in dataset_rows(registry())}
    found = {}
    for name, plan in plans.items():
        told = [f"{data}: {reasons[data]}" for data in plan.datasets if reasons.get(data)]
        if told:
            found[name] = "; ".join(told)
    return found


def _tell(folders: dict[str, Path], left_out: dict[str, str], results_dir: Path) -> None:
    """The answers, one a line, and one page of every table."""
    from seqbench.results.claims import CLAIM, read_answer
    from seqbench.results.report import write_report

    print("\nThe claims:")
    for name, folder in folders.items():
        try:
            kept = read_answer(folder / CLAIM)
        except StoreError as error:
            print(f"  {'no answer':<10} {name}: {error}")
            continue
        print(f"  {kept.answer.verdict:<10} {name}: {kept.claim.says} ({kept.rests_on})")
    for name, reason in left_out.items():
        print(f"  {'left out':<10} {name}: {reason}")
    try:
        page = write_report(list(folders.values()), results_dir / "all" / "report.html")
        print(f"page: {page.path}")
    except StoreError as error:
        print(error, file=sys.stderr)
