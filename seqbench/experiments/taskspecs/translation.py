"""Training and decoding an encoder-decoder."""

from __future__ import annotations

from seqbench.interfaces import UsageError

from ..config import RunConfig
from ..scoring_options import ScoringOptions
from ._spec import (
    TRAIN_SECTIONS,
    TaskSpec,
    model_and_cell,
    only_model,
    token_decoder,
    with_optimizer,
)

SECTIONS = (*TRAIN_SECTIONS, "attention")
HOLDS = "sentence pairs"


def decoding_model(config: RunConfig) -> list[str]:
    attention = config.attention.name
    scored = [f"attention/{attention}"] if attention != "none" else []
    return [*model_and_cell(config), *scored]


def _train(config: RunConfig) -> list[str]:
    only_model(config, "encoder_decoder")
    return [*decoding_model(config), "loss/softmax_cross_entropy"]


def _translate(config: RunConfig) -> list[str]:
    ScoringOptions.of(config.evaluate.options)  # what makes no sense is refused before a run
    decoder = _search(config)
    return [*decoding_model(config), decoder, "metric/bleu", "analysis/beam_errors"]


def _search(config: RunConfig) -> str:
    """`decoder/NAME`. UsageError for one that draws: A31 asks a search whose fault it was."""
    if config.decoder.name == "sampling":
        raise UsageError(
            "decoder.name is 'sampling', expected a search: the task translate tells search errors "
            "from model errors, and what is drawn is not searched for; set decoder=beam"
        )
    return token_decoder(config)


TASKS = (
    TaskSpec("train", "train", SECTIONS, with_optimizer(_train), holds=HOLDS),
    TaskSpec(
        "translate",
        "translate",
        (*SECTIONS, "backend", "decoder", "evaluate"),
        _translate,
        trains="train",
        holds=HOLDS,
    ),
)
