"""Training and evaluating a language model."""

from __future__ import annotations

from ._spec import TRAIN_SECTIONS, TaskSpec, model_and_cell, with_optimizer

TASKS = (
    TaskSpec(
        "train_language_model",
        "train_language_model",
        TRAIN_SECTIONS,
        with_optimizer(model_and_cell),
    ),
    TaskSpec(
        "language_model",
        "language_model",
        (*TRAIN_SECTIONS, "backend", "evaluate"),
        model_and_cell,
        trains="train_language_model",
    ),
)
