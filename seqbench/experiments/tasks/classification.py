"""From a case's plain params to a labelled corpus and a classifier."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seqbench.data.labelled import LabelledCorpus
from seqbench.interfaces import Kernels, unknown_name
from seqbench.models.classifier_configuration import ClassifierConfig
from seqbench.models.text_classifier import TextClassifier
from seqbench.registry import registry

from .translation import load_corpus

OPTIONS = ("word_dropout", "num_layers", "pooling", "initial", "forget_bias")
"""What `model.options` may hold."""


def load_labelled(params: Mapping[str, Any]) -> LabelledCorpus:
    """The data set that `params["dataset"]` names. UnknownNameError if it has no labels."""
    corpus: Any = load_corpus(params)
    if not isinstance(corpus, LabelledCorpus):
        labelled = ("mr", "opinions", "signal_words", "sst2", "sst5", "subj", "trec")
        raise unknown_name("labelled data set", params["dataset"]["name"], labelled)
    return corpus


def classifier_config(params: Mapping[str, Any]) -> ClassifierConfig:
    """The model's mathematics, out of the config's sections."""
    model, cell = params["model"], params["cell"]
    for name in model["options"]:
        if name not in OPTIONS:
            raise unknown_name("option of this model", name, OPTIONS)
    return ClassifierConfig(
        embedding_size=model["embedding_size"],
        dropout=model["dropout"],
        cell=cell["name"],
        hidden_size=cell["hidden_size"],
        bidirectional=model["bidirectional"],
        positions=params["dataset"]["max_length"],
        dtype=params["dtype"],
        **model["options"],
    )


def make_classifier(
    params: Mapping[str, Any], kernels: Kernels, corpus: LabelledCorpus, *, grad: bool
) -> TextClassifier:
    """A classifier sized by the corpus, parameters not yet set."""
    name = params["model"]["name"]
    factory = type(registry().get("model", name, kernels.backend.name))(kernels)
    smoothing = params["train"]["label_smoothing"] if grad else 0.0
    model: TextClassifier = factory(
        classifier_config(params),
        len(corpus.vocabulary),
        len(corpus.classes),
        grad=grad,
        label_smoothing=smoothing,
    )
    return model
