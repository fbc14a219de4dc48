"""Training and evaluating a language model."""

from __future__ import annotations

from ..config import RunConfig
from ._spec import TRAIN_SECTIONS, TaskSpec, model_and_cell, token_decoder, with_optimizer


def _evaluate(config: RunConfig) -> list[str]:
    return [*model_and_cell(config), token_decoder(config)]


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
        (*TRAIN_SECTIONS, "backend", "decoder", "evaluate"),
        _evaluate,
        trains="train_language_model",
    ),
)
