"""What a whole model costs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seqbench.interfaces import UsageError

from ..config import RunConfig
from ._spec import TaskSpec, only_model
from .translation import decoding_model

SPECIALS = 4
"""PAD, BOS, EOS and UNK, which are not drawn."""


def _encoder_decoder(config: RunConfig) -> list[str]:
    only_model(config, "encoder_decoder")
    _check_options(config.workload.options)
    return [*decoding_model(config), "loss/softmax_cross_entropy"]


def _check_options(options: Mapping[str, Any]) -> None:
    """`workload.options` hold the vocabulary's size, the special tokens among it, and no more."""
    size = options.get("vocab_size")
    if set(options) != {"vocab_size"} or type(size) is not int or size <= SPECIALS:
        raise UsageError(
            f"workload.options is {dict(options)}, expected vocab_size alone, a whole number above "
            f"{SPECIALS}; set workload.options.vocab_size=1000"
        )


TASKS = (
    TaskSpec(
        "model_cost",
        "model_cost",
        ("dtype", "backend", "model", "cell", "attention", "workload", "measure"),
        _encoder_decoder,
        mixed=True,
    ),
)
