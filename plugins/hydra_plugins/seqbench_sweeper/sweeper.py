"""Hands the overrides of `seqbench run -m` to the planner of seqbench.

What a sweep means is decided by `seqbench.experiments.sweep`, for one run as for many; the task
function that `seqbench run` gives to Hydra carries it as its attribute `sweep`.
"""

from __future__ import annotations

from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

from seqbench.interfaces import UsageError

BASIC_LAUNCHER = "hydra._internal.core_plugins.basic_launcher.BasicLauncher"


class SeqbenchSweeper(Sweeper):
    """Plans every override list at once instead of launching job after job."""

    def setup(
        self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig
    ) -> None:
        self._task_function = task_function
        self._config = config

    def sweep(self, arguments: list[str]) -> Any:
        launcher = self._config.hydra.launcher._target_
        if launcher != BASIC_LAUNCHER:
            raise UsageError(
                f"hydra/launcher is {launcher}, expected Hydra's basic one: trials are run by "
                "seqbench's own launcher on this machine; leave hydra/launcher out"
            )
        sweep: Any = self._task_function.sweep  # type: ignore[attr-defined]
        return sweep(arguments)


ConfigStore.instance().store(
    group="hydra/sweeper",
    name="seqbench",
    node={"_target_": "hydra_plugins.seqbench_sweeper.sweeper.SeqbenchSweeper"},
    provider="seqbench_sweeper",
)
