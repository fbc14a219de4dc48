"""Train a captioner (A26) and keep it as an artifact."""

from __future__ import annotations

from seqbench.experiments.child import TrialContext
from seqbench.interfaces import Case, Kernels, TrialResult
from seqbench.models.captioning_problem import CaptioningProblem

from .captioning import load_captioned, make_captioner
from .training import Prepared, train_case


def run(case: Case, context: TrialContext) -> TrialResult:
    return train_case(case, context, prepare)


def prepare(case: Case, kernels: Kernels) -> Prepared:
    """The model of the case with the batches of its corpus."""
    corpus = load_captioned(case.params)
    model = make_captioner(case.params, kernels, corpus, grad=True)
    model.initialise(case.seed)
    batch_size = case.params["train"]["batch_size"]
    problem = CaptioningProblem(model, corpus, batch_size=batch_size, seed=case.seed)
    return Prepared(problem, {"vocabulary": corpus.vocabulary.to_list()})
