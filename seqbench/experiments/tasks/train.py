"""Train the encoder-decoder of a case and keep it as an artifact."""

from __future__ import annotations

from seqbench.experiments.child import TrialContext
from seqbench.interfaces import Case, Kernels, TrialResult
from seqbench.models.translation_problem import TranslationProblem

from .training import Prepared, train_case
from .translation import load_corpus, make_model


def run(case: Case, context: TrialContext) -> TrialResult:
    return train_case(case, context, prepare)


def prepare(case: Case, kernels: Kernels) -> Prepared:
    """The model of the case with the batches of its corpus."""
    corpus = load_corpus(case.params)
    model = make_model(case.params, kernels, corpus, grad=True)
    model.initialise(case.seed)
    batch_size = case.params["train"]["batch_size"]
    problem = TranslationProblem(model, corpus, batch_size=batch_size, seed=case.seed)
    vocabularies = {
        "source_vocabulary": corpus.source_vocabulary.to_list(),
        "target_vocabulary": corpus.target_vocabulary.to_list(),
    }
    return Prepared(problem, vocabularies)
