"""A trained translation model made ready to decode: what every task that decodes shares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from seqbench.data.corpus import ParallelCorpus, Split
from seqbench.experiments.child import TrialContext
from seqbench.interfaces import Case, Kernels

from .translation import kernels_for, load_corpus, make_model


@dataclass(frozen=True, slots=True)
class Ready:
    """`split` is cut to `evaluate.num_sentences`; `steps` is the model one token at a time."""

    corpus: ParallelCorpus
    split: Split
    kernels: Kernels
    model: Any
    steps: Any
    artifact: str
    digest: str

    @property
    def vocabulary(self) -> Any:
        """Of the target."""
        return self.corpus.target_vocabulary


def ready(case: Case, context: TrialContext) -> Ready:
    """The corpus of a case and the model whose artifact its trial needs."""
    params, evaluate = case.params, case.params["evaluate"]
    corpus = load_corpus(params)
    split = getattr(corpus, evaluate["split"]).head(evaluate["num_sentences"])
    kernels = kernels_for(params["backend"]["name"], params["backend"]["impl"])
    model = make_model(params, kernels, corpus, grad=False)
    bundle = context.artifacts.load(context.trial.needs[0])
    model.parameters.load(bundle.params)
    model.load()
    vocabulary = corpus.target_vocabulary
    steps = model.step_model(vocabulary.bos_id, vocabulary.eos_id)
    return Ready(corpus, split, kernels, model, steps, context.trial.needs[0], bundle.digest)
