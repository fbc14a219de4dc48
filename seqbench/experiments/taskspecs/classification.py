"""Training and evaluating a classifier of sentences."""

from __future__ import annotations

from seqbench.interfaces import UsageError

from ..config import RunConfig
from ._spec import TRAIN_SECTIONS, TaskSpec, model_and_cell, with_optimizer

DENSE = "dense_classifier"
HOLDS = "labelled sentences"
MODELS = ("averaging_classifier", "recurrent_classifier", DENSE)


def _classifier(config: RunConfig) -> list[str]:
    """Neither averaging nor a dense network has a cell."""
    model, cell = model_and_cell(config)
    if config.model.name == DENSE:
        _check_dense(config)
    return [model] if config.model.name in ("averaging_classifier", DENSE) else [model, cell]


def _check_dense(config: RunConfig) -> None:
    """UsageError for a direction or a depth that it does not have."""
    asked = {
        "model.bidirectional": (config.model.bidirectional, False),
        "model.options.num_layers": (config.model.options.get("num_layers", 1), 1),
    }
    for key, (value, expected) in asked.items():
        if value != expected:
            raise UsageError(
                f"{key} is {value}, expected {str(expected).lower()}: a {DENSE} has one hidden "
                f"layer that sees every position at once; set {key}={str(expected).lower()}, or "
                "model=recurrent_classifier"
            )


TASKS = (
    TaskSpec(
        "train_classifier",
        "train_classifier",
        TRAIN_SECTIONS,
        with_optimizer(_classifier),
        holds=HOLDS,
        models=MODELS,
    ),
    TaskSpec(
        "classify",
        "classify",
        (*TRAIN_SECTIONS, "backend", "evaluate"),
        _classifier,
        trains="train_classifier",
        holds=HOLDS,
        models=MODELS,
    ),
)
