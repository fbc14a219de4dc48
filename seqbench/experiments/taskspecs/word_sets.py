"""Word vectors judged by word sets: debiasing, and similarity and analogies of trained vectors."""

from __future__ import annotations

from collections.abc import Sequence

from seqbench.data.specs import seqbench_datasets
from seqbench.interfaces import UsageError
from seqbench.registry.families import classification, language, speech, translation, vectors

from ..config import RunConfig
from ._spec import TaskSpec

JUDGES = ["metric/word_similarity", "metric/word_analogies"]
WITH_LISTS = ("planted_bias", "debias")
TEXTS = ("planted_words", "text8_brown", "text8_prefix", "brown")
TRAINED = [spec.name for spec in vectors.COMPOSITIONS if spec.kind == "model"]
_OTHERS = (classification, language, speech, translation)
_OTHER_MODELS = {s.name for f in _OTHERS for s in f.COMPOSITIONS if s.kind == "model"}
WORD_SETS = ("word_similarity", "word_analogies")


def _debias(config: RunConfig) -> list[str]:
    _check_data(config, WITH_LISTS, "vectors with lists for debiasing")
    return ["model/hard_debias", "analysis/bias_report", *JUDGES]


def _quality(config: RunConfig) -> list[str]:
    check_words(config)
    return [f"model/{config.model.name}", *JUDGES]


def check_words(config: RunConfig) -> None:
    """UsageError where there is no text or no trainer of word vectors, or a power without noise."""
    _check_data(config, TEXTS, "a text to train word vectors on")
    name, power = config.model.name, config.model.options.get("noise_power")
    if name in _OTHER_MODELS:
        raise UsageError(
            f"model.name is {name!r}, expected a trainer of word vectors ({', '.join(TRAINED)}), "
            f"which is all that experiment {config.experiment.name} trains; set model=skipgram_ns"
        )
    if power is not None and name in TRAINED and not name.endswith("_ns"):
        raise UsageError(
            f"model.options.noise_power is {power} with model.name {name!r}, expected a model with "
            "noise words, skipgram_ns or cbow_ns; leave the power out of the command"
        )


def _check_data(config: RunConfig, fit: Sequence[str], what: str) -> None:
    """Our own data sets of another kind are refused; a plugin's may fit."""
    name = config.dataset.name
    if name in {spec.name for spec in seqbench_datasets()} - set(fit):
        raise UsageError(
            f"dataset.name is {name!r}, expected {what} ({', '.join(fit)}); set dataset={fit[0]}"
        )


TASKS = (
    TaskSpec(
        "debias",
        "debias",
        ("dtype", "backend", "dataset", "evaluate"),
        _debias,
        also_reads=WORD_SETS,
    ),
    TaskSpec(
        "vector_quality",
        "vector_quality",
        ("dtype", "backend", "model", "dataset", "train", "evaluate"),
        _quality,
        also_reads=WORD_SETS,
    ),
)
