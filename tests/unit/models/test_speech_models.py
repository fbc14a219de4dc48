"""The recogniser and the trigger detector: gradients, padding, labels, and that they can learn."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

import seqbench
from seqbench.data.speech import evaluation_batches
from seqbench.data.tones import load_tones
from seqbench.data.triggers import evaluation_batches as trigger_batches
from seqbench.data.triggers import load_triggers
from seqbench.experiments.tasks.labelling import search_of
from seqbench.interfaces import RangeError
from seqbench.models.acoustic_encoder import AcousticConfig
from seqbench.models.dropout_stream import DropoutStream
from seqbench.models.speech_features import FeatureConfig, SpeechFeatures
from seqbench.models.speech_recogniser import SpeechRecogniser
from seqbench.models.training import Trainer, TrainSettings
from seqbench.models.trigger_problem import TriggerProblem
from seqbench.models.trigger_word import TriggerDetector, widened

TINY = AcousticConfig(
    hidden_size=4, filters=5, num_layers=2, dtype="float64", features=FeatureConfig(num_mels=8)
)


@pytest.fixture(scope="module")
def kernels():
    return seqbench.registry().kernels("numpy")


@pytest.fixture(scope="module")
def tones():
    return load_tones(num_train=4, num_valid=3, num_test=2)


@pytest.fixture(scope="module")
def triggers():
    return load_triggers(num_train=6, num_valid=2, num_test=2)


def recogniser(kernels, corpus, config=TINY):
    model = SpeechRecogniser(kernels, config, len(corpus.labels), corpus.sample_rate)
    model.initialise(1)
    return model


def detector(kernels, corpus, **options):
    config = replace(TINY, bidirectional=False, num_layers=1)
    model = TriggerDetector(kernels, config, corpus.sample_rate, **options)
    model.initialise(1)
    return model


def check_direction(model, batch, stream=None):
    """The gradient along a random direction against a central difference."""
    rng = np.random.default_rng(0)
    flat, direction = model.parameters.flat, rng.normal(size=model.parameters.size)
    model.loss(batch, reduction="sum", stream=stream)
    model.backward()
    slope = float(model.parameters.gradient @ direction)
    values, step = flat.copy(), 1e-6
    losses = []
    for sign in (1, -1):
        flat[...] = values + sign * step * direction
        model.load()
        losses.append(float(model.loss(batch, reduction="sum", stream=stream)))
    flat[...] = values
    model.load()
    assert slope == pytest.approx((losses[0] - losses[1]) / (2 * step), rel=1e-5)


@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_gradient_of_the_recogniser(kernels, tones, cell):
    model = recogniser(kernels, tones, replace(TINY, cell=cell, dropout=0.3))
    batch = evaluation_batches(tones, tones.valid, 3)[0]
    check_direction(model, batch, DropoutStream(0, 1))


@pytest.mark.parametrize("weight", [1.0, 7.0])
def test_gradient_of_the_detector(kernels, triggers, weight):
    model = detector(kernels, triggers, repeats=5, positive_weight=weight)
    check_direction(model, trigger_batches(triggers.train, 6)[0])


def test_padding_changes_no_transcript(kernels, tones):
    """A batch and each utterance alone have the same scores; padding may hold anything."""
    model = recogniser(kernels, tones)
    batch = evaluation_batches(tones, tones.valid, 3)[0]
    dirty = batch.signal.copy()
    dirty[np.arange(len(dirty))[:, None] >= batch.lengths] = math.nan
    together, lengths = model.logits(replace(batch, signal=dirty))
    together = together.copy()
    for column, alone in enumerate(evaluation_batches(tones, tones.valid, 1)):
        scores, own = model.logits(alone)
        assert own.tolist() == [lengths[column]]
        np.testing.assert_allclose(together[: own[0], column], scores[: own[0], 0], atol=1e-9)


def test_a_recogniser_learns_two_utterances_by_heart(kernels, tones):
    model = recogniser(kernels, tones, replace(TINY, hidden_size=24, filters=24))
    batch = evaluation_batches(tones, tones.test, 2)[0]
    adam = kernels.get("optimizer", "adam")
    plan = adam.plan(adam.contract.Dims(model.parameters.size), "float64")
    flat = model.parameters.flat
    plan.load(adam.contract.Params(flat, np.zeros_like(flat), np.zeros_like(flat)))
    for step in range(1, 301):
        model.loss(batch, reduction="token_mean")
        model.backward()
        plan.forward(adam.contract.Inputs(model.parameters.gradient, step, 0.01))
        model.load()
    search = search_of({"name": "ctc_greedy", "width": 1, "options": {}}, kernels, tones)
    texts = [tones.decode(ids) for ids in search(*model.logits(batch))]
    assert texts == [tones.test.texts[i] for i in batch.indices]


def test_features_are_normalised_over_each_utterance(kernels, tones):
    features = SpeechFeatures(kernels, TINY.features, 8000, "float64")
    batch = evaluation_batches(tones, tones.valid, 3)[0]
    found, frames = features(batch.signal.astype("float64"), batch.lengths)
    for column, count in enumerate(frames.tolist()):
        np.testing.assert_allclose(found[:count, column].mean(axis=0), 0, atol=1e-12)
        np.testing.assert_allclose(found[:count, column].std(axis=0), 1, rtol=1e-9)
        assert (found[count:, column] == 0).all()


def test_a_hop_below_a_sample_is_told(kernels):
    with pytest.raises(RangeError, match=r"hop 1e-05 s are 200 and 0 samples at 8000 Hz"):
        SpeechFeatures(kernels, FeatureConfig(hop_s=1e-5), 8000, "float64")


# -- labels of triggers ------------------------------------------------------------------------


def test_labels_are_widened():
    found = widened([[1], [], [0, 3]], 5, 2, "float32").T
    assert found.tolist() == [[0, 1, 1, 0, 0], [0, 0, 0, 0, 0], [1, 1, 0, 1, 1]]
    assert widened([[1]], 4, 1, "float32")[:, 0].tolist() == [0, 1, 0, 0]
    assert widened([[3]], 4, 9, "float32")[:, 0].tolist() == [0, 0, 0, 1]
    with pytest.raises(RangeError, match=r"repeats is 0, expected at least 1"):
        widened([[1]], 4, 0, "float32")


def test_an_event_is_the_first_step_at_or_after_its_sample(kernels, triggers):
    model = detector(kernels, triggers)
    assert model.step_samples == 160
    assert model.event_steps([[0, 1, 160, 161], []]) == [[0, 1, 1, 2], []]


def test_every_event_has_a_step(kernels, triggers):
    model = detector(kernels, triggers)
    split = triggers.train
    for length, steps in zip(split.lengths, model.event_steps(split.events), strict=True):
        assert all(step < model.num_steps(int(length)) for step in steps)


class NoCheckpoint:
    def load(self):
        return None

    def save(self, arrays, meta):
        pass


def test_the_problem_trains(kernels, triggers):
    model = detector(kernels, triggers, repeats=10)
    problem = TriggerProblem(model, triggers, batch_size=3, seed=0)
    settings = TrainSettings(epochs=6, batch_size=3, learning_rate=0.02)
    progress = Trainer(problem, kernels, settings, 0).run(NoCheckpoint(), lambda *_: None)
    losses = [entry["valid_nll"] for entry in progress.history]
    assert progress.best_nll < 0.6 * losses[0] or progress.best_nll < 0.35
    batch = problem.validation()[0]
    assert problem.num_targets(batch) == sum(p.size for p in model.probs(batch))
