"""Train a sentence classifier (A23, A24) and keep it as an artifact."""

from __future__ import annotations

from seqbench.experiments.child import TrialContext
from seqbench.interfaces import Case, Kernels, TrialResult
from seqbench.models.classification_problem import ClassificationProblem

from .classification import load_labelled, make_classifier
from .training import Prepared, train_case


def run(case: Case, context: TrialContext) -> TrialResult:
    return train_case(case, context, prepare)


def prepare(case: Case, kernels: Kernels) -> Prepared:
    """The model of the case with the batches of its corpus."""
    corpus = load_labelled(case.params)
    model = make_classifier(case.params, kernels, corpus, grad=True)
    model.initialise(case.seed)
    batch_size = case.params["train"]["batch_size"]
    problem = ClassificationProblem(model, corpus, batch_size=batch_size, seed=case.seed)
    meta = {"vocabulary": corpus.vocabulary.to_list(), "classes": list(corpus.classes)}
    return Prepared(problem, meta | {"target": "sentence"})
