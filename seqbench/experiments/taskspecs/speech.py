"""Training and evaluating what hears."""

from __future__ import annotations

from ..config import RunConfig
from ._spec import TRAIN_SECTIONS, TaskSpec, model_and_cell, with_optimizer


def _transcribe(config: RunConfig) -> list[str]:
    return [*model_and_cell(config), "metric/cer", "metric/wer"]


TASKS = (
    TaskSpec("train_speech", "train_speech", TRAIN_SECTIONS, with_optimizer(model_and_cell)),
    TaskSpec(
        "transcribe",
        "transcribe",
        (*TRAIN_SECTIONS, "backend", "evaluate"),
        _transcribe,
        trains="train_speech",
    ),
)
