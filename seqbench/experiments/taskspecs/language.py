"""Training and evaluating a language model."""

from __future__ import annotations

from seqbench.interfaces import UsageError

from ..config import RunConfig
from ._spec import TRAIN_SECTIONS, TaskSpec, model_and_cell, token_decoder, with_optimizer

HOLDS, MODELS = "running text", ("language_model",)


def _evaluate(config: RunConfig) -> list[str]:
    """UsageError for exact search: a text need not end, so there is no best one to be found."""
    name = config.decoder.name
    if name in ("exact_breadth", "exact_depth"):
        raise UsageError(
            f"decoder.name is {name!r}, expected one that writes a text (beam, greedy, sampling): "
            "exact search over all texts has no end; set decoder=sampling"
        )
    return [*model_and_cell(config), token_decoder(config)]


TASKS = (
    TaskSpec(
        "train_language_model",
        "train_language_model",
        TRAIN_SECTIONS,
        with_optimizer(model_and_cell),
        holds=HOLDS,
        models=MODELS,
    ),
    TaskSpec(
        "language_model",
        "language_model",
        (*TRAIN_SECTIONS, "backend", "decoder", "evaluate"),
        _evaluate,
        trains="train_language_model",
        holds=HOLDS,
        models=MODELS,
    ),
)
