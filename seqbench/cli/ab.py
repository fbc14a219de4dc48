"""`seqbench ab A B`: two sides interleaved here and now, and the verdict of `compare`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seqbench.interfaces import UsageError

from .compare import add_verdict_options, finish, rules_of

if TYPE_CHECKING:
    from seqbench.experiments.ab import Pairs
    from seqbench.experiments.ab_sides import Side
    from seqbench.experiments.plan import Plan
    from seqbench.experiments.sweep import Point
    from seqbench.registry import Registry

DEFAULT = "cell_cost"
INTERRUPTED = 130


def add_parser(commands: Any) -> None:
    """Add the command and its options to the subparsers of `seqbench`."""
    command = commands.add_parser(
        "ab",
        help="two revisions, backends or implementations, interleaved here and now",
        description="Run both sides' processes in turn at random on this machine and judge the "
        "difference. A and B: two revisions of this checkout (`.` is the working tree), two "
        "overrides (backend=numpy backend=torch), or two implementations (numpy.lstm "
        "numpy.shared).",
        epilog="Exit codes: 0 nothing is worse, 1 B is worse somewhere, 2 wrong usage, "
        "130 interrupted.",
    )
    command.add_argument("a", metavar="A")
    command.add_argument("b", metavar="B")
    command.add_argument(
        "rest",
        nargs="*",
        metavar="EXPERIMENT|OVERRIDE",
        help=f"experiments of costs ({DEFAULT} by default) and overrides of both sides",
    )
    command.add_argument("--rounds", type=int, default=10, help="processes a side, 10 or more")
    command.add_argument(
        "--only-clean",
        action="store_true",
        help="set processes aside that ran on a busy machine; by default they widen the interval",
    )
    add_verdict_options(command)


def run(chosen: argparse.Namespace) -> int:
    """Plan, interleave, judge, print. Returns the exit code; raises UsageError before any trial."""
    from seqbench.experiments.ab import LEAST_ROUNDS
    from seqbench.experiments.ab_sides import sides_of
    from seqbench.registry import registry

    if chosen.rounds < LEAST_ROUNDS:
        raise UsageError(
            f"ab: --rounds {chosen.rounds}, expected at least {LEAST_ROUNDS}: fewer processes tell "
            f"too little; give --rounds {LEAST_ROUNDS}"
        )
    rules = rules_of(chosen.thresholds)
    found = registry()
    sides = sides_of(chosen.a, chosen.b, found)
    experiments = [word for word in chosen.rest if "=" not in word] or [DEFAULT]
    overrides = [word for word in chosen.rest if "=" in word]
    planned = [
        plans(sides, [f"experiment={e}", *overrides], chosen.rounds, found) for e in experiments
    ]
    codes = [_one(sides, pairs, place, rules, chosen) for pairs, place in planned]
    return max(codes)


def plans(
    sides: tuple[Side, Side], overrides: Sequence[str], rounds: int, found: Registry
) -> tuple[Pairs, Path]:
    """The pairs of one experiment, and where their rows go."""
    from seqbench.experiments.ab import pair_up
    from seqbench.experiments.ab_sides import contracts_of
    from seqbench.experiments.composing import initialised
    from seqbench.experiments.environment import cpu_model
    from seqbench.experiments.plan import make_plans
    from seqbench.experiments.resolving import Resolver
    from seqbench.experiments.sweep import expand

    contracts = contracts_of(sides, found) if sides[0].impl else set()
    made: list[Plan] = []
    for side in sides:
        given = [*overrides, *side.overrides, f"experiment.rounds={rounds}"]
        with initialised(found.config_packages()) as composer:
            points = expand(given, composer)
        if side.impl:
            points = _with_impl(points, side.impl, contracts)
        made += make_plans(points, Resolver(found), device_model=cpu_model())
    if len(made) != len(sides):
        raise UsageError("ab: the overrides sweep the experiment; name the experiments instead")
    results = Path(points[0].config["results_dir"]).expanduser().absolute()
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    place = results / "ab" / f"{made[0].experiment.name}-{stamp}"
    return pair_up((made[0], made[1]), apart_of(sides)), place


def apart_of(sides: tuple[Side, Side]) -> list[str]:
    """The dotted keys that the sides set apart; a group's choice is its whole section."""
    if sides[0].impl:
        return ["backend"]
    return sorted({o.lstrip("+").partition("=")[0] for s in sides for o in s.overrides})


def _with_impl(points: Sequence[Point], impl: str, contracts: set[str]) -> list[Point]:
    """The points whose task uses one of `contracts`, with `impl` chosen for it."""
    from seqbench.experiments.config import ConfigBuilder
    from seqbench.experiments.taskspecs import task_spec

    builder, found = ConfigBuilder(), []
    for point in points:
        config = builder(point.config)
        used = contracts & set(task_spec(config.experiment.task).uses(config))
        if used:
            backend = {**point.config["backend"], "name": impl.partition(".")[0]}
            backend["impl"] = dict.fromkeys(sorted(used), impl)
            found.append(replace(point, config={**point.config, "backend": backend}))
    if not found:
        raise UsageError(
            f"ab: the experiment times none of {', '.join(sorted(contracts))}, expected one that "
            f"{impl} is of; add an override such as cell=NAME or kernel=KIND/NAME"
        )
    return found


def _one(
    sides: tuple[Side, Side], pairs: Pairs, place: Path, rules: Any, chosen: argparse.Namespace
) -> int:
    """Run one experiment's pairs and judge them."""
    from seqbench.experiments.ab import interleave
    from seqbench.experiments.progress import progress
    from seqbench.experiments.taskspecs import TARGETS

    with progress() as on_event:
        whole = interleave(pairs, sides, place, tasks=TARGETS, on_event=on_event)
    print(f"rows: {place}", file=sys.stderr)
    if not whole:
        print("seqbench: interrupted; half a comparison is none", file=sys.stderr)
        return INTERRUPTED
    return finish(verdict(sides, pairs, place, rules, only_clean=chosen.only_clean), chosen)


def verdict(
    sides: tuple[Side, Side], pairs: Pairs, place: Path, rules: Any, *, only_clean: bool
) -> Any:
    """The comparison of the rows of both sides."""
    from seqbench.experiments.ab import FOLDERS, renamed
    from seqbench.results import tidy
    from seqbench.results.campaign import load_records
    from seqbench.results.compare import Options, compare, side_of
    from seqbench.results.compare.sources import machines_of

    found = []
    for number, (side, folder) in enumerate(zip(sides, FOLDERS, strict=True)):
        records = renamed(load_records(place / folder), pairs, number)
        if number == 0:
            _refuse_lost(records, side, place / folder)
        name = f"{'AB'[number]}: {side.name}"
        found.append(side_of(tidy(records), name, machines=machines_of(place / folder)))
    found[0].told += [*pairs.told, *sorted({s.reason for own in pairs.skips for s in own})]
    # Ratios to a peer would only say again, less sharply, what the times of one block say.
    options = Options(unclean=not only_clean)
    return compare(found[0], found[1], replace(rules, peers=()), options)


def _refuse_lost(records: list[Any], side: Side, place: Path) -> None:
    """Raise UsageError where A has nothing to compare with; a B that fails is worse instead."""
    if not any(record.status == "done" for record in records):
        why = next((record.error for record in records if record.error), "no process has a row")
        raise UsageError(
            f"ab: every process of A ({side.name}) failed, expected times to compare with: {why}; "
            f"see {place}"
        )
