"""The tasks an experiment can name, by family: what runs, what of the config it reads."""

from __future__ import annotations

from seqbench.interfaces import UsageError, unknown_name

from ..config import RunConfig
from . import (
    captioning,
    cells,
    classification,
    kernels,
    lagged,
    language,
    models,
    searching,
    speech,
    translation,
    word_sets,
    word_vectors,
)
from ._spec import TaskSpec, check_swept

FAMILIES = (
    translation,
    searching,
    language,
    classification,
    lagged,
    captioning,
    word_vectors,
    word_sets,
    speech,
    cells,
    kernels,
    models,
)
TASKS = {spec.name: spec for family in FAMILIES for spec in family.TASKS}
TARGETS = {name: spec.target for name, spec in TASKS.items()}

OWN_MODELS = {model for spec in TASKS.values() for model in spec.models} | {
    "encoder_decoder",
    "glove",
}

__all__ = ["TARGETS", "TASKS", "TaskSpec", "check_model", "check_swept", "task_spec"]


def check_model(task: TaskSpec, config: RunConfig) -> None:
    """UsageError for a model of ours that the task does not build; a plugin's may be one it can."""
    name = config.model.name
    if task.models and name in OWN_MODELS - set(task.models):
        raise UsageError(
            f"model.name is {name!r}, expected one of {', '.join(task.models)}, which task "
            f"{task.name} builds; set model={task.models[0]}, or choose another experiment"
        )


def task_spec(name: str) -> TaskSpec:
    """The task, or UnknownNameError with candidates."""
    if name not in TASKS:
        raise unknown_name("task", name, TASKS)
    return TASKS[name]
