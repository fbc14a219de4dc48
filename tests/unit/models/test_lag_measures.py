"""By lag: what is solved, how a gradient decays, where weights start, when training is enough."""

from __future__ import annotations

import numpy as np
import pytest

from seqbench.data.intervals import load_intervals
from seqbench.data.recall import load_recall
from seqbench.interfaces import RangeError, UnknownNameError
from seqbench.models.classifier_configuration import ClassifierConfig
from seqbench.models.lag_measures import classifier_norms, decays, mean_norm, solved_lag
from seqbench.models.lagged_problem import LaggedProblem
from seqbench.models.recurrent_start import KEEPING
from seqbench.models.training import Trainer, TrainSettings
from seqbench.registry import registry

CELLS = sorted(key.partition("/")[2] for key in registry().contracts() if key.startswith("cell/"))
CORPUS = load_recall(lags=(1, 6), num_train=60, num_valid=40, num_symbols=3, num_distractors=2)


def classifier(corpus=CORPUS, seed=0, **config):
    sizes = {"embedding_size": 5, "hidden_size": 6, "dtype": "float64"} | config
    kernels = registry().kernels("numpy")
    factory = type(registry().get("model", "recurrent_classifier"))(kernels)
    model = factory(ClassifierConfig(**sizes), len(corpus.tokens), len(corpus.classes))
    model.initialise(seed)
    return model


def test_the_largest_solved_lag():
    assert solved_lag({1: 1.0, 10: 0.9, 100: 0.89}, 0.9) == 10
    assert solved_lag({1: 0.5, 10: 0.95, 100: 0.2}, 0.9) == 10
    assert solved_lag({1: 0.5}, 0.9) == 0


def test_a_planted_decay_is_found_and_other_lags_are_left_out():
    lags = np.arange(9)[:, None]
    planted = np.concatenate([3.0 * 0.5**lags, 0.1 * 1.25**lags], axis=1)
    np.testing.assert_allclose(decays(planted), np.log([0.5, 1.25]), rtol=1e-12)
    planted[0] = 100.0  # lag 0 is the loss's own gradient
    planted[5:, 0] = 0.0  # gone below the smallest number
    np.testing.assert_allclose(decays(planted), np.log([0.5, 1.25]), rtol=1e-12)
    planted[2:, 1] = np.inf
    with pytest.raises(RangeError, match=r"gradient decay: 1 lags have a gradient above 0, exp"):
        decays(planted)


def test_the_mean_norm_is_geometric_and_relative():
    norms = np.array([[2.0, 4.0], [1.0, 0.5], [0.0, 1.0]])
    assert mean_norm(norms, 1) == pytest.approx(np.sqrt(1 / 2 * 1 / 8))
    assert mean_norm(norms, 2) == 0.0


def test_a_classifiers_gradient_vanishes_by_its_own_factor():
    """A plain RNN near zero is linear: each step back multiplies by the weight."""
    model = classifier(cell="rnn")
    for factor in (0.5, 1.1):
        model.parameters["layer0.weight_hh"][...] = factor * np.eye(6)
        model.parameters["layer0.weight_ih"][...] = 0.0
        model.load()
        norms = classifier_norms(registry().kernels("numpy"), model, CORPUS.batch("test", 6, 4))
        np.testing.assert_allclose(decays(norms.total), np.log(factor), rtol=1e-9)


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_the_first_norm_is_the_losss_gradient_by_the_last_state(cell):
    """By differences of the logits, taken back through the output layer."""
    model = classifier(cell=cell)
    kernels, batch = registry().kernels("numpy"), CORPUS.batch("test", 6, 1)
    norms = classifier_norms(kernels, model, batch)

    def loss(values):
        model.parameters["output.bias"][...] = values
        model.load()
        return float(model.loss(batch, reduction="sum"))

    step = 1e-6 * np.eye(3)
    d_logits = np.array([(loss(s) - loss(-s)) / 2e-6 for s in step])
    expected = np.linalg.norm(d_logits @ model.parameters["output.weight"])
    np.testing.assert_allclose(norms.total[0], expected, rtol=1e-6)
    assert norms.total.shape == (9, 1)


def test_norms_of_float32_parameters_are_of_float64():
    model, wide = classifier(dtype="float32"), classifier()
    wide.parameters.load(model.parameters.to_host())
    wide.load()
    kernels, batch = registry().kernels("numpy"), CORPUS.batch("test", 6, 4)
    found = classifier_norms(kernels, model, batch).total
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, classifier_norms(kernels, wide, batch).total, rtol=1e-4)


def test_shorter_sequences_are_left_out():
    corpus = load_intervals(lags=(4,), num_classes=2)
    batch = corpus.batch("test", 4, 40)
    full = int((batch.lengths == len(batch.ids)).sum())
    assert 0 < full < 40
    norms = classifier_norms(registry().kernels("numpy"), classifier(corpus), batch)
    assert norms.total.shape == (len(batch.ids) + 1, full)


@pytest.mark.parametrize("cell", CELLS)
def test_recurrent_weights_start_as_asked_in_every_gate(cell):
    plain = classifier(cell=cell).parameters
    for initial in ("orthogonal", "identity"):
        one, other = (classifier(cell=cell, initial=initial, seed=s).parameters for s in (0, 1))
        weight = one["layer0.weight_hh"]
        for block in weight.reshape(-1, 6, 6):
            np.testing.assert_allclose(block @ block.T, np.eye(6), atol=1e-12)
        same = np.array_equal(weight, other["layer0.weight_hh"])
        assert same == (initial == "identity")
        np.testing.assert_array_equal(one["layer0.weight_ih"], plain["layer0.weight_ih"])
    blocks = classifier(cell=cell, initial="orthogonal").parameters["layer0.weight_hh"]
    assert len({block.tobytes() for block in blocks.reshape(-1, 6, 6)}) == len(blocks) // 6


@pytest.mark.parametrize("cell", CELLS)
def test_the_forget_bias_makes_the_state_stay(cell):
    """With all else zero and the gate that keeps wide open, a step changes nothing."""
    model = classifier(cell=cell, forget_bias=40.0)
    names = [n for n in model.parameters.shapes if n.startswith("layer0.")]
    for name in names:
        if len(model.parameters.shapes[name]) == 2:
            model.parameters[name][...] = 0.0
    contract = registry().contract("cell", cell)
    from seqbench.kernels._cell import CellInputs
    from seqbench.testing.reference import reference

    params = model.parameters.group("layer0", contract.Params)
    state = [np.full((1, 6), 0.3) for _ in contract.state]
    x = np.ones((4, 1, 5))
    out = reference(contract)(params, CellInputs(x, np.full(1, 4, np.int32), *state))
    kept = np.allclose(getattr(out, contract.state[-1]), 0.3, rtol=1e-9)
    assert kept == (cell in KEEPING)


def test_without_a_forget_bias_nothing_has_changed():
    lstm, gru = classifier(cell="lstm").parameters, classifier(cell="gru").parameters
    assert (lstm["layer0.bias"][6:12] == 1.0).all()
    assert lstm["layer0.bias"].sum() == 6.0
    assert not gru["layer0.bias_ih"].any()


def test_a_start_that_is_not_known_is_told():
    with pytest.raises(UnknownNameError, match=r"no start of recurrent weights named 'ortho'; did"):
        classifier(initial="ortho")


class Nowhere:
    def load(self):
        return None

    def save(self, arrays, meta):
        pass


def trained(**settings):
    model = classifier(hidden_size=8, dtype="float32")
    problem = LaggedProblem(model, CORPUS, (1,), batch_size=20, seed=0)
    chosen = TrainSettings(epochs=60, batch_size=20, learning_rate=0.02, **settings)
    trainer = Trainer(problem, registry().kernels("numpy"), chosen, 0)
    return model, trainer.run(Nowhere(), lambda done, text: None)


def test_it_learns_a_short_lag_and_ends_when_that_is_enough():
    model, progress = trained(enough_nll=0.1, patience=100)
    losses = [entry["valid_nll"] for entry in progress.history]
    assert losses[-1] <= 0.1 < min(losses[:-1])
    assert progress.epoch < 60
    batch = CORPUS.batch("test", 1, 100)
    assert (model.logits(batch).argmax(axis=-1) == batch.labels).mean() > 0.9


def test_validation_is_of_the_lags_it_learns():
    problem = LaggedProblem(classifier(), CORPUS, (6,), batch_size=16, seed=0)
    assert {len(batch.ids) for batch in problem.validation()} == {8}
    assert sum(problem.num_targets(batch) for batch in problem.validation()) == 40
    assert {len(batch.ids) for batch in problem.batches(0)} == {8}
    assert problem.flops(problem.batches(0)[0]) > 0
