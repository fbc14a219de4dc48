"""`seqbench run`: Hydra composes, the plan is made, the launcher runs it, the table is printed.

Hydra's own entry point is used, so `-m`, `--cfg job`, `--info` and completion are Hydra's. Its
errors are told in our words (`seqbench.experiments.overrides`).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from seqbench.experiments.composing import CONFIG_NAME, VERSION_BASE, Composer, initialised
from seqbench.experiments.overrides import explain
from seqbench.experiments.resolvers import register_resolvers
from seqbench.experiments.searchpath import conf_dir, register_search_path
from seqbench.interfaces import SeqbenchError, UsageError
from seqbench.registry import registry

HYDRAS_FLAGS = ("Only one of --run", "The --resolve flag")
"""How Hydra begins to say, by a bare ValueError, that its flags do not go together."""


def run(arguments: list[str]) -> int:
    """Run what the overrides say. Returns the exit code; raises SeqbenchError before any trial."""
    import hydra
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    packages = registry().config_packages()
    register_resolvers()
    register_search_path(packages)
    ended = Ended()
    entry = hydra.main(
        version_base=VERSION_BASE, config_path=str(conf_dir()), config_name=CONFIG_NAME
    )
    with _command_line(arguments):
        try:
            entry(_job(ended))()
        except SystemExit as stop:  # --help, and what Hydra's own parser refuses
            return stop.code if isinstance(stop.code, int) else 2
        except (HydraException, OmegaConfBaseException) as error:
            with initialised(packages) as composer:
                raise explain(error, composer) from error
        except ValueError as error:
            if not str(error).startswith(HYDRAS_FLAGS):
                raise
            raise UsageError(f"seqbench run: {error}; see `seqbench run --help`") from error
    if ended.error is not None:
        raise ended.error
    return ended.code


@dataclass(slots=True)
class Ended:
    """How a run ended, past Hydra, which would print an error of ours in its own words."""

    code: int = 0
    error: SeqbenchError | None = None


def _job(ended: Ended) -> Callable[[Any], None]:
    """What Hydra calls: with a config for one run, through our sweeper for `-m`."""

    def sweep(overrides: Sequence[str], composed: Any = None) -> None:
        try:
            ended.code = execute(overrides, Composer(composed))
        except SeqbenchError as error:
            ended.error = error

    def job(config: Any) -> None:
        from hydra.core.hydra_config import HydraConfig

        overrides = tuple(HydraConfig.get().overrides.task)
        sweep(overrides, {overrides: config})

    job.sweep = sweep  # type: ignore[attr-defined]
    return job


@contextmanager
def _command_line(arguments: list[str]) -> Iterator[None]:
    """Hydra reads sys.argv; HYDRA_FULL_ERROR makes it raise instead of printing and exiting."""
    before = sys.argv, os.environ.get("HYDRA_FULL_ERROR")
    sys.argv = ["seqbench", *arguments]
    os.environ["HYDRA_FULL_ERROR"] = "1"
    try:
        yield
    finally:
        sys.argv = before[0]
        if before[1] is None:
            del os.environ["HYDRA_FULL_ERROR"]
        else:
            os.environ["HYDRA_FULL_ERROR"] = before[1]


@dataclass(frozen=True, slots=True)
class Settings:
    """Of the whole run: they are no part of any case."""

    results_dir: Path
    campaign: Path | None
    jobs: int
    data_root: Path | None


def execute(overrides: Sequence[str], composer: Composer) -> int:
    """Plan and run what the overrides mean; the worst exit code of its campaigns."""
    from seqbench.experiments.suite import asks_for_all

    if asks_for_all(overrides):
        from .run_all import run_all

        return run_all(overrides, composer)
    plans, settings = planned(overrides, composer)
    if settings.campaign is not None and len(plans) > 1:
        raise UsageError(
            f"campaign={settings.campaign} names one folder, but {len(plans)} experiments are to "
            "run; expected one experiment; leave campaign out"
        )
    return max(run_plan(plan, settings)[0] for plan in plans)


def planned(overrides: Sequence[str], composer: Composer) -> tuple[list[Any], Settings]:
    """The plans of a command line, and what holds for the whole of it. Nothing has run then."""
    from seqbench.experiments.environment import cpu_model
    from seqbench.experiments.plan import make_plans
    from seqbench.experiments.resolving import Resolver
    from seqbench.experiments.sweep import expand

    points = expand(overrides, composer)
    settings = _settings([point.config for point in points])
    if settings.data_root is not None:
        os.environ["SEQBENCH_DATA"] = str(settings.data_root)  # inherited by the trials
    resolver = Resolver(registry(), settings.data_root)
    return make_plans(points, resolver, device_model=cpu_model()), settings


def _settings(configs: list[Any]) -> Settings:
    from seqbench.experiments.config import run_config

    first = configs[0]
    for key in ("results_dir", "campaign", "jobs", "data"):
        if any(config[key] != first[key] for config in configs):
            raise UsageError(f"{key} is swept, but it belongs to the whole run; set {key} once")
    config = run_config(first)
    return Settings(
        results_dir=_path(config.results_dir),
        campaign=_path(config.campaign) if config.campaign else None,
        jobs=config.jobs,
        data_root=_path(config.data.root) if config.data.root else None,
    )


def _path(text: str) -> Path:
    return Path(text).expanduser().absolute()


def run_plan(plan: Any, settings: Settings) -> tuple[int, Path]:
    """Run one plan and print its tables. Returns the exit code and the campaign's folder."""
    from seqbench.experiments.campaigns import campaign_dir, mark_finished, run_campaign
    from seqbench.experiments.progress import progress

    directory = settings.campaign or campaign_dir(settings.results_dir, plan)
    with progress() as on_event:
        outcome = run_campaign(plan, directory, on_event=on_event, jobs=settings.jobs)
    if outcome.interrupted:
        print("seqbench: interrupted; the same command resumes", file=sys.stderr)
        return outcome.exit_code, directory
    finish(directory, plan)
    if outcome.exit_code == 0:
        mark_finished(directory)
    return outcome.exit_code, directory


def finish(directory: Path, plan: Any) -> None:
    """Write the tables and the plot, print the table, the paths and the sentence."""
    from seqbench.results import finish as finish_tables

    finish_tables(
        directory,
        experiment=plan.experiment.name,
        question=plan.experiment.question,
        plot_hints=asdict(plan.experiment.plot),
        scaling=asdict(plan.experiment.scaling),
        claim=plan.experiment.claim,
        rests_on=plan.rests_on,
        out=sys.stdout,
    )
