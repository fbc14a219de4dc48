"""From a case's plain params to recordings with triggers and a detector."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seqbench.data.triggers import TriggerCorpus
from seqbench.interfaces import Kernels, unknown_name
from seqbench.models.trigger_word import TriggerDetector
from seqbench.registry import registry

from .speech import acoustic_config
from .translation import load_corpus

OPTIONS = ("repeats", "positive_weight")
"""What `model.options` may hold beside those of the encoder."""


def load_recordings(params: Mapping[str, Any]) -> TriggerCorpus:
    """The data set that `params["dataset"]` names. UnknownNameError if it has no triggers."""
    corpus: Any = load_corpus(params)
    if not isinstance(corpus, TriggerCorpus):
        raise unknown_name("data set with triggers", params["dataset"]["name"], ("triggers",))
    return corpus


def make_detector(
    params: Mapping[str, Any], kernels: Kernels, corpus: TriggerCorpus, *, grad: bool
) -> TriggerDetector:
    """A detector, parameters not yet set."""
    name, options = params["model"]["name"], params["model"]["options"]
    factory = type(registry().get("model", name, kernels.backend.name))(kernels)
    own = {option: options[option] for option in OPTIONS if option in options}
    config = acoustic_config(params, *OPTIONS)
    model: TriggerDetector = factory(config, corpus.sample_rate, grad=grad, **own)
    return model
