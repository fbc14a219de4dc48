"""What classifying refuses before anything runs, and accuracy by group."""

from __future__ import annotations

import numpy as np
import pytest

from seqbench.data.labelled import build_labelled
from seqbench.experiments.composing import initialised
from seqbench.experiments.config import run_config
from seqbench.experiments.sweep import expand
from seqbench.experiments.tasks.classify import Classified, samples_of
from seqbench.experiments.taskspecs import task_spec
from seqbench.interfaces import UsageError


@pytest.fixture(scope="module")
def composer():
    with initialised([]) as composer:
        yield composer


def uses(composer, *overrides):
    points = expand(["experiment=dense_positions", "size=tiny", *overrides], composer)
    return [task_spec("classify").uses(run_config(point.config)) for point in points]


def test_a_dense_net_has_no_cell(composer):
    assert uses(composer, "model=dense_classifier")[0] == ["model/dense_classifier"]
    assert uses(composer, "model=recurrent_classifier")[0] == [
        "model/recurrent_classifier",
        "cell/gru",
    ]


@pytest.mark.parametrize(
    ("override", "message"),
    [
        (
            "model.bidirectional=true",
            r"model.bidirectional is True, expected false: a dense_classifier has one hidden layer "
            r"that sees every position at once; set model.bidirectional=false, or model=recurrent",
        ),
        (
            "model.options.num_layers=2",
            r"model.options.num_layers is 2, expected 1: .* set model.options.num_layers=1, or",
        ),
    ],
)
def test_a_direction_or_a_depth_of_a_dense_net_is_told(composer, override, message):
    with pytest.raises(UsageError, match=message):
        uses(composer, "model=dense_classifier", override)
    assert uses(composer, "model=recurrent_classifier", override)


def values(groups):
    items = [(("a",), 0), (("b",), 1), (("a",), 1), (("b",), 0), (("a",), 0)]
    splits = {"train": items, "valid": items, "test": items}
    corpus = build_labelled(
        "toy", "here", ("no", "yes"), splits, min_count=1, max_length=3, groups={"test": groups}
    )
    found = Classified(np.array([0, 1, 0, 1, 1]), np.ones(5), 1.0)
    return {s.metric: s.value for s in samples_of(found, corpus.test, 2)}


def test_accuracy_is_told_of_every_group_too():
    """Right are the first two alone."""
    told = values(["near", "far", "near", "far", "far"])
    assert told["accuracy"] == 2 / 5
    assert told["accuracy_near"] == 1 / 2
    assert told["accuracy_far"] == 1 / 3


def test_without_groups_there_is_one_accuracy():
    assert [name for name in values([]) if name.startswith("accuracy")] == ["accuracy"]
