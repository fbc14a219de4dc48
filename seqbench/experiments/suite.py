"""`experiment=all`: which experiments claim something, and which of them are done already.

    <results_dir>/all/<digest>.json    experiment -> the folder of its finished campaign

The file lives until every experiment has finished, so the same command goes on where it was; then
it goes, and the next run measures anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from seqbench.interfaces import UsageError, digest
from seqbench.interfaces.claims import claim

from .campaigns import STATE
from .composing import Composer, resolved
from .environment import machine_id
from .store import read_json, write_json

if TYPE_CHECKING:
    from .plan import Plan

ALL = "all"


def asks_for_all(overrides: Sequence[str]) -> bool:
    """Whether the command line says `experiment=all`."""
    return any(_of_experiment(override) == ALL for override in overrides)


def claiming(composer: Composer) -> list[str]:
    """The options of the group `experiment` that claim something, by their ids."""
    found = []
    for name in composer.options("experiment"):
        if name == ALL:
            continue
        experiment = resolved(composer.compose([f"experiment={name}"]))["experiment"]
        if claim(experiment.get("claim") or {}):
            found.append((str(experiment["id"]), name))
    return [name for _, name in sorted(found)]


def overrides_of(name: str, overrides: Sequence[str]) -> list[str]:
    """The command line of one experiment of them all.

    Raises UsageError for a `campaign`, which is one experiment's, and for a second `experiment`.
    """
    for override in overrides:
        if override.startswith("campaign="):
            raise UsageError(
                f"experiment=all with {override}: a campaign is one experiment's folder, expected "
                "none; set results_dir"
            )
        if _of_experiment(override) not in ("", ALL):
            raise UsageError(
                f"experiment=all with {override}: expected one choice of experiment; leave one out"
            )
    return [f"experiment={name}" if _of_experiment(o) == ALL else o for o in overrides]


def _of_experiment(override: str) -> str:
    key, _, value = override.partition("=")
    return value.strip() if key.strip() == "experiment" else ""


@dataclass(slots=True)
class Suite:
    """What is done of one run of them all; `done` is kept on disk as it grows."""

    path: Path
    done: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, results_dir: Path, plans: Mapping[str, Plan]) -> Suite:
        """The unfinished one of these plans on this machine, or a new one."""
        names = [[name, plan.digest] for name, plan in plans.items()]
        path = results_dir / ALL / f"{digest([machine_id(), names])}.json"
        known = read_json(path) or {}
        kept = {name: folder for name, folder in known.items() if _finished(Path(folder))}
        return cls(path, {name: kept[name] for name in plans if name in kept})

    def finish(self, name: str, folder: Path) -> None:
        """Keep that an experiment's campaign is whole."""
        self.done[name] = str(folder)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        write_json(self.path, self.done)

    def end(self) -> None:
        """Every experiment is done: the next run is a new one."""
        self.path.unlink(missing_ok=True)


def _finished(folder: Path) -> bool:
    state = read_json(folder / STATE)
    return bool(state and state["finished"])
