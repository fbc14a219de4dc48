"""The dense net: what products with one-hots give; a position learns nothing from another."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from seqbench.data.labelled import build_labelled
from seqbench.data.labelled_batching import LabelledBatch, evaluation_batches
from seqbench.data.signal_words import SIGNALS, generate, seen_places
from seqbench.interfaces import RangeError, ShapeError
from seqbench.models.classification_problem import ClassificationProblem
from seqbench.models.classifier_configuration import ClassifierConfig
from seqbench.models.dropout_stream import DropoutStream
from seqbench.models.training import Trainer, TrainSettings
from seqbench.registry import registry

V, C, H, P = 11, 3, 4, 6
LENGTHS = np.array([5, 1, 3, 6, 4], np.int32)


def factory(kind):
    return type(registry().get("model", f"{kind}_classifier"))(registry().kernels("numpy"))


def dense(*, seed=0, grad=True, **config):
    sizes = {"hidden_size": H, "positions": P, "dtype": "float64"} | config
    model = factory("dense")(ClassifierConfig(**sizes), V, C, grad=grad)
    model.initialise(seed)
    model.parameters.flat += np.random.default_rng(seed).normal(0, 0.2, model.parameters.size)
    model.load()
    return model


def batch(seed=0, lengths=LENGTHS):
    rng = np.random.default_rng(seed)
    T, B = int(lengths.max(initial=1)), len(lengths)
    ids = rng.integers(4, V, (T, B)).astype(np.int32)
    return LabelledBatch(ids, lengths, rng.integers(0, C, B).astype(np.int32), np.arange(B))


def test_the_sum_of_rows_is_the_product_with_padded_one_hots():
    model, items = dense(), batch()
    weight = model.parameters["embedding.weight"]  # (P V, H)
    assert weight.shape == (P * V, H)
    inputs = np.zeros((len(LENGTHS), P * V))
    for b, length in enumerate(LENGTHS):
        for t in range(length):
            inputs[b, t * V + items.ids[t, b]] = 1
    hidden = np.tanh(inputs @ weight + model.parameters["hidden.bias"])
    expected = hidden @ model.parameters["output.weight"].T + model.parameters["output.bias"]
    np.testing.assert_allclose(model.logits(items), expected, rtol=0, atol=1e-13)


def test_it_has_the_parameters_of_the_dense_net():
    assert dense().parameters.size == P * V * H + H + H * C + C


@pytest.mark.parametrize("stream", [None, DropoutStream(3, 7)], ids=["plain", "dropout"])
@pytest.mark.parametrize("lengths", [LENGTHS, np.array([1], np.int32)], ids=["five", "one"])
def test_the_gradient_of_the_whole_model(stream, lengths):
    model, items = dense(dropout=0.3, word_dropout=0.2), batch(lengths=lengths)

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


def test_padding_changes_nothing_and_takes_no_gradient():
    model, items = dense(), batch()
    expected = model.logits(items).copy()
    model.loss(items, reduction="sum")
    model.backward()
    first = model.parameters.d("embedding.weight").reshape(P, V, H)
    outside = np.arange(P)[:, None] >= LENGTHS  # (P, B)
    assert not first[:, 0].any()  # the padding's own row
    model.parameters["embedding.weight"].reshape(P, V, H)[:, 0] = np.nan
    model.load()
    ids = np.where(outside[: len(items.ids)], 0, items.ids).astype(np.int32)
    np.testing.assert_array_equal(model.logits(replace(items, ids=ids)), expected)


def test_an_empty_batch_costs_nothing():
    model = dense()
    assert float(model.loss(batch(lengths=LENGTHS[:0]), reduction="token_mean")) == 0.0
    model.backward()
    assert not model.parameters.gradient.any()


def test_a_word_at_one_position_teaches_nothing_at_another():
    model, items = dense(), batch()
    model.loss(items, reduction="sum")
    model.backward()
    gradient = model.parameters.d("embedding.weight").reshape(P, V, H).any(axis=-1)
    expected = np.zeros((P, V), bool)
    for b, length in enumerate(LENGTHS):
        expected[np.arange(length), items.ids[:length, b]] = True
    np.testing.assert_array_equal(gradient, expected)


def test_a_sentence_beyond_the_positions_is_told():
    message = r"a sentence of 6 words, expected at most positions = 5; set dataset.max_length=6"
    with pytest.raises(ShapeError, match=message):
        dense(positions=5).logits(batch())
    with pytest.raises(RangeError, match=r"positions is 0, expected at least 1"):
        ClassifierConfig(positions=0)


def test_flops_are_of_what_is_done():
    model = dense()
    assert model.flops(6, 5, grad=False) < model.flops(6, 5, grad=True)
    assert model.flops(12, 5, grad=False) - model.flops(6, 5, grad=False) == 6 * 5 * H


class Nowhere:
    def load(self):
        return None

    def save(self, arrays, meta):
        pass


def corpus_of(train):
    """Tested at the places of seed 0, trained on whatever sentences `train` are."""
    made = generate(0, {"train": 1, "valid": 100, "test": 200}, max_length=8, vocab_size=30)
    items = {split: [item for item, _ in made[split]] for split in ("valid", "test")}
    groups = {"test": ["seen", "unseen"] * 100}
    return build_labelled(
        "made",
        "here",
        tuple(SIGNALS),
        items | {"train": train},
        min_count=1,
        max_length=8,
        groups=groups,
    )


def sentences(seed):
    made = generate(seed, {"train": 1500, "valid": 1, "test": 1}, max_length=8, vocab_size=30)
    return [item for item, _ in made["train"]]


def accuracies(kind, corpus):
    """(at places that are called seen, at the others)."""
    kernels = registry().kernels("numpy")
    config = ClassifierConfig(embedding_size=16, hidden_size=16, positions=8)
    model = factory(kind)(config, len(corpus.vocabulary), len(corpus.classes))
    model.initialise(0)
    problem = ClassificationProblem(model, corpus, batch_size=32, seed=0)
    settings = TrainSettings(epochs=8, batch_size=32, learning_rate=0.01)
    Trainer(problem, kernels, settings, 0).run(Nowhere(), lambda done, text: None)
    right = np.zeros(len(corpus.test), bool)
    for one in evaluation_batches(corpus.test, len(corpus.classes), 50):
        right[one.indices] = model.logits(one).argmax(-1) == one.labels
    return right[::2].mean(), right[1::2].mean()


def test_the_dense_net_fails_at_unseen_places_and_the_recurrent_one_does_not():
    corpus = corpus_of(sentences(0))
    seen, unseen = accuracies("dense", corpus)
    assert seen > 0.9
    assert unseen < 0.45
    assert min(accuracies("recurrent", corpus)) > 0.9


def test_the_dense_net_does_not_fail_where_training_saw_every_place():
    """The effect is of the places: with sentences of other seeds' places it is gone."""
    seeds = (0, 2, 6)
    assert frozenset().union(*(seen_places(seed, 8) for seed in seeds)) == set(range(8))
    corpus = corpus_of([item for seed in seeds for item in sentences(seed)])
    assert min(accuracies("dense", corpus)) > 0.9
