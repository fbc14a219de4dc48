"""What a task is, known without importing it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..config import RunConfig

Names = Callable[[RunConfig], list[str]]


@dataclass(frozen=True, slots=True)
class TaskSpec:
    """One task: what runs, what of the config it reads, how it is measured.

    `module` is below `seqbench.experiments.tasks` and holds `run`; `sections` are the parts of the
    config that it reads, which become the case's params; `uses` lists the `kind/name` it asks the
    registry for. `trains` names the task that makes the artifact it needs, "" for none. With
    `mixed` the cases of a round run in random order and all rounds form one timing block: for tasks
    that measure nothing but cost. `block` then names a key of the params whose values get a block
    each, one after another: what is not compared need not wait. Otherwise cases keep the order of
    the sweep and each round is a block. `also_reads` are data sets read beside the config's own.
    """

    name: str
    module: str
    sections: tuple[str, ...]
    uses: Names
    trains: str = ""
    mixed: bool = False
    block: str = ""
    also_reads: tuple[str, ...] = ()

    @property
    def target(self) -> str:
        """ "module:function"."""
        return f"seqbench.experiments.tasks.{self.module}:run"


TRAIN_SECTIONS = ("dtype", "model", "cell", "dataset", "optimizer", "train")
"""What training reads, whatever the model."""


def model_and_cell(config: RunConfig) -> list[str]:
    return [f"model/{config.model.name}", f"cell/{config.cell.name}"]


def with_optimizer(uses: Names) -> Names:
    """What training uses beside the model."""
    return lambda config: [*uses(config), f"optimizer/{config.optimizer.name}"]
