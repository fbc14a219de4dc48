"""Judge trained word vectors: held-out loss and correlation with people's similarities."""

from __future__ import annotations

from collections.abc import Mapping

from seqbench.data.word_corpus import WordCorpus
from seqbench.data.word_similarity import SimilarityPairs
from seqbench.data.word_vectors import WordVectors
from seqbench.experiments.child import TrialContext
from seqbench.interfaces import Case, Kernels, Sample, TrialResult
from seqbench.models.vector_loss import held_out_log_loss, held_out_loss
from seqbench.registry import registry

from .train_vectors import trained_of, vector_settings
from .translation import kernels_for, load_corpus
from .word_judges import similarity_sets


def run(case: Case, context: TrialContext) -> TrialResult:
    """One trained model; `kernel_impl` names what trained it."""
    params = case.params
    bundle = context.artifacts.load(context.trial.needs[0])
    kernels = kernels_for(params["backend"]["name"], params["backend"]["impl"])
    corpus: WordCorpus = load_corpus(params)  # type: ignore[assignment]
    trained, settings = trained_of(bundle), vector_settings(params)
    options = params["evaluate"]["options"]
    held_out = {"max_tokens": options.get("held_out_tokens")}
    name = params["model"]["name"]
    loss = held_out_loss(kernels, name, corpus, trained, settings, **held_out)
    context.report(0.5, f"held-out loss {loss:.3f}")
    vectors = WordVectors(corpus.words, trained.weight_in)
    speed = trained.tokens / trained.train_s
    sets = similarity_sets(corpus, options.get("similarity", []))
    samples = [
        Sample("held_out_loss", loss, "nats", "lower", "evaluate"),
        *_similarities(kernels, vectors, sets),
        Sample("train_words_per_s", speed, "word/s", "higher", "evaluate"),
    ]
    if name.startswith("skipgram"):
        exact = held_out_log_loss(kernels, name, corpus, trained, settings, **held_out)
        samples.append(Sample("log_loss", exact, "nats", "lower", "evaluate"))
    return TrialResult(
        samples=samples,
        kernel_impl=trained.impl,
        resolved={**kernels.resolved, **bundle.meta["resolved"]},
        artifact=context.trial.needs[0],
        notes={"artifact_digest": bundle.digest},
    )


def _similarities(
    kernels: Kernels, vectors: WordVectors, sets: Mapping[str, SimilarityPairs]
) -> list[Sample]:
    """Spearman's correlation on each set, and how many of its pairs the vocabulary covers."""
    judge = type(registry().get("metric", "word_similarity", kernels.backend.name))(kernels)
    samples = []
    for name, pairs in sets.items():
        score = judge.score(vectors, pairs)
        covered = score.num_covered / score.num_pairs
        samples += [
            Sample(f"{name}_spearman", score.spearman, "1", "higher", "evaluate"),
            Sample(f"{name}_covered", covered, "fraction", "none", "evaluate"),
        ]
    return samples
