"""Classifiers: gradients of the whole model, word order, dropout, training, bad settings."""

from __future__ import annotations

import numpy as np
import pytest

from seqbench.data.labelled_batching import LabelledBatch
from seqbench.interfaces import RangeError, UnknownNameError
from seqbench.models.classification_problem import ClassificationProblem
from seqbench.models.classifier_configuration import ClassifierConfig
from seqbench.models.dropout_stream import DropoutStream
from seqbench.models.training import Trainer, TrainSettings
from seqbench.registry import registry

V, C = 11, 3
LENGTHS = np.array([5, 1, 3, 4], np.int32)


def classifier(kind, *, seed=0, grad=True, smoothing=0.0, **config):
    sizes = {"embedding_size": 5, "hidden_size": 4, "dtype": "float64"} | config
    factory = type(registry().get("model", f"{kind}_classifier"))(registry().kernels("numpy"))
    model = factory(ClassifierConfig(**sizes), V, C, grad=grad, label_smoothing=smoothing)
    model.initialise(seed)
    return model


def batch(seed=0, lengths=LENGTHS, ids=None):
    rng = np.random.default_rng(seed)
    T, B = int(lengths.max(initial=1)), len(lengths)
    drawn = rng.integers(4, V, (T, B)).astype(np.int32) if ids is None else ids
    labels = rng.integers(0, C, B).astype(np.int32)
    return LabelledBatch(drawn, lengths, labels, np.arange(B))


MODELS = {
    "averaging": ("averaging", {}),
    "final": ("recurrent", {"pooling": "final"}),
    "lstm": ("recurrent", {"pooling": "final", "cell": "lstm", "bidirectional": True}),
    "mean": ("recurrent", {"pooling": "mean", "bidirectional": True}),
    "stacked": ("recurrent", {"pooling": "max", "num_layers": 2, "bidirectional": True}),
    "deep": ("recurrent", {"pooling": "final", "num_layers": 3, "cell": "rnn"}),
}


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("stream", [None, DropoutStream(3, 7)], ids=["plain", "dropout"])
def test_the_gradient_of_the_whole_model(name, stream):
    kind, config = MODELS[name]
    model = classifier(kind, smoothing=0.1, dropout=0.3, word_dropout=0.2, **config)
    items = batch()

    def loss(values):
        model.parameters.flat[...] = values
        model.load()
        return float(model.loss(items, reduction="token_mean", stream=stream))

    at = model.parameters.flat.copy()
    loss(at)
    model.backward()
    gradient = model.parameters.gradient.copy()
    rng = np.random.default_rng(1)
    for _ in range(4):
        direction = rng.normal(size=at.shape)
        numeric = (loss(at + 1e-6 * direction) - loss(at - 1e-6 * direction)) / 2e-6
        assert gradient @ direction == pytest.approx(numeric, rel=1e-6, abs=1e-9)


def reordered(items, seed=5):
    """Each sentence's words in another order."""
    rng = np.random.default_rng(seed)
    ids = items.ids.copy()
    for b, length in enumerate(items.lengths):
        ids[:length, b] = rng.permutation(ids[:length, b])
    return LabelledBatch(ids, items.lengths, items.labels, items.indices)


def test_averaging_does_not_see_the_order_of_words():
    model, items = classifier("averaging"), batch()
    swapped = reordered(items)
    assert (swapped.ids != items.ids).any()
    np.testing.assert_allclose(model.logits(swapped), model.logits(items), rtol=0, atol=1e-15)


@pytest.mark.parametrize("name", [n for n in MODELS if n != "averaging"])
def test_a_recurrent_classifier_sees_the_order_of_words(name):
    kind, config = MODELS[name]
    model, items = classifier(kind, **config), batch()
    difference = np.abs(model.logits(reordered(items)) - model.logits(items))
    assert difference.max() > 1e-3


@pytest.mark.parametrize("name", MODELS)
def test_padding_and_company_change_nothing(name):
    kind, config = MODELS[name]
    model, items = classifier(kind, grad=False, **config), batch()
    together = model.logits(items).copy()
    for b, length in enumerate(items.lengths):
        alone = batch(lengths=LENGTHS[b : b + 1], ids=items.ids[:length, b : b + 1].copy())
        np.testing.assert_allclose(model.logits(alone)[0], together[b], atol=1e-12)
    ids = items.ids.copy()
    ids[np.arange(len(ids))[:, None] >= items.lengths] = 4  # another word as padding
    other = LabelledBatch(ids, items.lengths, items.labels, items.indices)
    np.testing.assert_array_equal(model.logits(other), together)


@pytest.mark.parametrize("kind", ["averaging", "recurrent"])
def test_an_empty_batch_costs_nothing(kind):
    model = classifier(kind)
    empty = batch(lengths=np.zeros(0, np.int32))
    assert float(model.loss(empty, reduction="token_mean")) == 0.0
    model.backward()
    assert not model.parameters.gradient.any()
    assert int(model.num_correct()) == 0


def test_num_correct_counts_what_the_logits_say():
    model, items = classifier("recurrent"), batch()
    expected = (model.logits(items).argmax(-1) == items.labels).sum()
    model.loss(items, reduction="sum")
    assert int(model.num_correct()) == expected


def test_a_dropped_word_is_out_of_the_average():
    """With every embedding kept, word dropout scales by 1 / (1 - rate): the mask says which."""
    model, items = classifier("averaging", word_dropout=0.5), batch()
    stream = DropoutStream(0, 1)
    mask, _ = model._masks(items.ids.shape[0], items.size, stream)
    assert set(np.unique(mask)) == {0.0, 2.0}
    model.loss(items, reduction="sum", stream=stream)
    rows = model.parameters["embedding.weight"][items.ids] * mask
    inside = np.arange(len(rows))[:, None] < items.lengths
    mean = (rows * inside[:, :, None]).sum(0) / items.lengths[:, None]
    np.testing.assert_allclose(model._tape.features, mean, atol=1e-12)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"pooling": "mx"}, UnknownNameError, r"no pooling named 'mx'; did you mean 'max'"),
        ({"num_layers": 0}, RangeError, r"num_layers is 0, expected at least 1"),
        ({"word_dropout": 1.0}, RangeError, r"word_dropout is 1.0, expected at least 0 and below"),
    ],
)
def test_bad_settings_are_told(changes, error, message):
    with pytest.raises(error, match=message):
        ClassifierConfig(**changes)


class Nowhere:
    def load(self):
        return None

    def save(self, arrays, meta):
        pass


def accuracy(kind, corpus, **config):
    kernels = registry().kernels("numpy")
    factory = type(registry().get("model", f"{kind}_classifier"))(kernels)
    sizes = len(corpus.vocabulary), len(corpus.classes)
    model = factory(ClassifierConfig(embedding_size=16, hidden_size=16, **config), *sizes)
    model.initialise(0)
    problem = ClassificationProblem(model, corpus, batch_size=16, seed=0)
    settings = TrainSettings(epochs=6, batch_size=16, learning_rate=0.01)
    history = Trainer(problem, kernels, settings, 0).run(Nowhere(), lambda done, text: None).history
    best = min(history, key=lambda entry: entry["valid_nll"])
    right = sum(int((model.logits(b).argmax(-1) == b.labels).sum()) for b in problem.validation())
    assert best["valid_accuracy"] == right / len(corpus.valid)  # the best parameters stay
    return best["valid_accuracy"]


def test_order_is_learnt_by_the_recurrent_network_alone():
    corpus = registry().dataset("opinions")(seed=1, num_train=1500, num_valid=200, num_test=10)
    assert accuracy("averaging", corpus) < 0.8
    assert accuracy("recurrent", corpus, bidirectional=True) > 0.95
