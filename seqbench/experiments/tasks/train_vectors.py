"""Train word vectors on a text, by ours or by a peer that brings the whole model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seqbench.data.word_corpus import WordCorpus
from seqbench.experiments.child import TrialContext
from seqbench.interfaces import Case, Sample, TrialResult
from seqbench.kernels.word_vectors import TrainedVectors, VectorSettings
from seqbench.registry import registry

from .translation import load_corpus


def run(case: Case, context: TrialContext) -> TrialResult:
    """Train unless the artifact is there; `kernel_impl` is what trained."""
    key = context.trial.builds

    def build() -> tuple[dict[str, Any], dict[str, Any]]:
        return _train(case, context)

    bundle = context.artifacts.get_or_build(key, build, tell=lambda text: context.report(0.0, text))
    result = TrialResult(samples=samples_of(bundle.meta), artifact=key)
    result.kernel_impl = bundle.meta["impl"]
    result.resolved = dict(bundle.meta["resolved"])
    result.notes = {"digest": bundle.digest}
    return result


def _train(case: Case, context: TrialContext) -> tuple[dict[str, Any], dict[str, Any]]:
    params = case.params
    corpus: WordCorpus = load_corpus(params)  # type: ignore[assignment]
    name = params["model"]["name"]
    trainer = registry().get("model", name, params["train"]["backend"])
    settings = vector_settings(params)
    trained = trainer.train(corpus, settings, seed=case.seed, report=context.report)
    arrays = {"weight_in": trained.weight_in, "weight_out": trained.weight_out}
    if trained.tree is not None:
        arrays |= {"path_nodes": trained.tree[0], "path_signs": trained.tree[1]}
    return arrays, {
        "words": list(corpus.words),
        "impl": trained.impl,
        "resolved": {f"model/{name}": trained.impl},
        "tokens": trained.tokens,
        "train_s": trained.train_s,
    }


def vector_settings(params: Mapping[str, Any]) -> VectorSettings:
    """The trainer's settings out of the config's sections; options are its other fields."""
    return VectorSettings(
        size=params["model"]["embedding_size"],
        epochs=params["train"]["epochs"],
        dtype=params["dtype"],
        **params["model"]["options"],
    )


def trained_of(bundle: Any) -> TrainedVectors:
    """The artifact of a training, read back."""
    arrays, meta = bundle.params, bundle.meta
    tree = (arrays["path_nodes"], arrays["path_signs"]) if "path_nodes" in arrays else None
    return TrainedVectors(
        arrays["weight_in"],
        arrays["weight_out"],
        meta["tokens"],
        meta["train_s"],
        meta["impl"],
        tree,
    )


def samples_of(meta: Mapping[str, Any]) -> list[Sample]:
    """Speed by wall clock, of the training as it was; told again where the artifact was there."""
    return [
        Sample("train_time", meta["train_s"], "s", "lower", "train"),
        Sample("words_per_s", meta["tokens"] / meta["train_s"], "word/s", "higher", "train"),
        Sample("vocab_size", float(len(meta["words"])), "1", "none", "train"),
    ]
