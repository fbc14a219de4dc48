"""Judge trained word vectors: held-out loss and correlation with people's similarities."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seqbench.data.word_corpus import WordCorpus
from seqbench.data.word_similarity import load_word_similarity
from seqbench.data.word_vectors import WordVectors
from seqbench.experiments.child import TrialContext
from seqbench.interfaces import Case, Kernels, Sample, TrialResult
from seqbench.models.vector_loss import held_out_loss
from seqbench.registry import registry

from .train_vectors import trained_of, vector_settings
from .translation import kernels_for, load_corpus


def run(case: Case, context: TrialContext) -> TrialResult:
    """One trained model; `kernel_impl` names what trained it."""
    params = case.params
    bundle = context.artifacts.load(context.trial.needs[0])
    kernels = kernels_for(params["backend"]["name"], params["backend"]["impl"])
    corpus: WordCorpus = load_corpus(params)  # type: ignore[assignment]
    trained, settings = trained_of(bundle), vector_settings(params)
    options = params["evaluate"]["options"]
    loss = held_out_loss(
        kernels,
        params["model"]["name"],
        corpus,
        trained,
        settings,
        max_tokens=options.get("held_out_tokens"),
    )
    context.report(0.5, f"held-out loss {loss:.3f}")
    vectors = WordVectors(corpus.words, trained.weight_in)
    speed = trained.tokens / trained.train_s
    samples = [
        Sample("held_out_loss", loss, "nats", "lower", "evaluate"),
        *_similarities(kernels, vectors, params, options.get("similarity", [])),
        Sample("train_words_per_s", speed, "word/s", "higher", "evaluate"),
    ]
    return TrialResult(
        samples=samples,
        kernel_impl=trained.impl,
        resolved={**kernels.resolved, **bundle.meta["resolved"]},
        artifact=context.trial.needs[0],
        notes={"artifact_digest": bundle.digest},
    )


def _similarities(
    kernels: Kernels, vectors: WordVectors, params: Mapping[str, Any], names: list[str]
) -> list[Sample]:
    """Spearman's correlation on each set, and how many of its pairs the vocabulary covers."""
    if not names:
        return []
    judge = type(registry().get("metric", "word_similarity", kernels.backend.name))(kernels)
    root = params["dataset"].get("options", {}).get("root")
    samples = []
    for name, pairs in load_word_similarity(root=root, names=tuple(names)).items():
        score = judge.score(vectors, pairs)
        covered = score.num_covered / score.num_pairs
        samples += [
            Sample(f"{name}_spearman", score.spearman, "1", "higher", "evaluate"),
            Sample(f"{name}_covered", covered, "fraction", "none", "evaluate"),
        ]
    return samples
