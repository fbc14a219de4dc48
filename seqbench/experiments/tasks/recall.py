"""What a trained model keeps over each lag: accuracy, the largest lag solved, gradients (E03)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from seqbench.data.labelled_batching import LabelledBatch
from seqbench.data.lagged import LaggedCorpus
from seqbench.experiments.bundle import Bundle
from seqbench.experiments.child import TrialContext
from seqbench.interfaces import Case, Kernels, Sample, TrialResult, UsageError
from seqbench.kernels._cell import CellDims
from seqbench.models.lag_measures import classifier_norms, decays, mean_norm, solved_lag
from seqbench.models.text_classifier import TextClassifier

from .classify import negative_log_likelihood
from .lagged import groups_of, load_lagged, make_lagged
from .translation import kernels_for

OPTIONS = {"threshold": 0.9, "num_gradients": 32}
"""What `evaluate.options` may hold: the accuracy that solves a lag, sequences whose gradient is
followed (0: none)."""


@dataclass(slots=True)
class Kept:
    """By lag, in the order of the split: right or wrong (N,), nats of the labels (N,)."""

    correct: dict[int, np.ndarray] = field(default_factory=dict)
    nll: dict[int, np.ndarray] = field(default_factory=dict)

    def accuracy(self) -> dict[int, float]:
        return {lag: float(correct.mean()) for lag, correct in self.correct.items()}


def run(case: Case, context: TrialContext) -> TrialResult:
    """The models of one artifact on one split, every lag by the model that learned it."""
    params = case.params
    options = evaluate_options(params["evaluate"]["options"])
    corpus = load_lagged(params)
    kernels = kernels_for(params["backend"]["name"], params["backend"]["impl"])
    bundle = context.artifacts.load(context.trial.needs[0])
    model = make_lagged(params, kernels, corpus, grad=False)
    kept = Kept()
    for name, lags in groups_of(params, corpus).items():
        load_group(model, bundle, name)
        for lag in lags:
            batches = corpus.held_out(
                params["evaluate"]["split"], lag, params["evaluate"]["batch_size"]
            )
            kept.correct[lag], kept.nll[lag] = judged(model, batches)
            context.report(len(kept.nll) / len(corpus.lags), f"lag {lag}")
    samples = [*quality(kept, options["threshold"]), cell_cost(model, kernels, corpus)]
    items = {f"correct_lag_{lag}": v.astype(int).tolist() for lag, v in kept.correct.items()}
    if options["num_gradients"]:
        batch = corpus.batch(params["evaluate"]["split"], corpus.lags[-1], options["num_gradients"])
        found, slopes = gradients(case, kernels, corpus, model, batch)
        samples += found
        items |= slopes
    return TrialResult(
        samples=samples,
        items=items,
        kernel_impl=kernels.resolved[f"cell/{params['cell']['name']}"],
        resolved=kernels.resolved,
        artifact=context.trial.needs[0],
        notes={"artifact_digest": bundle.digest, "groups": bundle.meta["groups"]},
    )


def evaluate_options(given: dict[str, Any]) -> dict[str, Any]:
    """OPTIONS with what was given. UsageError for another name or an impossible value."""
    for name in given:
        if name not in OPTIONS:
            raise UsageError(
                f"evaluate.options has {name!r}, expected one of {', '.join(OPTIONS)}; leave it out"
            )
    options = {**OPTIONS, **given}
    if not 0 < options["threshold"] <= 1:
        raise UsageError(
            f"evaluate.options.threshold is {options['threshold']}, expected above 0 and at "
            "most 1; set evaluate.options.threshold=0.9"
        )
    return options


def load_group(model: TextClassifier, bundle: Bundle, name: str) -> None:
    """Take the parameters that one group's training left."""
    prefix = f"{name}."
    values = {k.removeprefix(prefix): v for k, v in bundle.params.items() if k.startswith(prefix)}
    model.parameters.load(values)
    model.load()


def judged(model: TextClassifier, batches: list[LabelledBatch]) -> tuple[np.ndarray, np.ndarray]:
    """(N,) right or wrong and (N,) nats of the label, in the order of the batches."""
    correct, nll = [], []
    for batch in batches:
        logits = model.backend.to_host(model.logits(batch))
        correct.append(logits.argmax(axis=-1) == batch.labels)
        nll.append(negative_log_likelihood(logits, batch.labels))
    return np.concatenate(correct), np.concatenate(nll)


def quality(kept: Kept, threshold: float) -> list[Sample]:
    """Accuracy and loss by lag; the largest lag with an accuracy of at least `threshold`."""
    accuracy = kept.accuracy()
    samples = [
        Sample("accuracy", value, "fraction", "higher", f"lag {lag}")
        for lag, value in accuracy.items()
    ]
    samples += [
        Sample("nll", float(value.mean()), "nats/sequence", "lower", f"lag {lag}")
        for lag, value in kept.nll.items()
    ]
    longest = max(accuracy)
    return [
        *samples,
        Sample("solved_lag", float(solved_lag(accuracy, threshold)), "steps", "higher"),
        Sample("accuracy_longest", accuracy[longest], "fraction", "higher"),
        Sample("accuracy_mean", float(np.mean(list(accuracy.values()))), "fraction", "higher"),
    ]


def cell_cost(model: TextClassifier, kernels: Kernels, corpus: LaggedCorpus) -> Sample:
    """Operations of the cell, forward and backward, a step and sequence, by its formula."""
    config = model.config
    contract = kernels.get("cell", config.cell).contract
    dims = CellDims(1, 1, config.embedding_size, config.hidden_size)
    return Sample("step_flops", float(contract.flops(dims, True)), "FLOP", "lower")


def gradients(
    case: Case, kernels: Kernels, corpus: LaggedCorpus, model: TextClassifier, batch: LabelledBatch
) -> tuple[list[Sample], dict[str, list[Any]]]:
    """Norms by lag and their decay before training and after, of the longest lag's model.

    `model` holds that model's parameters. A norm is over that at lag 0; the decay is the slope of
    its logarithm, nats a step, the mean over the sequences, whose own slopes are the items.
    """
    samples, items = [], {}
    start = make_lagged(case.params, kernels, corpus, grad=False)
    start.initialise(case.seed)
    for when, one in (("start", start), ("trained", model)):
        norms = classifier_norms(kernels, one, batch).total
        slopes = decays(norms)
        items[f"gradient_decay_{when}"] = slopes.tolist()
        samples.append(Sample(f"gradient_decay_{when}", float(slopes.mean()), "nats/step", "none"))
        samples += [
            Sample(f"gradient_{when}", mean_norm(norms, lag), "1", "none", f"lag {lag}")
            for lag in corpus.lags
            if lag < len(norms)
        ]
    return samples, items
