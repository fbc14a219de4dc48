"""Training and evaluating what hears."""

from __future__ import annotations

from ..config import RunConfig
from ._spec import TRAIN_SECTIONS, TaskSpec, ctc_decoder, model_and_cell, with_optimizer


def _transcribe(config: RunConfig) -> list[str]:
    decoders = [ctc_decoder(config), "decoder/ctc"]
    return [*model_and_cell(config), *decoders, "metric/cer", "metric/wer"]


def _detect(config: RunConfig) -> list[str]:
    return [*model_and_cell(config), "metric/event_f1"]


TASKS = (
    TaskSpec(
        "train_speech",
        "train_speech",
        TRAIN_SECTIONS,
        with_optimizer(model_and_cell),
        holds="speech",
        models=("speech_recogniser",),
    ),
    TaskSpec(
        "transcribe",
        "transcribe",
        (*TRAIN_SECTIONS, "backend", "decoder", "evaluate"),
        _transcribe,
        trains="train_speech",
        holds="speech",
        models=("speech_recogniser",),
    ),
    TaskSpec(
        "train_trigger",
        "train_trigger",
        TRAIN_SECTIONS,
        with_optimizer(model_and_cell),
        holds="sounds with triggers",
        models=("trigger_word",),
    ),
    TaskSpec(
        "detect_triggers",
        "detect_triggers",
        (*TRAIN_SECTIONS, "backend", "evaluate"),
        _detect,
        trains="train_trigger",
        holds="sounds with triggers",
        models=("trigger_word",),
    ),
)
