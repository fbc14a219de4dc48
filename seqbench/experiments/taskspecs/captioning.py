"""Training a captioner and captioning with it."""

from __future__ import annotations

from seqbench.interfaces import UsageError

from ..config import RunConfig
from ._spec import TaskSpec, token_decoder, with_optimizer
from .translation import SECTIONS, decoding_model

HOLDS, MODELS = "captioned pictures", ("captioner",)


def _caption(config: RunConfig) -> list[str]:
    """UsageError for a decoder that draws: a caption is searched for."""
    if config.decoder.name == "sampling":
        raise UsageError(
            "decoder.name is 'sampling', expected a search: the task caption scores the caption "
            "that a model finds best, and what is drawn is not searched for; set decoder=greedy"
        )
    return [*decoding_model(config), token_decoder(config), "metric/bleu"]


TASKS = (
    TaskSpec(
        "train_captioner",
        "train_captioner",
        SECTIONS,
        with_optimizer(decoding_model),
        holds=HOLDS,
        models=MODELS,
    ),
    TaskSpec(
        "caption",
        "caption",
        (*SECTIONS, "backend", "decoder", "evaluate"),
        _caption,
        trains="train_captioner",
        holds=HOLDS,
        models=MODELS,
    ),
)
