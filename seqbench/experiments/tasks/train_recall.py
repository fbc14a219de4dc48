"""Train a classifier for each lag, or one for all, and keep the best of several learning rates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from seqbench.data.lagged import LaggedCorpus
from seqbench.experiments.artifacts import Checkpoint
from seqbench.experiments.child import TrialContext
from seqbench.interfaces import Case, Kernels, Sample, TrainingError, TrialResult
from seqbench.models.lagged_problem import LaggedProblem
from seqbench.models.training import Progress, Trainer
from seqbench.registry import registry

from .lagged import at_rate, groups_of, load_lagged, make_lagged, rates_of
from .training import Resumable, train_settings


@dataclass(slots=True)
class Trained:
    """The best of a group's trainings; `tried` holds the lowest validation loss of each rate."""

    rate: float
    values: dict[str, np.ndarray]
    best: Progress
    tried: dict[str, float | None]
    train_s: float = 0.0
    train_flops: int = 0


def run(case: Case, context: TrialContext) -> TrialResult:
    """Train unless the artifact is there; each training resumes from its own checkpoint."""
    key = context.trial.builds
    kernels = registry().kernels(case.params["train"]["backend"])
    was_there = context.artifacts.has(key)
    bundle = context.artifacts.get_or_build(
        key,
        lambda: build(case, context, kernels, key),
        tell=lambda text: context.report(0.0, text),
    )
    result = TrialResult(samples=samples_of(bundle.meta), artifact=key)
    result.resolved = dict(bundle.meta["resolved"])
    result.kernel_impl = result.resolved.get(f"cell/{case.params['cell']['name']}", "")
    result.notes = {
        "artifact_was_there": was_there,
        "digest": bundle.digest,
        "groups": bundle.meta["groups"],
    }
    return result


def build(
    case: Case, context: TrialContext, kernels: Kernels, key: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Parameters by `group.tensor`, and what the trainings came to."""
    corpus = load_lagged(case.params)
    groups = groups_of(case.params, corpus)
    values: dict[str, Any] = {}
    told: dict[str, Any] = {}
    checkpoints: list[Checkpoint] = []
    for number, (name, lags) in enumerate(groups.items()):

        def report(done: float, text: str, at: int = number, name: str = name) -> None:
            context.report((at + done) / len(groups), f"{name}: {text}")

        def checkpoint(tried: int, name: str = name) -> Resumable:
            checkpoints.append(context.artifacts.checkpoint(f"{key}-{name}-{tried}"))
            return Resumable(checkpoints[-1])

        found = best_of_rates(case, kernels, corpus, lags, checkpoint, report)
        values |= {f"{name}.{tensor}": value for tensor, value in found.values.items()}
        told[name] = _told(found)
    for one in checkpoints:  # only now: a training that is done must not be done again
        one.remove()
    meta = {"params": dict(case.params), "seed": case.seed, "resolved": kernels.resolved}
    return values, meta | {"groups": told}


def best_of_rates(
    case: Case,
    kernels: Kernels,
    corpus: LaggedCorpus,
    lags: Sequence[int],
    checkpoint: Any,
    report: Any,
) -> Trained:
    """The training with the lowest validation loss; rates after one that is enough are not tried.

    A rate at which the loss is no longer a number has lost; TrainingError where all have.
    """
    best: Trained | None = None
    tried: dict[str, float | None] = {}
    seconds, flops, lost = 0.0, 0, None
    for number, rate in enumerate(rates_of(case.params)):
        params = at_rate(case.params, rate)
        settings = train_settings(params)
        model = make_lagged(params, kernels, corpus, grad=True)
        model.initialise(case.seed)
        problem = LaggedProblem(model, corpus, lags, batch_size=settings.batch_size, seed=case.seed)
        trainer = Trainer(problem, kernels, settings, case.seed)
        try:
            progress = trainer.run(checkpoint(number), report)
        except TrainingError as error:
            lost, tried[f"{rate:g}"] = error, None
            continue
        finally:
            seconds += trainer.progress.train_s
            flops += trainer.progress.train_flops
        tried[f"{rate:g}"] = progress.best_nll
        if best is None or progress.best_nll < best.best.best_nll:
            best = Trained(rate, model.parameters.to_host(), progress, tried)
        if progress.best_nll <= settings.enough_nll:
            break
    if best is None:
        raise TrainingError(f"no learning rate of {', '.join(tried)} trains: {lost}") from lost
    best.train_s, best.train_flops = seconds, flops
    return best


def _told(found: Trained) -> dict[str, Any]:
    return {
        "learning_rate": found.rate,
        "valid_nll": found.best.best_nll,
        "tried": found.tried,
        "epochs": found.best.epoch,
        "updates": found.best.step,
        "train_s": found.train_s,
        "train_flops": found.train_flops,
        "num_parameters": int(sum(value.size for value in found.values.values())),
        "history": found.best.history,
    }


def samples_of(meta: Mapping[str, Any]) -> list[Sample]:
    """A loss and a rate by group; time and operations of all trainings, the lost ones too."""
    groups = meta["groups"]
    samples = []
    for name, told in groups.items():
        phase = name.replace("lag", "lag ")
        samples += [
            Sample("valid_nll", told["valid_nll"], "nats/sequence", "lower", phase),
            Sample("learning_rate", told["learning_rate"], "1", "none", phase),
            Sample("updates", float(told["updates"]), "1", "lower", phase),
        ]
    return [
        *samples,
        Sample("train_time", sum(t["train_s"] for t in groups.values()), "s", "lower"),
        Sample(
            "train_flops", float(sum(t["train_flops"] for t in groups.values())), "FLOP", "lower"
        ),
        Sample("num_parameters", float(next(iter(groups.values()))["num_parameters"]), "1", "none"),
    ]
