"""From a case's plain params to a corpus of speech and a model that hears."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seqbench.data.speech import SpeechCorpus
from seqbench.interfaces import Kernels, unknown_name
from seqbench.models.acoustic_encoder import AcousticConfig
from seqbench.models.speech_features import FeatureConfig
from seqbench.models.speech_recogniser import SpeechRecogniser
from seqbench.registry import registry

from .translation import load_corpus

FEATURE_OPTIONS = ("window_s", "hop_s", "num_mels", "scale", "norm", "normalise")
ENCODER_OPTIONS = ("num_layers", "kernel_size", "stride", "filters")


def load_speech(params: Mapping[str, Any]) -> SpeechCorpus:
    """The data set that `params["dataset"]` names. UnknownNameError if it is no speech."""
    corpus: Any = load_corpus(params)
    if not isinstance(corpus, SpeechCorpus):
        known = ("digit_files", "fsdd", "tones")
        raise unknown_name("data set of speech", params["dataset"]["name"], known)
    return corpus


def acoustic_config(params: Mapping[str, Any], *others: str) -> AcousticConfig:
    """The model's mathematics, out of the config; `others` are options that are read elsewhere."""
    model, cell = params["model"], params["cell"]
    options = dict(model["options"])
    for name in options:
        known = (*FEATURE_OPTIONS, *ENCODER_OPTIONS, *others)
        if name not in known:
            raise unknown_name("option of this model", name, known)
    features = {name: options[name] for name in FEATURE_OPTIONS if name in options}
    encoder = {name: options[name] for name in ENCODER_OPTIONS if name in options}
    return AcousticConfig(
        cell=cell["name"],
        hidden_size=cell["hidden_size"],
        bidirectional=model["bidirectional"],
        dropout=model["dropout"],
        dtype=params["dtype"],
        features=FeatureConfig(**features),
        **encoder,
    )


def make_recogniser(
    params: Mapping[str, Any], kernels: Kernels, corpus: SpeechCorpus, *, grad: bool
) -> SpeechRecogniser:
    """A recogniser of the corpus's labels, parameters not yet set."""
    name = params["model"]["name"]
    factory = type(registry().get("model", name, kernels.backend.name))(kernels)
    model: SpeechRecogniser = factory(
        acoustic_config(params), len(corpus.labels), corpus.sample_rate, grad=grad
    )
    return model
