"""Training and decoding an encoder-decoder."""

from __future__ import annotations

from ..config import RunConfig
from ._spec import TRAIN_SECTIONS, TaskSpec, model_and_cell, token_decoder, with_optimizer

SECTIONS = (*TRAIN_SECTIONS, "attention")


def decoding_model(config: RunConfig) -> list[str]:
    attention = config.attention.name
    scored = [f"attention/{attention}"] if attention != "none" else []
    return [*model_and_cell(config), *scored]


def _train(config: RunConfig) -> list[str]:
    return [*decoding_model(config), "loss/softmax_cross_entropy"]


def _translate(config: RunConfig) -> list[str]:
    decoder = token_decoder(config)
    return [*decoding_model(config), decoder, "metric/bleu", "analysis/beam_errors"]


TASKS = (
    TaskSpec("train", "train", SECTIONS, with_optimizer(_train)),
    TaskSpec(
        "translate",
        "translate",
        (*SECTIONS, "backend", "decoder", "evaluate"),
        _translate,
        trains="train",
    ),
)
