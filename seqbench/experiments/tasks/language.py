"""From a case's plain params to a text and a language model: shared by training and evaluation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seqbench.data.text_corpus import TextCorpus
from seqbench.interfaces import Kernels, UsageError
from seqbench.models.language_model import LanguageModel, LanguageModelConfig
from seqbench.registry import registry

OPTIONS = {"num_layers": 1, "tied": False, "window": 35}
"""`model.options` of a language model, and what they are unless set."""


def load_text(params: Mapping[str, Any]) -> TextCorpus:
    """The text that `params["dataset"]` names, with its options."""
    dataset = dict(params["dataset"])
    options = dataset.pop("options", {})
    found = registry().dataset(dataset.pop("name"))(**dataset, **options)
    if not isinstance(found, TextCorpus):
        raise UsageError(
            f"language_model: the data set {params['dataset']['name']} is no text, expected one "
            "like help_topics or ptb; set dataset=help_topics"
        )
    return found


def model_options(params: Mapping[str, Any]) -> dict[str, Any]:
    """`num_layers`, `tied` and `window`. Raises UsageError for an option that there is not."""
    options = params["model"]["options"]
    unknown = sorted(set(options) - set(OPTIONS))
    if unknown:
        raise UsageError(
            f"language_model: no option model.options.{unknown[0]}, expected one of "
            f"{', '.join(OPTIONS)}; leave it out"
        )
    return OPTIONS | dict(options)


def make_language_model(
    params: Mapping[str, Any], kernels: Kernels, corpus: TextCorpus, *, grad: bool
) -> LanguageModel:
    """A language model sized by the text's vocabulary, parameters not yet set."""
    model, cell, options = params["model"], params["cell"], model_options(params)
    config = LanguageModelConfig(
        cell=cell["name"],
        embedding_size=model["embedding_size"],
        hidden_size=cell["hidden_size"],
        num_layers=options["num_layers"],
        dropout=model["dropout"],
        tied=options["tied"],
        dtype=params["dtype"],
    )
    smoothing = params["train"]["label_smoothing"] if grad else 0.0
    size = len(corpus.vocabulary)
    return LanguageModel(kernels, config, size, grad=grad, label_smoothing=smoothing)
