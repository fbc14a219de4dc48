"""Every config composes, is typed and sweeps; every experiment says what it is."""

from __future__ import annotations

import pytest

from seqbench.cli.listing import experiment_rows
from seqbench.experiments.child import load_task
from seqbench.experiments.composing import dotted_keys, initialised, resolved, unresolved
from seqbench.experiments.config import TrainConfig, run_config
from seqbench.experiments.plan import value_at
from seqbench.experiments.resolvers import SIZES
from seqbench.experiments.searchpath import conf_dir
from seqbench.experiments.suite import ALL
from seqbench.experiments.sweep import expand
from seqbench.experiments.taskspecs import TASKS
from seqbench.interfaces.claims import claim
from seqbench.results.plots import PHASE

ALL_TOLD = sorted(path.stem for path in (conf_dir() / "experiment").glob("*.yaml"))
EXPERIMENTS = [name for name in ALL_TOLD if name != ALL]
OPTIONS = sorted(
    f"{path.parent.name}={path.stem}"
    for path in conf_dir().glob("*/*.yaml")
    if path.parent.name != "experiment"
)


@pytest.fixture(scope="module")
def composer():
    with initialised([]) as composer:
        yield composer


@pytest.mark.parametrize("name", EXPERIMENTS)
@pytest.mark.parametrize("size", SIZES)
def test_every_experiment_composes_resolves_and_sweeps(composer, name, size):
    points = expand([f"experiment={name}", f"size={size}"], composer)
    config = run_config(points[0].config)
    experiment = config.experiment
    assert experiment.name == name
    assert experiment.task in TASKS
    for key in experiment.plot.group + ((experiment.plot.x,) if experiment.plot.x else ()):
        assert key in (*points[0].swept, PHASE)
    for point in points:
        run_config(point.config)
        for key in point.swept:
            value_at(point.config, key)


@pytest.mark.parametrize("name", EXPERIMENTS)
@pytest.mark.parametrize("size", SIZES)
def test_a_claim_chooses_rows_that_the_experiment_sweeps(composer, name, size):
    """Its keys are swept, and each value that it asks for is among those that are run."""
    points = expand([f"experiment={name}", f"size={size}"], composer)
    for part in claim(points[0].config["experiment"].get("claim") or {}).parts.values():
        for key, asked in [*part.of.items(), *part.against.items()]:
            assert key in points[0].swept
            run = {value_at(point.config, key) for point in points}
            assert set(asked if isinstance(asked, list) else [asked]) <= run
        assert not part.along or part.along in points[0].swept


@pytest.mark.parametrize("name", EXPERIMENTS)
@pytest.mark.parametrize("size", SIZES)
def test_the_two_sides_of_a_contrast_meet(composer, name, size):
    """There are points of both that differ in nothing but what the part chooses by."""
    points = expand([f"experiment={name}", f"size={size}"], composer)
    for part in claim(points[0].config["experiment"].get("claim") or {}).parts.values():
        chosen = {**part.of, **part.against}
        free = [key for key in points[0].swept if key not in chosen]
        sides = [
            {
                tuple(str(value_at(point.config, key)) for key in free)
                for point in points
                if all(value_at(point.config, key) in _listed(asked[key]) for key in asked)
            }
            for asked in (part.of, chosen)
        ]
        assert sides[0] & sides[1], part


def _listed(asked):
    return asked if isinstance(asked, list) else [asked]


@pytest.mark.parametrize("option", OPTIONS)
def test_every_option_composes_and_is_typed(composer, option):
    group, _, name = option.partition("=")
    config = run_config(resolved(composer.compose([option])))
    assert getattr(config, group).name == name


def test_experiments_are_listed_with_id_and_summary():
    rows = experiment_rows([conf_dir()])
    assert [row["name"] for row in rows] != []
    assert {row["name"] for row in rows} == set(ALL_TOLD)
    assert all(row["id"] and row["summary"] for row in rows)
    assert len({row["id"] for row in rows}) == len(rows)


def test_the_config_and_the_dataclasses_have_the_same_keys(composer):
    plain = unresolved(composer.compose([]))
    config = run_config(resolved(composer.compose([])))
    for section, values in plain.items():
        if isinstance(values, dict) and section not in ("experiment", "sizes"):
            assert set(values) == set(type(getattr(config, section)).__dataclass_fields__)
    assert "hydra" not in set(dotted_keys(plain))


@pytest.mark.parametrize("task", TASKS)
def test_every_task_has_a_target(task):
    assert callable(load_task(TASKS[task].target))


@pytest.mark.parametrize("task", TASKS)
def test_what_training_reads_is_part_of_the_artifacts_key(task):
    """A section outside TrainConfig would change the parameters and not the key."""
    trains = TASKS[task].trains
    if trains:
        assert set(TASKS[trains].sections) <= set(TrainConfig.__dataclass_fields__)
