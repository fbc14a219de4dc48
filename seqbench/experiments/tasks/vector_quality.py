"""Train word vectors and judge them at once: similarity, analogies, objective, speed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from seqbench.data.word_analogies import Question
from seqbench.data.word_corpus import WordCorpus
from seqbench.data.word_similarity import SimilarityPairs
from seqbench.data.word_vectors import WordVectors
from seqbench.experiments.child import TrialContext
from seqbench.interfaces import Case, Kernels, Sample, TrialResult
from seqbench.kernels.word_vectors import VectorSettings
from seqbench.models.glove import GloveSettings
from seqbench.registry import registry

from .translation import kernels_for, load_corpus
from .word_judges import analogy_sections, similarity_sets


@dataclass(frozen=True, slots=True)
class _Trained:
    """(V, D) vectors, what made them, and what training itself tells."""

    vectors: np.ndarray
    impl: str
    samples: list[Sample]


def run(case: Case, context: TrialContext) -> TrialResult:
    """One model from one seed."""
    params = case.params
    corpus: WordCorpus = load_corpus(params)  # type: ignore[assignment]
    kernels = kernels_for(params["backend"]["name"], params["backend"]["impl"])
    trained = _train(case, kernels, corpus, context)
    vectors = WordVectors(corpus.words, trained.vectors)
    options = params["evaluate"]["options"]
    sets = similarity_sets(corpus, options["similarity"])
    samples = [*_similarities(kernels, vectors, sets), *trained.samples]
    if options.get("analogies"):
        samples += _analogies(kernels, vectors, analogy_sections(corpus))
    return TrialResult(
        samples=samples,
        kernel_impl=trained.impl,
        resolved=kernels.resolved,
        notes={"tokens": len(corpus), "words": len(corpus.words)},
    )


def _train(case: Case, kernels: Kernels, corpus: WordCorpus, context: TrialContext) -> _Trained:
    params = case.params
    name = params["model"]["name"]
    trainer: Any = registry().get("model", name, kernels.backend.name)
    settings = {
        "size": params["model"]["embedding_size"],
        "epochs": params["train"]["epochs"],
        "dtype": params["dtype"],
        **params["model"]["options"],
    }
    if name == "glove":
        made = type(trainer)(kernels).train(
            corpus, GloveSettings(**settings), seed=case.seed, report=context.report
        )
        visited = made.num_counts * settings["epochs"]
        return _Trained(made.vectors, made.impl, _told(made, visited))
    found = trainer.train(corpus, VectorSettings(**settings), seed=case.seed, report=context.report)
    return _Trained(found.weight_in, found.impl, [_sample("train_time", found.train_s, "s")])


def _told(made: Any, visited: int) -> list[Sample]:
    return [
        _sample("objective", made.objective[-1]),
        _sample("counts", made.num_counts, "counts"),
        _sample("count_time", made.count_s, "s"),
        _sample("train_time", made.train_s, "s"),
        _sample("counts_per_s", visited / made.train_s, "count/s", "higher"),
    ]


def _sample(metric: str, value: float, unit: str = "1", direction: Any = "lower") -> Sample:
    return Sample(metric, float(value), unit, direction, "quality")


def _similarities(
    kernels: Kernels, vectors: WordVectors, sets: Mapping[str, SimilarityPairs]
) -> list[Sample]:
    """Spearman's correlation on each set, and `similarity_spearman`, their mean."""
    judge = type(registry().get("metric", "word_similarity", kernels.backend.name))(kernels)
    scores = [judge.score(vectors, pairs) for pairs in sets.values()]
    samples = []
    for score in scores:
        samples += [
            _sample(f"{score.name}_spearman", score.spearman, "1", "higher"),
            _sample(f"{score.name}_pairs", score.num_covered, "pairs", "none"),
        ]
    if scores:
        mean = float(np.mean([score.spearman for score in scores]))
        samples.append(_sample("similarity_spearman", mean, "1", "higher"))
    return samples


def _analogies(
    kernels: Kernels, vectors: WordVectors, sections: Mapping[str, Sequence[Question]]
) -> list[Sample]:
    judge = type(registry().get("metric", "word_analogies", kernels.backend.name))(kernels)
    score = judge.score(vectors, sections)
    return [
        _sample("analogy_accuracy", score.accuracy, "fraction", "higher"),
        _sample("analogies_covered", score.covered, "questions", "none"),
    ]
