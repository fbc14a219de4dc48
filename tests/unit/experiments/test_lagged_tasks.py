"""What the tasks by lag refuse, how rates are chosen, and how an unfinished training goes on."""

from __future__ import annotations

import copy

import numpy as np
import pytest

from seqbench.experiments.artifacts import ArtifactCache
from seqbench.experiments.child import TrialContext
from seqbench.experiments.composing import initialised, resolved
from seqbench.experiments.config import run_config
from seqbench.experiments.tasks import recall, train_recall
from seqbench.experiments.tasks.lagged import at_rate, groups_of, load_lagged, rates_of
from seqbench.experiments.taskspecs import task_spec
from seqbench.interfaces import Case, TrainingError, Trial, UnknownNameError, UsageError
from seqbench.models.training import Trainer
from seqbench.registry import registry


@pytest.fixture(scope="module")
def composer():
    with initialised([]) as composer:
        yield composer


def config(composer, *overrides):
    chosen = ["experiment=recall_by_lag", "size=tiny", *overrides]
    return run_config(resolved(composer.compose(chosen)))


REFUSED = {
    "model=averaging_classifier": r"model.name is 'averaging_classifier', expected recurrent_class",
    "model.bidirectional=true": r"model.bidirectional is True, expected False: .*; set model.bidir",
    "model.options.pooling=max": r"pooling='max' and num_layers=1, expected 'final' and 1: a pool",
    "dataset=grammar": r"dataset.name is 'grammar', expected sequences by lag \(recall, int",
}


@pytest.mark.parametrize("override", REFUSED)
def test_what_makes_no_sense_is_refused_before_anything_runs(composer, override):
    made = config(composer, override)
    for name in ("recall", "train_recall"):
        with pytest.raises(UsageError, match=REFUSED[override]):
            task_spec(name).uses(made)


def test_what_makes_sense_is_not_refused(composer):
    names = task_spec("train_recall").uses(config(composer, "dataset=intervals", "cell=gru"))
    assert names == ["model/recurrent_classifier", "cell/gru", "optimizer/adam"]


def params(composer, *overrides):
    from dataclasses import asdict

    plain = asdict(config(composer, *overrides))
    sections = (*task_spec("train_recall").sections, "backend", "evaluate")
    return {name: plain[name] for name in sections}


def test_a_plugins_data_without_lags_are_told():
    with pytest.raises(UnknownNameError, match=r"no data set by lag named 'opinions'; inst"):
        load_lagged(
            {"dataset": {"name": "opinions", "num_train": 9, "num_valid": 9, "num_test": 9}}
        )


def test_rates_and_groups_come_from_the_options(composer):
    given = params(composer, "train.options.learning_rates=[0.1,0.2]")
    assert rates_of(given) == [0.1, 0.2]
    one = at_rate(given, 0.2)
    assert one["optimizer"]["learning_rate"] == 0.2
    assert set(one["train"]["options"]) == {"enough_nll", "plateau_factor"}
    corpus = load_lagged(given)
    assert groups_of(given, corpus) == {"lag1": (1,), "lag3": (3,)}
    given["train"]["options"]["together"] = True
    assert groups_of(given, corpus) == {"together": (1, 3)}
    del given["train"]["options"]["learning_rates"]
    assert rates_of(given) == [given["optimizer"]["learning_rate"]]
    given["train"]["options"]["learning_rates"] = [0.1, 0]
    with pytest.raises(UsageError, match=r"learning_rates has 0, expected numbers above 0; set"):
        rates_of(given)


def test_options_of_the_evaluation():
    assert recall.evaluate_options({"threshold": 0.5})["num_gradients"] == 32
    with pytest.raises(UsageError, match=r"evaluate.options has 'treshold', expected one of thre"):
        recall.evaluate_options({"treshold": 0.5})
    with pytest.raises(UsageError, match=r"threshold is 0, expected above 0 and at most 1; set"):
        recall.evaluate_options({"threshold": 0})


def test_quality_of_planted_answers():
    """A model that knows short lags and one that knows none."""
    for known, solved in ((10, 10), (0, 0), (100, 100)):
        kept = recall.Kept()
        for lag in (1, 10, 100):
            correct = np.arange(20) < (19 if lag <= known else 3)
            kept.correct[lag], kept.nll[lag] = correct, np.zeros(20)
        found = {(s.metric, s.phase): s.value for s in recall.quality(kept, 0.9)}
        assert found["solved_lag", ""] == solved
        assert found["accuracy", "lag 100"] == (0.95 if known == 100 else 0.15)
        assert found["accuracy_longest", ""] == found["accuracy", "lag 100"]


def context_of(tmp_path, case):
    trial = Trial(case=case, builds="k")
    return TrialContext(trial, tmp_path, ArtifactCache(tmp_path), lambda done, text: None)


def built(tmp_path, given):
    case = Case("e", "train_recall", given, 0)
    return train_recall.build(case, context_of(tmp_path, case), registry().kernels("numpy"), "k")


def test_the_rate_with_the_lowest_validation_loss_stays(composer, tmp_path):
    given = params(composer, "train.options.learning_rates=[1e-6,0.02]")
    values, meta = built(tmp_path, given)
    for told in meta["groups"].values():
        assert told["learning_rate"] == 0.02
        assert told["tried"]["0.02"] == told["valid_nll"] < told["tried"]["1e-06"]
        assert told["train_flops"] == 2 * told["history"][-1]["train_flops"]
    alone = params(composer, "train.options.learning_rates=[0.02]")
    again, _ = built(tmp_path, alone)
    for name, value in values.items():
        np.testing.assert_array_equal(value, again[name])


def test_no_rate_is_tried_after_one_that_is_enough(composer, tmp_path):
    given = params(composer, "train.options.enough_nll=5.0")
    given["train"]["options"]["learning_rates"] = [0.01, 0.02]
    _, meta = built(tmp_path, given)
    assert [list(told["tried"]) for told in meta["groups"].values()] == [["0.01"], ["0.01"]]


def test_a_rate_that_diverges_has_lost(composer, tmp_path, monkeypatch):
    given = params(composer)
    given["train"]["options"]["learning_rates"] = [0.5, 0.01]
    run = Trainer.run

    def diverging(self, *arguments):
        if self.settings.learning_rate == 0.5:
            raise TrainingError("the loss became nan")
        return run(self, *arguments)

    monkeypatch.setattr(Trainer, "run", diverging)
    _, meta = built(tmp_path, given)
    assert meta["groups"]["lag1"]["tried"]["0.5"] is None
    assert meta["groups"]["lag1"]["learning_rate"] == 0.01
    given["train"]["options"]["learning_rates"] = [0.5]
    with pytest.raises(TrainingError, match=r"no learning rate of 0.5 trains: the loss became nan"):
        built(tmp_path, given)


def test_a_training_that_was_stopped_goes_on_to_the_same_bits(composer, tmp_path, monkeypatch):
    """Killed in the second lag: what was trained is not trained again."""
    given = params(composer)
    whole, _ = built(tmp_path / "whole", copy.deepcopy(given))
    epoch, stops = Trainer._epoch, [3]

    def stopping(self, report):
        stops[0] -= 1
        if stops[0] < 0:
            raise KeyboardInterrupt
        epoch(self, report)

    monkeypatch.setattr(Trainer, "_epoch", stopping)
    with pytest.raises(KeyboardInterrupt):
        built(tmp_path / "cut", given)
    stops[0] = 1  # one epoch is left of 2 lags x 2 epochs
    resumed, _ = built(tmp_path / "cut", given)
    for name, value in whole.items():
        np.testing.assert_array_equal(value, resumed[name])
    assert not list((tmp_path / "cut" / "checkpoints").iterdir())
