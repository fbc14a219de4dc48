"""Train the language model of a case and keep it as an artifact."""

from __future__ import annotations

from seqbench.experiments.child import TrialContext
from seqbench.interfaces import Case, Kernels, TrialResult
from seqbench.models.language_problem import LanguageProblem

from .language import load_text, make_language_model, model_options
from .training import Prepared, train_case


def run(case: Case, context: TrialContext) -> TrialResult:
    return train_case(case, context, prepare)


def prepare(case: Case, kernels: Kernels) -> Prepared:
    """The model of the case with the batches of its text."""
    params = case.params
    corpus = load_text(params)
    model = make_language_model(params, kernels, corpus, grad=True)
    model.initialise(case.seed)
    problem = LanguageProblem(
        model,
        corpus,
        batch_size=params["train"]["batch_size"],
        window=model_options(params)["window"],
        seed=case.seed,
    )
    meta = {
        "vocabulary": corpus.vocabulary.to_list(),
        "data_sha256": corpus.data_hash,
        "data_facts": dict(corpus.facts),
    }
    return Prepared(problem, meta)
