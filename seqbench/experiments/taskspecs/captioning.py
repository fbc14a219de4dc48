"""Training a captioner and captioning with it."""

from __future__ import annotations

from ..config import RunConfig
from ._spec import TaskSpec, token_decoder, with_optimizer
from .translation import SECTIONS, decoding_model


def _caption(config: RunConfig) -> list[str]:
    return [*decoding_model(config), token_decoder(config), "metric/bleu"]


TASKS = (
    TaskSpec("train_captioner", "train_captioner", SECTIONS, with_optimizer(decoding_model)),
    TaskSpec(
        "caption",
        "caption",
        (*SECTIONS, "backend", "decoder", "evaluate"),
        _caption,
        trains="train_captioner",
    ),
)
