"""The tasks an experiment can name, by family: what runs, what of the config it reads."""

from __future__ import annotations

from seqbench.interfaces import unknown_name

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

__all__ = ["TARGETS", "TASKS", "TaskSpec", "check_swept", "task_spec"]


def task_spec(name: str) -> TaskSpec:
    """The task, or UnknownNameError with candidates."""
    if name not in TASKS:
        raise unknown_name("task", name, TASKS)
    return TASKS[name]
