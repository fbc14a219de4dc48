"""Training as a trial: a problem of `models.training`, kept as an artifact, resumable."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from seqbench.experiments.artifacts import Checkpoint
from seqbench.experiments.child import TrialContext
from seqbench.interfaces import Case, Kernels, Sample, TrialResult
from seqbench.models.training import Problem, Progress, Trainer, TrainSettings, time_to_quality
from seqbench.registry import registry


@dataclass(frozen=True, slots=True)
class Prepared:
    """A problem with its parameters initialised, and what the artifact should tell beside them."""

    problem: Problem
    meta: dict[str, Any] = field(default_factory=dict)


Prepare = Callable[[Case, Kernels], Prepared]


def train_case(case: Case, context: TrialContext, prepare: Prepare) -> TrialResult:
    """Train unless the artifact is there; resumes from the last checkpoint.

    `kernel_impl` is the cell's implementation where the problem has a cell.
    """
    key = context.trial.builds
    kernels = registry().kernels(case.params["train"]["backend"])

    def build() -> tuple[dict[str, Any], dict[str, Any]]:
        checkpoint = context.artifacts.checkpoint(key)
        values, meta = _train(case, context, kernels, prepare, checkpoint)
        checkpoint.remove()
        return values, meta

    was_there = context.artifacts.has(key)
    bundle = context.artifacts.get_or_build(key, build, tell=lambda text: context.report(0.0, text))
    result = TrialResult(samples=samples_of(bundle.meta, case), artifact=key)
    result.resolved = dict(bundle.meta["resolved"])
    cell = case.params.get("cell", {}).get("name", "")
    result.kernel_impl = result.resolved.get(f"cell/{cell}", "")
    result.notes = {"artifact_was_there": was_there, "digest": bundle.digest}
    return result


class Resumable:
    """The trainer's view of a checkpoint in the artifact cache."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self._checkpoint = checkpoint

    def load(self) -> tuple[dict[str, Any], dict[str, Any]] | None:
        bundle = self._checkpoint.load()
        return None if bundle is None else (dict(bundle.params), dict(bundle.meta))

    def save(self, arrays: dict[str, Any], meta: dict[str, Any]) -> None:
        self._checkpoint.save(arrays, meta)


def _train(
    case: Case, context: TrialContext, kernels: Kernels, prepare: Prepare, checkpoint: Checkpoint
) -> tuple[dict[str, Any], dict[str, Any]]:
    prepared = prepare(case, kernels)
    problem = prepared.problem
    trainer = Trainer(problem, kernels, train_settings(case.params), case.seed)
    progress = trainer.run(Resumable(checkpoint), context.report)
    meta = {
        "params": dict(case.params),
        "seed": case.seed,
        "resolved": kernels.resolved,
        "num_parameters": problem.parameters.size,
        "progress": _plain(progress),
    }
    return problem.parameters.to_host(), meta | prepared.meta


def train_settings(params: Any) -> TrainSettings:
    """The trainer's settings out of the config's sections."""
    optimizer, train = params["optimizer"], params["train"]
    return TrainSettings(
        epochs=train["epochs"],
        batch_size=train["batch_size"],
        optimizer=optimizer["name"],
        optimizer_options=optimizer["options"],
        learning_rate=optimizer["learning_rate"],
        schedule=optimizer["schedule"],
        clip_norm=optimizer["clip_norm"] or math.inf,
        label_smoothing=train["label_smoothing"],
        patience=train["patience"],
        **train["options"],
    )


def _plain(progress: Progress) -> dict[str, Any]:
    return {
        "epochs": progress.epoch,
        "steps": progress.step,
        "train_s": progress.train_s,
        "train_flops": progress.train_flops,
        "best_nll": progress.best_nll,
        "history": progress.history,
    }


def samples_of(meta: dict[str, Any], case: Case) -> list[Sample]:
    """What training cost and reached; told again, not measured again, where it was there."""
    progress = meta["progress"]
    nll = progress["best_nll"]
    samples = [
        Sample("valid_nll", nll, f"nats/{meta.get('target', 'token')}", "lower", "train"),
        Sample("valid_perplexity", math.exp(nll), "1", "lower", "train"),
        Sample("train_time", progress["train_s"], "s", "lower", "train"),
        Sample("train_flops", float(progress["train_flops"]), "FLOP", "lower", "train"),
        Sample("epochs", float(progress["epochs"]), "1", "none", "train"),
        Sample("num_parameters", float(meta["num_parameters"]), "1", "none", "train"),
    ]
    best = [entry for entry in progress["history"] if entry["valid_nll"] == nll]
    accuracies = [entry["valid_accuracy"] for entry in best if "valid_accuracy" in entry]
    if accuracies:
        samples.append(Sample("valid_accuracy", accuracies[0], "fraction", "higher", "train"))
    target = case.params["train"].get("target_nll")
    if target is None:
        return samples
    seconds, flops = time_to_quality(progress["history"], target)
    if math.isfinite(seconds):
        samples += [
            Sample("time_to_quality", seconds, "s", "lower", "train"),
            Sample("flops_to_quality", flops, "FLOP", "lower", "train"),
        ]
    return samples
