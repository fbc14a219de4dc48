"""Training word vectors on a text and judging them."""

from __future__ import annotations

from ..config import RunConfig
from ._spec import TaskSpec
from .word_sets import check_words

SECTIONS = ("dtype", "model", "dataset", "train")
MODELS = ("skipgram_ns", "skipgram_hs", "skipgram_softmax", "cbow_ns", "cbow_hs")


def _model(config: RunConfig) -> list[str]:
    check_words(config)
    return [f"model/{config.model.name}"]


def _judge(config: RunConfig) -> list[str]:
    check_words(config)
    return [f"vectors/{config.model.name}", "metric/word_similarity"]


TASKS = (
    TaskSpec("train_vectors", "train_vectors", SECTIONS, _model, models=MODELS),
    TaskSpec(
        "word_vectors",
        "word_vectors",
        (*SECTIONS, "backend", "evaluate"),
        _judge,
        trains="train_vectors",
        also_reads=("word_similarity",),
        models=MODELS,
    ),
)
"""`train.backend` is what trains (gensim is one); the root's `backend` computes the scores."""
