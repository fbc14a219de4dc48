"""From points to trials: what trains first, what runs how often, in which order, and what cannot.

A plan is made from configuration and specs alone and depends on nothing random but `seed`.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any

from seqbench.interfaces import Case, Env, Limits, Trial, UsageError, digest

from .config import ConfigBuilder, RunConfig, TrainConfig
from .resolving import Resolver, Served
from .sections import ExperimentConfig
from .sweep import Point
from .taskspecs import check_swept, task_spec


@dataclass(frozen=True, slots=True)
class Skip:
    """A trial that cannot run here, and why; it becomes a row of its own."""

    trial: Trial
    reason: str


@dataclass(frozen=True)
class Plan:
    """The trials of one experiment, in the order to run them.

    `builders` maps artifact keys to the trial that trains them; `datasets` are those that it reads,
    and `rests_on` says what kind of evidence that makes its rows.
    """

    experiment: ExperimentConfig
    seed: int
    trials: tuple[Trial, ...]
    skips: tuple[Skip, ...] = ()
    builders: Mapping[str, str] = field(default_factory=dict)
    rests_on: str = ""
    datasets: tuple[str, ...] = ()

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """The trial_key of each trial."""
        return tuple(trial.trial_key for trial in self.trials)

    @cached_property
    def digest(self) -> str:
        """Names the plan: the same experiment on the same sources and device model."""
        skipped = [[skip.trial.trial_key, skip.reason] for skip in self.skips]
        return digest([self.experiment.name, list(self.keys), skipped])

    def to_json(self) -> dict[str, Any]:
        """What plan.json holds; the order of `trials` is the order they run in."""
        return {
            "digest": self.digest,
            "seed": self.seed,
            "experiment": asdict(self.experiment),
            "rests_on": self.rests_on,
            "builders": dict(self.builders),
            "trials": [_row(t, key) for t, key in zip(self.trials, self.keys, strict=True)],
            "skipped": [
                _row(s.trial, s.trial.trial_key) | {"reason": s.reason} for s in self.skips
            ],
        }


def _row(trial: Trial, key: str) -> dict[str, Any]:
    case = trial.case
    return {
        "trial_key": key,
        "case_id": case.case_id,
        "task": case.task,
        "seed": case.seed,
        "round": trial.round,
        "group": trial.group,
        "needs": list(trial.needs),
        "swept": {name: value_at(case.params, name) for name in case.swept},
    }


def value_at(params: Mapping[str, Any], dotted: str) -> Any:
    """The value at a dotted key. KeyError where there is none."""
    value: Any = params
    for name in dotted.split("."):
        value = value[name]
    return value


def make_plans(
    points: Iterable[Point], resolver: Resolver, *, device_model: str = "cpu"
) -> list[Plan]:
    """One plan an experiment, in the order the experiments appear.

    Raises UsageError for a config that makes no sense; nothing has run then.
    """
    builder = ConfigBuilder()
    planners: dict[str, _Planner] = {}
    for point in points:
        config = builder(point.config)
        name = config.experiment.name
        if name not in planners:
            experiment = _with_axis(config.experiment, point.swept)
            planners[name] = _Planner(config, experiment, builder, resolver, device_model)
        planners[name].add(config, point.swept)
    return [planner.plan() for planner in planners.values()]


def _with_axis(experiment: ExperimentConfig, swept: Sequence[str]) -> ExperimentConfig:
    """The scaling's axis as the whole key that is swept: `T` may stand for `sizes.T`.

    Raises UsageError where nothing of that name is swept, before anything runs.
    """
    axis = experiment.scaling.axis
    if not axis:
        return experiment
    ending = [key for key in swept if key.endswith(f".{axis}")]
    found = [axis] if axis in swept else ending
    if len(found) != 1:
        raise UsageError(
            f"experiment.scaling.axis is {axis!r}, expected one of the swept keys "
            f"{', '.join(swept) or '(none)'}; sweep it, or give the whole key"
        )
    return replace(experiment, scaling=replace(experiment.scaling, axis=found[0]))


class _Planner:
    """Collects the cases of one experiment."""

    def __init__(
        self,
        first: RunConfig,
        experiment: ExperimentConfig,
        builder: ConfigBuilder,
        resolver: Resolver,
        device_model: str,
    ) -> None:
        self._experiment = experiment
        self._seed = first.seed
        self._task = task_spec(first.experiment.task)
        self._trains = task_spec(self._task.trains) if self._task.trains else self._task
        self._builder = builder
        self._resolver = resolver
        self._device_model = device_model
        self._cases: dict[str, Trial] = {}
        self._reasons: dict[str, str] = {}
        self._artifacts: dict[tuple[Any, ...], tuple[str, str]] = {}
        self._training: dict[str, Trial] = {}
        self._untrainable: dict[str, str] = {}
        self._rounds: dict[str, int] = {}
        self._datasets: dict[str, None] = {}

    def add(self, config: RunConfig, swept: Sequence[str]) -> None:
        """One point; a case that is there already is left out."""
        task, backend = self._task, config.backend
        if config.experiment.task != task.name:
            raise UsageError(
                f"experiment {self._experiment.name} sweeps experiment.task "
                f"({task.name}, {config.experiment.task}); expected one task an experiment; "
                "give each task an experiment of its own"
            )
        check_swept(task, self._experiment.name, swept)
        params = self._builder.params(config, task.sections)
        shown = tuple(name for name in swept if _has(params, name))
        case = Case(self._experiment.name, task.name, params, config.seed, shown)
        case_id = case.case_id
        if case_id in self._cases:
            return
        if "dataset" in (*task.sections, *self._trains.sections):
            self._datasets[config.dataset.name] = None
        self._resolver.check(task, config)
        served = self._resolver.serve(task, config, backend.name, backend.impl)
        trial = self._trial(case, served, config, backend.threads)
        if task.trains:
            trial = self._with_training(trial, config, swept)
        self._cases[case_id] = trial
        self._rounds[case_id] = config.experiment.rounds
        if served.reason:
            self._reasons[case_id] = served.reason

    def _trial(self, case: Case, served: Served, config: RunConfig, threads: int) -> Trial:
        return Trial(
            case=case,
            resolved=served.resolved,
            digests=served.digests,
            device_model=self._device_model,
            env=Env(threads=threads),
            limits=Limits(config.limits.timeout_s, config.limits.memory_bytes),
        )

    def _with_training(self, trial: Trial, config: RunConfig, swept: Sequence[str]) -> Trial:
        """The trial that needs what training yields; training itself is planned once."""
        # Sections are shared among the points and kept by the builder: their identities will do.
        sections = (getattr(config, name) for name in self._trains.sections)
        same = (config.seed, *(s if isinstance(s, str) else id(s) for s in sections))
        if same not in self._artifacts:
            self._artifacts[same] = self._train(config, swept)
        key, data_hash = self._artifacts[same]
        digests = {**trial.digests, "artifact": key}
        return replace(trial, digests=digests, data_hash=data_hash, needs=(key,))

    def _train(self, config: RunConfig, swept: Sequence[str]) -> tuple[str, str]:
        """Plan the training that `config` needs; its artifact key and the data's hash.

        Its rows tell what was swept of what trains: the costs of different models stay apart.
        """
        params = self._builder.params(config, self._trains.sections)
        data_hash = self._resolver.data_hash(config.dataset, params["dataset"])
        served = self._resolver.serve(self._trains, config, config.train.backend, {})
        key = TrainConfig.of(config, self._trains.name).artifact_key(data_hash, served.digests)
        if key not in self._training:
            shown = tuple(name for name in swept if _has(params, name))
            case = Case(self._experiment.name, self._trains.name, params, config.seed, shown)
            training = self._trial(case, served, config, config.train.threads)
            self._training[key] = replace(training, data_hash=data_hash, builds=key)
            if served.reason:
                self._untrainable[key] = served.reason
        return key, data_hash

    def plan(self) -> Plan:
        trials: list[Trial] = []
        skips: list[Skip] = []
        for key, trial in self._training.items():
            if key in self._untrainable:
                skips.append(Skip(trial, self._untrainable[key]))
            else:
                trials.append(trial)
        builders = {trial.builds: trial.trial_key for trial in trials}
        for number, trial, reason in self._evaluations():
            placed = replace(trial, round=number, group=self._block(trial, number))
            if reason:
                skips.append(Skip(placed, reason))
            else:
                trials.append(placed)
        rests_on = rests_on_data(self._datasets, self._resolver.embedded)
        return Plan(
            self._experiment,
            self._seed,
            tuple(trials),
            tuple(skips),
            builders,
            rests_on,
            tuple(self._datasets),
        )

    def _evaluations(self) -> Iterator[tuple[int, Trial, str]]:
        """(round, trial, why it cannot run) in the order to run them."""
        for block in dict.fromkeys(self._block(trial, 0) for trial in self._cases.values()):
            for number in range(max(self._rounds.values(), default=0)):
                for case_id in self._round(block, number):
                    trial = self._cases[case_id]
                    untrained = [self._untrainable.get(need, "") for need in trial.needs]
                    yield number, trial, self._reasons.get(case_id) or "".join(untrained)

    def _round(self, block: str, number: int) -> list[str]:
        """The cases of one round of a block, in the order to run them."""
        case_ids = [
            case_id
            for case_id, trial in self._cases.items()
            if number < self._rounds[case_id] and self._block(trial, 0) == block
        ]
        if self._task.mixed:
            random.Random(f"{self._seed}/{number}").shuffle(case_ids)
        return case_ids

    def _block(self, trial: Trial, number: int) -> str:
        """Times are compared within a block only, and a broken block is redone as a whole."""
        if not self._task.mixed:
            return f"{self._task.name}.round{number}"
        if not self._task.block:
            return self._task.name
        return f"{self._task.name}.{value_at(trial.case.params, self._task.block)}"


def rests_on_data(names: Iterable[str], embedded: Callable[[str], bool]) -> str:
    """`on embedded data (grammar), a demonstration`, `on real data (mr)`, `on this machine`."""
    real = [name for name in names if not embedded(name)]
    made = [name for name in names if embedded(name)]
    told = [f"real data ({', '.join(real)})"] if real else []
    told += [f"embedded data ({', '.join(made)}), a demonstration"] if made else []
    return f"on {' and '.join(told)}" if told else "on this machine"


def _has(params: Mapping[str, Any], dotted: str) -> bool:
    try:
        value_at(params, dotted)
    except (KeyError, TypeError):
        return False
    return True
