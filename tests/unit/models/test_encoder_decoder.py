"""The composed model: its gradient against central differences, its steps against its loss."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from seqbench.data.batch import TranslationBatch
from seqbench.interfaces import ShapeError
from seqbench.models.configuration import EncoderDecoderConfig
from seqbench.models.encoder_decoder import DropoutStream, EncoderDecoder
from seqbench.models.scoring import score_sequences
from seqbench.registry import registry

SOURCE_VOCAB, TARGET_VOCAB = 11, 9
CONFIG = EncoderDecoderConfig(
    cell="gru", embedding_size=5, hidden_size=4, attention_size=3, dtype="float64"
)
VARIANTS = {
    "gru": CONFIG,
    "lstm": replace(CONFIG, cell="lstm"),
    "rnn": replace(CONFIG, cell="rnn"),
    "gru_simplified": replace(CONFIG, cell="gru_simplified"),
    "reset_before": replace(CONFIG, cell="gru_reset_before"),
    "one_direction": replace(CONFIG, bidirectional=False),
    "general": replace(CONFIG, attention="general"),
    "dot": replace(CONFIG, attention="dot", bidirectional=False),
    "sutskever": replace(CONFIG, attention="none", reverse_source=True),
    "sutskever_lstm": replace(CONFIG, attention="none", cell="lstm", bidirectional=False),
    "cho": replace(CONFIG, attention="none", context="every_step"),
    "cho_lstm": replace(CONFIG, attention="none", context="every_step", cell="lstm"),
    "dropout": replace(CONFIG, dropout=0.3),
}


@pytest.fixture(scope="module")
def kernels():
    return registry().kernels("numpy")


def batch_of(rng, source_lengths=(4, 1, 3), target_lengths=(2, 5, 3)):
    """Random ids; PAD past the lengths."""
    Tx, Ty, B = max(source_lengths), max(target_lengths), len(source_lengths)
    source = rng.integers(3, SOURCE_VOCAB, (Tx, B)).astype(np.int32)
    out = rng.integers(3, TARGET_VOCAB, (Ty, B)).astype(np.int32)
    source_lengths = np.array(source_lengths, np.int32)
    target_lengths = np.array(target_lengths, np.int32)
    out[target_lengths - 1, np.arange(B)] = 2
    source[np.arange(Tx)[:, None] >= source_lengths] = 0
    out[np.arange(Ty)[:, None] >= target_lengths] = 0
    target_in = np.concatenate([np.ones((1, B), np.int32), out[:-1]])
    return TranslationBatch(source, source_lengths, target_in, out, target_lengths, np.arange(B))


def model_of(kernels, config, seed=0, **options):
    model = EncoderDecoder(kernels, config, SOURCE_VOCAB, TARGET_VOCAB, **options)
    model.initialise(seed)
    rng = np.random.default_rng(seed)
    model.parameters.flat += rng.normal(0, 0.3, model.parameters.size)
    model.load()
    return model


def loss_at(model, flat, batch, **options):
    model.parameters.flat[...] = flat
    model.load()
    return float(model.loss(batch, **options))


@pytest.mark.parametrize("name", VARIANTS)
def test_gradient_equals_central_differences(kernels, name):
    rng = np.random.default_rng(3)
    model, batch = model_of(kernels, VARIANTS[name]), batch_of(rng)
    options = {"reduction": "token_mean", "stream": DropoutStream(1, 7), "capacity": 8}
    flat = model.parameters.flat.copy()
    loss_at(model, flat, batch, **options)
    model.backward()
    gradient = model.parameters.gradient.copy()
    assert np.count_nonzero(gradient) > 0.5 * gradient.size
    for tensor, _ in model.parameters.shapes.items():
        direction = np.zeros_like(flat)
        view = model.parameters[tensor]
        start = (view.__array_interface__["data"][0] - model.parameters.flat.ctypes.data) // 8
        direction[start : start + view.size] = rng.normal(size=view.size)
        h = 1e-6
        up = loss_at(model, flat + h * direction, batch, **options)
        down = loss_at(model, flat - h * direction, batch, **options)
        expected = (up - down) / (2 * h)
        assert gradient @ direction == pytest.approx(expected, rel=2e-7, abs=2e-9), tensor


@pytest.mark.parametrize("name", ["gru", "lstm", "sutskever", "cho", "cho_lstm", "general"])
def test_steps_score_what_the_loss_says(kernels, name):
    batch = batch_of(np.random.default_rng(4))
    model = model_of(kernels, VARIANTS[name])
    losses = model.loss(batch, reduction="none").sum(axis=0)
    steps = model_of(kernels, VARIANTS[name], grad=False).step_model(1, 2)
    scores = score_sequences(
        steps, batch, batch.target_out, batch.target_lengths, backend=kernels.backend
    )
    np.testing.assert_allclose(scores, -losses, rtol=1e-10)


def test_padding_and_neighbours_do_not_matter(kernels):
    """A sentence alone has the loss that it has in a batch."""
    batch = batch_of(np.random.default_rng(5))
    model = model_of(kernels, CONFIG)
    together = model.loss(batch, reduction="none").sum(axis=0).copy()
    for b in range(batch.size):
        alone = TranslationBatch(
            batch.source[: batch.source_lengths[b], b : b + 1],
            batch.source_lengths[b : b + 1],
            batch.target_in[: batch.target_lengths[b], b : b + 1],
            batch.target_out[: batch.target_lengths[b], b : b + 1],
            batch.target_lengths[b : b + 1],
            batch.indices[b : b + 1],
        )
        assert model.loss(alone, reduction="sum") == pytest.approx(together[b], rel=1e-12)


def test_reversing_the_source_is_reading_it_backwards(kernels):
    rng = np.random.default_rng(6)
    config = replace(CONFIG, attention="none", bidirectional=False)
    batch = batch_of(rng, source_lengths=(4, 4, 4))
    flipped = replace(batch, source=np.ascontiguousarray(batch.source[::-1]))
    forward = model_of(kernels, config).loss(flipped, reduction="sum")
    backward = model_of(kernels, replace(config, reverse_source=True)).loss(batch, reduction="sum")
    assert forward == pytest.approx(backward, rel=1e-12)


def test_dropout_is_a_function_of_seed_and_step(kernels):
    batch = batch_of(np.random.default_rng(7))
    model = model_of(kernels, VARIANTS["dropout"])

    def loss(*stream):
        return float(model.loss(batch, reduction="sum", stream=DropoutStream(*stream)))

    assert loss(1, 1) == loss(1, 1)
    assert loss(1, 1) != loss(1, 2)
    assert loss(1, 1) != loss(2, 1)
    assert loss(1, 1) != float(model.loss(batch, reduction="sum"))


def test_flops_grow_with_what_is_computed(kernels):
    model = model_of(kernels, CONFIG)
    once = model.flops(4, 5, 3, grad=False)
    assert model.flops(8, 10, 3, grad=False) > 2 * once - 1000
    assert 2.5 < model.flops(4, 5, 3, grad=True) / once < 3.5


def test_parameters_of_another_model_are_refused(kernels):
    model = model_of(kernels, CONFIG)
    values = model.parameters.to_host()
    other = model_of(kernels, replace(CONFIG, hidden_size=6))
    with pytest.raises(ShapeError, match=r"the artifact belongs to another configuration"):
        other.parameters.load(values)
    values.pop("output.bias")
    with pytest.raises(ShapeError, match=r"'output.bias' is on one side only"):
        model.parameters.load(values)
    with pytest.raises(ShapeError, match="on one side only"):
        model_of(kernels, replace(CONFIG, cell="lstm")).parameters.load(model.parameters.to_host())


def test_an_lstm_begins_with_an_open_forget_gate(kernels):
    model = EncoderDecoder(kernels, VARIANTS["lstm"], SOURCE_VOCAB, TARGET_VOCAB)
    model.initialise(0)
    bias = model.parameters["decoder.bias"]
    H = CONFIG.hidden_size
    assert (bias[H : 2 * H] == 1).all()
    assert (bias[:H] == 0).all()
