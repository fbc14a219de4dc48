"""Word vectors judged by word sets: debiasing, and similarity and analogies of trained vectors."""

from __future__ import annotations

from ..config import RunConfig
from ._spec import TaskSpec
from .word_vectors import HOLDS, MODELS

JUDGES = ["metric/word_similarity", "metric/word_analogies"]
WORD_SETS = ("word_similarity", "word_analogies")


def _debias(config: RunConfig) -> list[str]:
    return ["model/hard_debias", "analysis/bias_report", *JUDGES]


def _quality(config: RunConfig) -> list[str]:
    return [f"model/{config.model.name}", *JUDGES]


TASKS = (
    TaskSpec(
        "debias",
        "debias",
        ("dtype", "backend", "dataset", "evaluate"),
        _debias,
        also_reads=WORD_SETS,
        holds="word lists",
    ),
    TaskSpec(
        "vector_quality",
        "vector_quality",
        ("dtype", "backend", "model", "dataset", "train", "evaluate"),
        _quality,
        also_reads=WORD_SETS,
        holds=HOLDS,
        models=("glove", *MODELS),
    ),
)
