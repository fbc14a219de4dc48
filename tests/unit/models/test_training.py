"""Training: it learns, it resumes to the same bits, it stops with a diagnosis."""

from __future__ import annotations

import math

import numpy as np
import pytest

from seqbench.interfaces import TrainingError
from seqbench.models.configuration import EncoderDecoderConfig
from seqbench.models.encoder_decoder import EncoderDecoder
from seqbench.models.training import Trainer, TrainSettings, time_to_quality
from seqbench.models.translation_problem import TranslationProblem
from seqbench.registry import registry

CONFIG = EncoderDecoderConfig(embedding_size=8, hidden_size=12, attention_size=8, dropout=0.1)
SETTINGS = TrainSettings(epochs=4, batch_size=8, learning_rate=0.01)


@pytest.fixture(scope="module")
def corpus():
    load = registry().dataset("grammar")
    return load(seed=0, num_train=60, num_valid=16, num_test=8, min_count=1, max_length=60)


class Kept:
    """A checkpoint in memory; `stop_after` saves it is as if the process were killed."""

    def __init__(self, stop_after=None):
        self.saved, self.saves, self.stop_after = None, 0, stop_after

    def load(self):
        return self.saved

    def save(self, arrays, meta):
        self.saved = ({k: v.copy() for k, v in arrays.items()}, _copied(meta))
        self.saves += 1
        if self.saves == self.stop_after:
            raise KeyboardInterrupt


def _copied(meta):
    import json

    return json.loads(json.dumps(meta))


def trainer(corpus, settings=SETTINGS, seed=0, config=CONFIG):
    kernels = registry().kernels("numpy")
    sizes = len(corpus.source_vocabulary), len(corpus.target_vocabulary)
    model = EncoderDecoder(kernels, config, *sizes)
    model.initialise(seed)
    problem = TranslationProblem(model, corpus, batch_size=settings.batch_size, seed=seed)
    return Trainer(problem, kernels, settings, seed)


def silent(fraction, message):
    pass


def test_the_loss_falls_and_the_best_parameters_stay(corpus):
    run = trainer(corpus)
    progress = run.run(Kept(), silent)
    nlls = [entry["valid_nll"] for entry in progress.history]
    assert nlls[-1] < nlls[0] < math.log(len(corpus.target_vocabulary)) * 1.2
    assert progress.best_nll == min(nlls)
    assert progress.history[-1]["train_flops"] > 0
    assert [entry["epoch"] for entry in progress.history] == [1, 2, 3, 4]


def test_a_killed_training_resumes_to_the_same_bits(corpus):
    whole = trainer(corpus)
    whole.run(Kept(), silent)
    checkpoint = Kept(stop_after=2)
    with pytest.raises(KeyboardInterrupt):
        trainer(corpus).run(checkpoint, silent)
    resumed = trainer(corpus, seed=0)
    progress = resumed.run(checkpoint, silent)
    assert progress.epoch == 4
    np.testing.assert_array_equal(resumed.problem.parameters.flat, whole.problem.parameters.flat)


def test_seeds_differ(corpus):
    one = trainer(corpus, seed=0)
    other = trainer(corpus, seed=1)
    assert not np.array_equal(one.problem.parameters.flat, other.problem.parameters.flat)


def test_training_stops_early_where_nothing_improves(corpus):
    settings = TrainSettings(epochs=50, batch_size=8, learning_rate=1e-12, patience=1)
    progress = trainer(corpus, settings).run(Kept(), silent)
    assert progress.epoch == 3  # the first sets the best; the next two equal it


def test_a_rate_that_does_not_help_is_lowered(corpus):
    settings = TrainSettings(
        epochs=3, batch_size=8, learning_rate=3.0, clip_norm=1e9, patience=9, plateau_factor=0.5
    )
    progress = trainer(corpus, settings).run(Kept(), silent)
    assert progress.rate_factor == 0.5**progress.bad_epochs
    assert progress.bad_epochs > 0


def test_a_loss_that_is_not_a_number_stops_with_a_diagnosis(corpus):
    run = trainer(corpus)
    run.problem.parameters.flat[:] = np.nan
    run.problem.load()
    with pytest.raises(TrainingError) as caught:
        run.run(Kept(), silent)
    message = str(caught.value)
    assert "the loss became nan" in message
    assert "epoch 1" in message
    assert "learning rate 0.01" in message
    assert "lower optimizer.learning_rate" in message


def test_progress_is_reported(corpus):
    told = []
    settings = TrainSettings(epochs=1, batch_size=8)
    trainer(corpus, settings).run(Kept(), lambda fraction, text: told.append((fraction, text)))
    assert told[-1][0] == 1.0
    assert "epoch 1, loss" in told[-1][1]


def test_time_to_quality_is_the_first_time_the_target_was_met():
    history = [
        {"valid_nll": 3.0, "train_s": 1.0, "train_flops": 10.0},
        {"valid_nll": 2.0, "train_s": 2.0, "train_flops": 20.0},
        {"valid_nll": 1.9, "train_s": 3.0, "train_flops": 30.0},
    ]
    assert time_to_quality(history, 2.0) == (2.0, 20.0)
    assert time_to_quality(history, 1.0) == (math.inf, math.inf)


def test_options_reach_the_optimizer(corpus):
    def after(**options):
        settings = TrainSettings(
            epochs=1, batch_size=8, optimizer="sgd", learning_rate=0.1, optimizer_options=options
        )
        run = trainer(corpus, settings)
        run.run(Kept(), silent)
        return run.problem.parameters.flat

    assert not np.array_equal(after(), after(momentum=0.9))


@pytest.mark.parametrize("optimizer", ["sgd", "adagrad"])
def test_other_optimizers_train(corpus, optimizer):
    settings = TrainSettings(epochs=2, batch_size=8, optimizer=optimizer, learning_rate=0.1)
    progress = trainer(corpus, settings).run(Kept(), silent)
    assert progress.history[1]["valid_nll"] < progress.history[0]["valid_nll"]
