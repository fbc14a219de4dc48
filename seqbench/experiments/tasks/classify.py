"""Classify a split with a trained model: accuracy, loss, speed, what word order changes (E10)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from seqbench.data.labelled import LabelledSplit
from seqbench.data.labelled_batching import LabelledBatch, evaluation_batches, shuffled_words
from seqbench.experiments.child import TrialContext
from seqbench.interfaces import Case, Sample, TrialResult
from seqbench.models.text_classifier import TextClassifier

from .classification import load_labelled, make_classifier
from .translation import kernels_for


@dataclass(slots=True)
class Classified:
    """In the order of the split: predicted classes (N,), nats of the labels (N,); seconds.

    shuffled : (N,), the classes predicted when the words of each sentence stand in another order
    """

    predicted: np.ndarray
    nll: np.ndarray
    shuffled: np.ndarray
    seconds: float = 0.0


def run(case: Case, context: TrialContext) -> TrialResult:
    """One trained model on one split."""
    params = case.params
    corpus = load_labelled(params)
    split = getattr(corpus, params["evaluate"]["split"]).head(params["evaluate"]["num_sentences"])
    kernels = kernels_for(params["backend"]["name"], params["backend"]["impl"])
    model = make_classifier(params, kernels, corpus, grad=False)
    bundle = context.artifacts.load(context.trial.needs[0])
    model.parameters.load(bundle.params)
    model.load()
    batches = evaluation_batches(split, len(corpus.classes), params["evaluate"]["batch_size"])
    found = classify(model, batches, context, case.seed)
    cell = kernels.resolved.get(f"cell/{params['cell']['name']}")
    pooled = kernels.resolved.get("feature/mean_pool")
    return TrialResult(
        samples=samples_of(found, split, len(corpus.classes)),
        items=items_of(found, split),
        kernel_impl=cell or pooled or kernels.resolved["embedding/gather"],
        resolved=kernels.resolved,
        artifact=context.trial.needs[0],
        notes={"artifact_digest": bundle.digest, "classes": list(corpus.classes)},
    )


def classify(
    model: TextClassifier, batches: list[LabelledBatch], context: TrialContext, seed: int = 0
) -> Classified:
    """The likeliest class of every sentence; all that a user waits for is in the time.

    seed : of the order that words are shuffled into; no part of the time
    """
    count = sum(batch.size for batch in batches)
    capacity = max(batch.ids.shape[0] for batch in batches)
    found = Classified(np.zeros(count, np.int64), np.zeros(count), np.zeros(count, np.int64))
    to_host, timer = model.backend.to_host, model.backend.timer()
    for number, batch in enumerate(batches):
        timer.start()
        logits = to_host(model.logits(batch, capacity=capacity))
        found.predicted[batch.indices] = logits.argmax(axis=-1)
        found.seconds += timer.stop()
        found.nll[batch.indices] = negative_log_likelihood(logits, batch.labels)
        mixed = model.logits(shuffled_words(batch, seed), capacity=capacity)
        found.shuffled[batch.indices] = to_host(mixed).argmax(axis=-1)
        context.report((number + 1) / len(batches), f"classified {number + 1} of {len(batches)}")
    return found


def negative_log_likelihood(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(B,) float64 nats of the labels (B,) under softmax(logits), (B, C)."""
    wide = logits.astype(np.float64)
    largest = wide.max(axis=-1)
    total = np.log(np.exp(wide - largest[:, None]).sum(axis=-1)) + largest
    picked: np.ndarray = np.take_along_axis(wide, labels[:, None].astype(np.int64), 1)[:, 0]
    return total - picked


def samples_of(found: Classified, split: LabelledSplit, num_classes: int) -> list[Sample]:
    right = found.predicted == split.labels
    swapped = float((found.predicted != found.shuffled).mean())
    commonest = float(np.bincount(split.labels, minlength=num_classes).max() / len(split))
    return [
        Sample("accuracy", float(right.mean()), "fraction", "higher", "classify"),
        *_by_group(right, split.groups),
        Sample("swap_changes", swapped, "fraction", "none", "classify"),
        Sample("nll", float(found.nll.mean()), "nats/sentence", "lower", "classify"),
        Sample("commonest_class", commonest, "fraction", "none", "classify"),
        Sample("classify_time", found.seconds, "s", "lower", "classify"),
    ]


def _by_group(right: np.ndarray, groups: tuple[str, ...]) -> list[Sample]:
    """`accuracy_GROUP` of every group that the data set tells."""
    told = np.array(groups)
    return [
        Sample(
            f"accuracy_{name}", float(right[told == name].mean()), "fraction", "higher", "classify"
        )
        for name in dict.fromkeys(groups)
    ]


def items_of(found: Classified, split: LabelledSplit) -> dict[str, list[Any]]:
    """What intervals are made of afterwards: right or wrong, and nats, a sentence each."""
    return {
        "correct": (found.predicted == split.labels).astype(int).tolist(),
        "predicted": found.predicted.tolist(),
        "shuffled": found.shuffled.tolist(),
        "nll": found.nll.tolist(),
    }
