"""Train a trigger word detector (A37) and keep it as an artifact."""

from __future__ import annotations

from seqbench.experiments.child import TrialContext
from seqbench.interfaces import Case, Kernels, TrialResult
from seqbench.models.trigger_problem import TriggerProblem

from .training import Prepared, train_case
from .triggers import load_recordings, make_detector


def run(case: Case, context: TrialContext) -> TrialResult:
    return train_case(case, context, prepare)


def prepare(case: Case, kernels: Kernels) -> Prepared:
    """The model of the case with its recordings."""
    corpus = load_recordings(case.params)
    model = make_detector(case.params, kernels, corpus, grad=True)
    model.initialise(case.seed)
    batch_size = case.params["train"]["batch_size"]
    problem = TriggerProblem(model, corpus, batch_size=batch_size, seed=case.seed)
    return Prepared(problem, {"target": "step"})
