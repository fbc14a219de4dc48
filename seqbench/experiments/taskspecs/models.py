"""What a whole model costs."""

from __future__ import annotations

from ..config import RunConfig
from ._spec import TaskSpec, only_model
from .translation import decoding_model


def _encoder_decoder(config: RunConfig) -> list[str]:
    only_model(config, "encoder_decoder")
    return [*decoding_model(config), "loss/softmax_cross_entropy"]


TASKS = (
    TaskSpec(
        "model_cost",
        "model_cost",
        ("dtype", "backend", "model", "cell", "attention", "workload", "measure"),
        _encoder_decoder,
        mixed=True,
    ),
)
