"""Training and evaluating a classifier of sentences."""

from __future__ import annotations

from ..config import RunConfig
from ._spec import TRAIN_SECTIONS, TaskSpec, model_and_cell, with_optimizer


def _classifier(config: RunConfig) -> list[str]:
    """Averaging has no cell."""
    model, cell = model_and_cell(config)
    return [model] if config.model.name == "averaging_classifier" else [model, cell]


TASKS = (
    TaskSpec("train_classifier", "train_classifier", TRAIN_SECTIONS, with_optimizer(_classifier)),
    TaskSpec(
        "classify",
        "classify",
        (*TRAIN_SECTIONS, "backend", "evaluate"),
        _classifier,
        trains="train_classifier",
    ),
)
