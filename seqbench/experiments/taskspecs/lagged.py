"""Training and evaluating classifiers by lag."""

from __future__ import annotations

from seqbench.data.specs import seqbench_datasets
from seqbench.interfaces import UsageError

from ..config import RunConfig
from ._spec import TRAIN_SECTIONS, TaskSpec, model_and_cell, with_optimizer

LAGGED = ("recall", "intervals")


def _recurrent(config: RunConfig) -> list[str]:
    """The model and its cell. UsageError for a config that has no lag to follow."""
    _check_data(config.dataset.name)
    model, options = config.model, config.model.options
    if model.name != "recurrent_classifier":
        raise UsageError(
            f"model.name is {model.name!r}, expected recurrent_classifier: a lag is what a state "
            "has to bridge; set model=recurrent_classifier"
        )
    if model.bidirectional:
        raise UsageError(
            "model.bidirectional is True, expected False: what reads backwards meets the first "
            "step last; set model.bidirectional=false"
        )
    if options.get("pooling", "final") != "final" or options.get("num_layers", 1) != 1:
        raise UsageError(
            f"model.options are pooling={options.get('pooling', 'final')!r} and "
            f"num_layers={options.get('num_layers', 1)}, expected 'final' and 1: a pool over time "
            "bridges any lag by itself; set model.options.pooling=final model.options.num_layers=1"
        )
    return model_and_cell(config)


def _check_data(name: str) -> None:
    """Our own data sets without lags are refused; a plugin's may have some."""
    if name in {spec.name for spec in seqbench_datasets()} - set(LAGGED):
        raise UsageError(
            f"dataset.name is {name!r}, expected sequences by lag ({', '.join(LAGGED)}); "
            f"set dataset={LAGGED[0]}"
        )


TASKS = (
    TaskSpec("train_recall", "train_recall", TRAIN_SECTIONS, with_optimizer(_recurrent)),
    TaskSpec(
        "recall",
        "recall",
        (*TRAIN_SECTIONS, "backend", "evaluate"),
        _recurrent,
        trains="train_recall",
    ),
)
