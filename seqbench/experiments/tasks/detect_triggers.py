"""Find triggers in a split with a trained detector: precision, recall, F1 of events (E14)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from seqbench.data.triggers import TriggerSplit, evaluation_batches
from seqbench.experiments.child import TrialContext
from seqbench.interfaces import Case, Sample, TrialResult, unknown_name
from seqbench.models.event_f1 import EventCounts, detect
from seqbench.models.trigger_word import TriggerDetector
from seqbench.registry import registry

from .translation import kernels_for
from .triggers import load_recordings, make_detector

DEFAULTS = {"threshold": 0.5, "tolerance": 10, "min_gap": 10}
"""`evaluate.options`; the last two in steps of the model's output."""


@dataclass(slots=True)
class Detections:
    """Steps of detections and of references in the order of the split; seconds of work."""

    found: list[list[int]]
    references: list[list[int]]
    num_steps: list[int] = field(default_factory=list)
    seconds: float = 0.0


def run(case: Case, context: TrialContext) -> TrialResult:
    """One trained model on one split."""
    params = case.params
    corpus = load_recordings(params)
    split = getattr(corpus, params["evaluate"]["split"]).head(params["evaluate"]["num_sentences"])
    kernels = kernels_for(params["backend"]["name"], params["backend"]["impl"])
    model = make_detector(params, kernels, corpus, grad=False)
    bundle = context.artifacts.load(context.trial.needs[0])
    model.parameters.load(bundle.params)
    model.load()
    options = settings(params["evaluate"]["options"])
    listened = listen(model, split, params["evaluate"]["batch_size"], options, context)
    metric = type(registry().get("metric", "event_f1", kernels.backend.name))(kernels)
    counts = metric.counts(listened.found, listened.references, tolerance=options["tolerance"])
    return TrialResult(
        samples=samples_of(counts, listened, model.repeats),
        items={
            "matches": counts.matches.tolist(),
            "detections": counts.detections.tolist(),
            "references": counts.references.tolist(),
        },
        kernel_impl=kernels.resolved[f"cell/{params['cell']['name']}"],
        resolved=kernels.resolved,
        signature=f"tol:{options['tolerance']}|thr:{options['threshold']}|gap:{options['min_gap']}",
        artifact=context.trial.needs[0],
        notes={"artifact_digest": bundle.digest, "step_samples": model.step_samples},
    )


def settings(options: Any) -> dict[str, Any]:
    """DEFAULTS with the user's changes. UnknownNameError for another name."""
    for name in options:
        if name not in DEFAULTS:
            raise unknown_name("option of this task", name, DEFAULTS)
    return {**DEFAULTS, **options}


def listen(
    model: TriggerDetector,
    split: TriggerSplit,
    batch_size: int,
    options: dict[str, Any],
    context: TrialContext,
) -> Detections:
    """Detections of every recording; features are in the time."""
    listened = Detections([[] for _ in range(len(split))], model.event_steps(split.events))
    timer, capacity = model.backend.timer(), int(split.lengths.max())
    batches = evaluation_batches(split, batch_size)
    for number, batch in enumerate(batches):
        timer.start()
        probs = model.probs(batch, capacity=capacity)
        for index, values in zip(batch.indices.tolist(), probs, strict=True):
            listened.found[index] = detect(
                values, threshold=options["threshold"], min_gap=options["min_gap"]
            )
        listened.seconds += timer.stop()
        listened.num_steps += [values.size for values in probs]
        context.report((number + 1) / len(batches), f"heard {number + 1} of {len(batches)}")
    return listened


def samples_of(counts: EventCounts, listened: Detections, repeats: int) -> list[Sample]:
    positive = repeats * int(counts.references.sum()) / sum(listened.num_steps)
    return [
        Sample("event_f1", counts.f1, "fraction", "higher", "detect"),
        Sample("event_precision", counts.precision, "fraction", "higher", "detect"),
        Sample("event_recall", counts.recall, "fraction", "higher", "detect"),
        Sample("positive_steps", positive, "fraction", "none", "detect"),
        Sample("detect_time", listened.seconds, "s", "lower", "detect"),
    ]
