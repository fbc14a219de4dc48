"""Train a speech recogniser and keep it as an artifact."""

from __future__ import annotations

from seqbench.experiments.child import TrialContext
from seqbench.interfaces import Case, Kernels, TrialResult
from seqbench.models.speech_problem import SpeechProblem

from .speech import load_speech, make_recogniser
from .training import Prepared, train_case


def run(case: Case, context: TrialContext) -> TrialResult:
    return train_case(case, context, prepare)


def prepare(case: Case, kernels: Kernels) -> Prepared:
    """The model of the case with the utterances of its corpus."""
    corpus = load_speech(case.params)
    model = make_recogniser(case.params, kernels, corpus, grad=True)
    model.initialise(case.seed)
    batch_size = case.params["train"]["batch_size"]
    problem = SpeechProblem(model, corpus, batch_size=batch_size, seed=case.seed)
    return Prepared(problem, {"labels": list(corpus.labels), "target": "label"})
