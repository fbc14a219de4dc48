"""From a case's plain params to a corpus, kernels and a model: shared by training and decoding."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seqbench.data.corpus import ParallelCorpus
from seqbench.interfaces import Kernels
from seqbench.models.configuration import EncoderDecoderConfig
from seqbench.models.encoder_decoder import EncoderDecoder
from seqbench.registry import registry


def load_corpus(params: Mapping[str, Any]) -> ParallelCorpus:
    """The data set that `params["dataset"]` names, with its options."""
    dataset = dict(params["dataset"])
    options = dataset.pop("options", {})
    corpus: ParallelCorpus = registry().dataset(dataset.pop("name"))(**dataset, **options)
    return corpus


def kernels_for(backend: str, impl: Mapping[str, str] | None = None) -> Kernels:
    """Kernels of a backend, with the user's choices."""
    return registry().kernels(backend, impl)


def model_config(params: Mapping[str, Any]) -> EncoderDecoderConfig:
    """The model's mathematics, out of the config's sections."""
    model, cell, attention = params["model"], params["cell"], params["attention"]
    return EncoderDecoderConfig(
        cell=cell["name"],
        embedding_size=model["embedding_size"],
        hidden_size=cell["hidden_size"],
        attention=attention["name"],
        attention_size=attention["size"] or 1,
        bidirectional=model["bidirectional"],
        context=model["context"],
        dropout=model["dropout"],
        reverse_source=model["reverse_source"],
        dtype=params["dtype"],
    )


def make_model(
    params: Mapping[str, Any], kernels: Kernels, corpus: ParallelCorpus, *, grad: bool
) -> EncoderDecoder:
    """An encoder-decoder sized by the corpus's vocabularies, parameters not yet set."""
    smoothing = params["train"]["label_smoothing"] if grad else 0.0
    return EncoderDecoder(
        kernels,
        model_config(params),
        len(corpus.source_vocabulary),
        len(corpus.target_vocabulary),
        grad=grad,
        label_smoothing=smoothing,
    )
