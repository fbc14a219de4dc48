"""What a task is, known without importing it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from seqbench.interfaces import UsageError

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
    the sweep and each round is a block. `also_reads` are data sets read beside the config's own,
    where that is real: an embedded one brings what it is judged by.
    `holds` is what that must be made of and `models` are those it knows how to build; with "" and
    () it takes any, or says so itself. A plugin's model, and a data set that does not say what it
    holds, are taken.
    """

    name: str
    module: str
    sections: tuple[str, ...]
    uses: Names
    trains: str = ""
    mixed: bool = False
    block: str = ""
    also_reads: tuple[str, ...] = ()
    holds: str = ""
    models: tuple[str, ...] = ()

    @property
    def target(self) -> str:
        """ "module:function"."""
        return f"seqbench.experiments.tasks.{self.module}:run"


def check_swept(task: TaskSpec, experiment: str, swept: Sequence[str]) -> None:
    """UsageError where a group is swept that the task does not read: every case would be one."""
    for key in swept:
        group, _, name = key.partition(".")
        if name == "name" and group not in task.sections:
            raise UsageError(
                f"experiment {experiment}: {key} is swept, expected one of "
                f"{', '.join(task.sections)}: its task {task.name} has no {group} to choose; leave "
                f"{group} out of the sweep"
            )


TRAIN_SECTIONS = ("dtype", "model", "cell", "dataset", "optimizer", "train")
"""What training reads, whatever the model."""


def model_and_cell(config: RunConfig) -> list[str]:
    return [f"model/{config.model.name}", f"cell/{config.cell.name}"]


def only_model(config: RunConfig, name: str) -> None:
    """Raises UsageError where the task builds `name` and the config says another model."""
    if config.model.name != name:
        raise UsageError(
            f"model.name is {config.model.name!r}, expected {name!r}, the one model that task "
            f"{config.experiment.task} of experiment {config.experiment.name} builds; leave "
            "`model` out of the command, or choose another experiment"
        )


def with_optimizer(uses: Names) -> Names:
    """What training uses beside the model."""
    return lambda config: [*uses(config), f"optimizer/{config.optimizer.name}"]


CTC_DECODERS = ("ctc_greedy", "ctc_beam")
"""What reads labels off frames; every other decoder writes one token after another."""


def ctc_decoder(config: RunConfig) -> str:
    """`decoder/NAME` for a model of frames. UsageError for a decoder that writes tokens."""
    name = config.decoder.name
    if name not in CTC_DECODERS:
        raise UsageError(
            f"decoder.name is {name!r}, expected one of {', '.join(CTC_DECODERS)}: the model "
            f"{config.model.name} gives labels to frames and writes no tokens; set decoder=ctc_beam"
        )
    return f"decoder/{name}"


def token_decoder(config: RunConfig) -> str:
    """`decoder/NAME` for a model that writes token after token. UsageError for one of CTC's."""
    name = config.decoder.name
    if name in CTC_DECODERS:
        raise UsageError(
            f"decoder.name is {name!r}, a decoder of CTC's frames, expected one that writes token "
            f"after token, as the model {config.model.name} does; set decoder=beam"
        )
    return f"decoder/{name}"
