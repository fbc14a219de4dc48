"""From a case's plain params to a captioned corpus and a captioner."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from seqbench.data.captioned import CaptionCorpus
from seqbench.interfaces import Kernels, unknown_name
from seqbench.models.captioner import Captioner
from seqbench.models.captioner_configuration import CaptionerConfig
from seqbench.models.configuration import EncoderDecoderConfig

from .translation import load_corpus, model_config

OPTIONS = ("filters",)
"""What `model.options` may hold."""


def load_captioned(params: Mapping[str, Any]) -> CaptionCorpus:
    """The data set that `params["dataset"]` names. UnknownNameError if it has no pictures."""
    corpus: Any = load_corpus(params)
    if not isinstance(corpus, CaptionCorpus):
        raise unknown_name("data set with pictures", params["dataset"]["name"], ("scenes",))
    return corpus


def captioner_config(params: Mapping[str, Any], corpus: CaptionCorpus) -> CaptionerConfig:
    """The model's mathematics, out of the config's sections and the pictures' shape."""
    options = params["model"]["options"]
    for name in options:
        if name not in OPTIONS:
            raise unknown_name("option of this model", name, OPTIONS)
    base = model_config(params)
    own = {f.name: getattr(base, f.name) for f in fields(EncoderDecoderConfig)}
    return CaptionerConfig(**own, filters=tuple(options["filters"]), image_shape=corpus.image_shape)


def make_captioner(
    params: Mapping[str, Any], kernels: Kernels, corpus: CaptionCorpus, *, grad: bool
) -> Captioner:
    """A captioner sized by the corpus, parameters not yet set."""
    smoothing = params["train"]["label_smoothing"] if grad else 0.0
    return Captioner(
        kernels,
        captioner_config(params, corpus),
        len(corpus.vocabulary),
        grad=grad,
        label_smoothing=smoothing,
    )
