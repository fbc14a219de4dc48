"""From a case's plain params to sequences by lag, and to what is trained of them together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from seqbench.data.lagged import LaggedCorpus
from seqbench.interfaces import Kernels, UsageError, unknown_name
from seqbench.models.text_classifier import TextClassifier
from seqbench.registry import registry

from .classification import classifier_config
from .translation import load_corpus

OPTIONS = ("learning_rates", "together")
"""What `train.options` may hold beside what the trainer knows."""


def load_lagged(params: Mapping[str, Any]) -> LaggedCorpus:
    """The data set that `params["dataset"]` names. UnknownNameError if it has no lags."""
    corpus: Any = load_corpus(params)
    if not isinstance(corpus, LaggedCorpus):
        raise unknown_name("data set by lag", params["dataset"]["name"], ("intervals", "recall"))
    return corpus


def groups_of(params: Mapping[str, Any], corpus: LaggedCorpus) -> dict[str, Sequence[int]]:
    """Name -> the lags that one model learns: each alone, or all `together`."""
    if params["train"]["options"].get("together", False):
        return {"together": corpus.lags}
    return {f"lag{lag}": (lag,) for lag in corpus.lags}


def rates_of(params: Mapping[str, Any]) -> list[float]:
    """The learning rates that are tried: `train.options.learning_rates`, else the optimizer's."""
    rates = params["train"]["options"].get("learning_rates") or [
        params["optimizer"]["learning_rate"]
    ]
    for rate in rates:
        if not isinstance(rate, (int, float)) or rate <= 0:
            raise UsageError(
                f"train.options.learning_rates has {rate!r}, expected numbers above 0; "
                "set train.options.learning_rates=[0.003,0.01]"
            )
    return [float(rate) for rate in rates]


def at_rate(params: Mapping[str, Any], rate: float) -> dict[str, Any]:
    """The params of one training: its learning rate, and only options that a trainer knows."""
    train = dict(params["train"])
    train["options"] = {k: v for k, v in train["options"].items() if k not in OPTIONS}
    optimizer = {**params["optimizer"], "learning_rate": rate}
    return {**params, "train": train, "optimizer": optimizer}


def make_lagged(
    params: Mapping[str, Any], kernels: Kernels, corpus: LaggedCorpus, *, grad: bool
) -> TextClassifier:
    """A recurrent classifier of the corpus's tokens, parameters not yet set."""
    factory = type(registry().get("model", params["model"]["name"], kernels.backend.name))(kernels)
    model: TextClassifier = factory(
        classifier_config(params), len(corpus.tokens), len(corpus.classes), grad=grad
    )
    return model
