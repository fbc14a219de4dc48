"""The tasks an experiment can name: what runs, what of the config it reads, how it is measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from seqbench.interfaces import unknown_name

from .config import RunConfig
from .tasks import TASKS as TARGETS

Names = Callable[[RunConfig], list[str]]


@dataclass(frozen=True, slots=True)
class TaskSpec:
    """One task, known without importing it.

    `target` is "module:function"; `sections` are the parts of the config that it reads, which
    become the case's params; `uses` lists the `kind/name` it asks the registry for. `trains` names
    the task that makes the artifact it needs, "" for none. With `mixed` the cases of a round run in
    random order and all rounds form one timing block: for tasks that measure nothing but cost.
    Otherwise cases keep the order of the sweep and each round is a block.
    """

    name: str
    target: str
    sections: tuple[str, ...]
    uses: Names
    trains: str = ""
    mixed: bool = False


def _model(config: RunConfig) -> list[str]:
    attention = config.attention.name
    scored = [f"attention/{attention}"] if attention != "none" else []
    return [f"model/{config.model.name}", f"cell/{config.cell.name}", *scored]


def _train(config: RunConfig) -> list[str]:
    return [
        *_model(config),
        "loss/softmax_cross_entropy",
        f"optimizer/{config.optimizer.name}",
    ]


def _translate(config: RunConfig) -> list[str]:
    return [
        *_model(config),
        f"decoder/{config.decoder.name}",
        "metric/bleu",
        "analysis/beam_errors",
    ]


def _cell_cost(config: RunConfig) -> list[str]:
    return [f"cell/{config.cell.name}"]


def _caption(config: RunConfig) -> list[str]:
    return [*_model(config), f"decoder/{config.decoder.name}", "metric/bleu"]


def _classify(config: RunConfig) -> list[str]:
    recurrent = config.model.name != "averaging_classifier"
    return [f"model/{config.model.name}", *([f"cell/{config.cell.name}"] if recurrent else [])]


def _train_classifier(config: RunConfig) -> list[str]:
    return [*_classify(config), f"optimizer/{config.optimizer.name}"]


MODEL_SECTIONS = ("dtype", "model", "cell", "attention", "dataset", "optimizer", "train")

TASKS = {
    spec.name: spec
    for spec in (
        TaskSpec("train", TARGETS["train"], MODEL_SECTIONS, _train),
        TaskSpec(
            "translate",
            TARGETS["translate"],
            (*MODEL_SECTIONS, "backend", "decoder", "evaluate"),
            _translate,
            trains="train",
        ),
        TaskSpec(
            "train_classifier", TARGETS["train_classifier"], MODEL_SECTIONS, _train_classifier
        ),
        TaskSpec(
            "classify",
            TARGETS["classify"],
            (*MODEL_SECTIONS, "backend", "evaluate"),
            _classify,
            trains="train_classifier",
        ),
        TaskSpec("train_captioner", TARGETS["train_captioner"], MODEL_SECTIONS, _train),
        TaskSpec(
            "caption",
            TARGETS["caption"],
            (*MODEL_SECTIONS, "backend", "decoder", "evaluate"),
            _caption,
            trains="train_captioner",
        ),
        TaskSpec(
            "cell_cost",
            TARGETS["cell_cost"],
            ("dtype", "backend", "cell", "workload", "measure"),
            _cell_cost,
            mixed=True,
        ),
    )
}


def task_spec(name: str) -> TaskSpec:
    """The task, or UnknownNameError with candidates."""
    if name not in TASKS:
        raise unknown_name("task", name, TASKS)
    return TASKS[name]
