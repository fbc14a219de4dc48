"""A05: each form runs, has the right gradient, minds its lengths and learns."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from seqbench.data.batch import TranslationBatch
from seqbench.interfaces import RangeError, ShapeError
from seqbench.models.architecture import ArchitectureBatch, ArchitectureConfig
from seqbench.models.dropout_stream import DropoutStream
from seqbench.registry import registry

FORMS = ("one_to_many", "many_to_one", "many_to_many")
CONFIG = ArchitectureConfig(input_size=3, hidden_size=4, num_labels=5, dtype="float64")
VARIANTS = {
    "gru": CONFIG,
    "rnn": replace(CONFIG, cell="rnn"),
    "lstm": replace(CONFIG, cell="lstm"),
    "peephole": replace(CONFIG, cell="lstm_peephole"),
    "coupled": replace(CONFIG, cell="lstm_coupled", num_layers=2),
    "deep_dropout": replace(CONFIG, cell="lstm", num_layers=3, dropout=0.3),
    "both": replace(CONFIG, bidirectional=True, num_layers=2, dropout=0.3),
}
STREAM = DropoutStream(seed=1, step=2)
every_form = pytest.mark.parametrize("form", FORMS)
every_pair = pytest.mark.parametrize(
    ("form", "variant"),
    [(f, v) for f in FORMS for v in VARIANTS if f != "one_to_many" or v != "both"],
)


def make(form, config, seed=0):
    model = registry().get("model", form)(config)
    model.initialise(seed)
    return model


def batch_of(form, config=CONFIG, lengths=(4, 1, 3), dtype="float64"):
    rng = np.random.default_rng(3)
    lengths = np.array(lengths, np.int32)
    T, B, V = max(1, int(lengths.max())), len(lengths), config.num_labels
    shape = (B, config.input_size) if form == "one_to_many" else (T, B, config.input_size)
    targets = rng.integers(0, V, (B,) if form == "many_to_one" else (T, B)).astype(np.int32)
    return ArchitectureBatch(rng.normal(size=shape).astype(dtype), lengths, targets)


@every_pair
def test_gradients_by_differences(form, variant):
    config = VARIANTS[variant]
    model, batch = make(form, config), batch_of(form, config)
    flat = model.parameters.flat
    rng = np.random.default_rng(4)
    flat += rng.normal(0, 0.3, flat.shape)

    def loss(step=0.0, x_step=0.0):
        flat[...] = point + step * direction
        model.load()
        moved = replace(batch, x=batch.x + x_step * d_direction)
        return float(model.loss(moved, reduction="sum", stream=STREAM))

    point, d_direction = flat.copy(), rng.normal(size=batch.x.shape)
    direction = rng.normal(size=flat.shape)
    loss()
    d_x = model.backward()
    gradient = model.parameters.gradient.copy()
    numeric = (loss(1e-5) - loss(-1e-5)) / 2e-5
    assert (gradient * direction).sum() == pytest.approx(numeric, rel=1e-6)
    numeric = (loss(0, 1e-5) - loss(0, -1e-5)) / 2e-5
    assert (d_x * d_direction).sum() == pytest.approx(numeric, rel=1e-6)
    for name, view in model.parameters.shapes.items():
        assert model.parameters.d(name).any(), f"{name} {view} has no gradient"


@pytest.mark.parametrize("form", ["many_to_one", "many_to_many"])
def test_padding_is_never_read(form):
    model, batch = make(form, VARIANTS["both"]), batch_of(form)
    clean = float(model.loss(batch, reduction="sum"))
    model.backward()
    gradient = model.parameters.gradient.copy()
    dirty = batch.x.copy()
    dirty[np.arange(4)[:, None] >= batch.lengths] = np.nan
    assert float(model.loss(replace(batch, x=dirty), reduction="sum")) == clean
    model.backward()
    np.testing.assert_array_equal(model.parameters.gradient, gradient)


def test_targets_past_a_length_are_not_counted():
    for form in ("one_to_many", "many_to_many"):
        model, batch = make(form, CONFIG), batch_of(form)
        targets = batch.targets.copy()
        targets[np.arange(4)[:, None] >= batch.lengths] = 0
        expected = float(model.loss(batch, reduction="sum"))
        assert float(model.loss(replace(batch, targets=targets), reduction="sum")) == expected


def test_many_to_one_reads_the_state_at_the_length():
    """The second sequence has one step: more of them, padded, change nothing."""
    model, batch = make("many_to_one", CONFIG), batch_of("many_to_one")
    alone = ArchitectureBatch(batch.x[:1, 1:2].copy(), np.array([1], np.int32), batch.targets[1:2])
    together = model.logits(batch)[1].copy()
    np.testing.assert_allclose(model.logits(alone)[0], together, rtol=1e-12)


def test_many_to_one_of_an_empty_sequence_is_the_output_layers_bias():
    model = make("many_to_one", CONFIG)
    model.parameters["output.bias"][...] = np.arange(5)
    batch = replace(batch_of("many_to_one"), lengths=np.zeros(3, np.int32))
    np.testing.assert_allclose(model.logits(batch), np.broadcast_to(np.arange(5.0), (3, 5)))


def test_one_to_many_generates_what_it_gives_most():
    """Each label is the most probable one after those before it, by the teacher-forced logits."""
    model, batch = make("one_to_many", VARIANTS["deep_dropout"]), batch_of("one_to_many")
    model.parameters.flat *= 3
    model.load()
    labels = np.array(model.generate(batch.x, 4))
    assert labels.shape == (4, 3)
    assert labels.dtype == np.int32
    full = np.full(3, 4, np.int32)
    logits = model.logits(ArchitectureBatch(batch.x, full, labels))
    np.testing.assert_array_equal(logits.argmax(axis=-1), labels)


@every_form
def test_one_step(form):
    model, batch = make(form, CONFIG), batch_of(form, lengths=(1, 1))
    assert np.isfinite(model.loss(batch, reduction="token_mean"))
    model.backward()
    assert np.isfinite(model.parameters.gradient).all()


@every_form
def test_dropout_only_with_a_stream(form):
    model, batch = make(form, VARIANTS["deep_dropout"]), batch_of(form)
    plain = float(model.loss(batch, reduction="sum"))
    assert float(model.loss(batch, reduction="sum")) == plain
    dropped = float(model.loss(batch, reduction="sum", stream=STREAM))
    assert dropped != plain
    assert float(model.loss(batch, reduction="sum", stream=STREAM)) == dropped


@every_form
def test_it_learns(form):
    """A batch by heart: the loss falls to a tenth."""
    model, batch = make(form, replace(CONFIG, hidden_size=16)), batch_of(form)
    first = float(model.loss(batch, reduction="token_mean"))
    for _ in range(150):
        model.loss(batch, reduction="token_mean")
        model.backward()
        model.parameters.flat[...] -= 0.5 * model.parameters.gradient
        model.load()
    assert float(model.loss(batch, reduction="token_mean")) < first / 10


@every_form
def test_flops_grow_with_the_work(form):
    model = make(form, CONFIG)
    assert model.flops(4, 3, grad=True) > 2 * model.flops(4, 3, grad=False)
    outputs = 1 if form == "many_to_one" else 4
    output = 2 * outputs * 3 * 4 * 5
    width = 4 if form == "one_to_many" else 3
    cell = registry().contract("cell", "gru")
    assert model.flops(4, 3, grad=False) == cell.flops(cell.Dims(4, 3, width, 4), False) + output


def test_unequal_lengths_are_the_encoder_decoder_without_attention():
    model = registry().get("model", "many_to_many_unequal")(7, 6)
    assert model.config.attention == "none"
    model.initialise(0)
    source = np.array([[3, 4], [5, 0]], np.int32)
    target = np.array([[3, 4], [2, 5], [0, 2]], np.int32)
    target_in = np.concatenate([np.ones((1, 2), np.int32), target[:-1]])
    lengths = np.array([2, 1], np.int32), np.array([2, 3], np.int32)
    batch = TranslationBatch(source, lengths[0], target_in, target, lengths[1], np.arange(2))
    first = float(model.loss(batch, reduction="token_mean"))
    for _ in range(100):
        model.loss(batch, reduction="token_mean")
        model.backward()
        model.parameters.flat[...] -= 0.5 * model.parameters.gradient
        model.load()
    assert float(model.loss(batch, reduction="token_mean")) < first / 10


# -- what mistakes are told --------------------------------------------------------------------


def test_one_to_many_cannot_read_backwards():
    with pytest.raises(RangeError, match="one_to_many: bidirectional is True, expected False"):
        registry().get("model", "one_to_many")(replace(CONFIG, bidirectional=True))


@pytest.mark.parametrize(
    ("form", "shape", "words"),
    [
        ("many_to_one", (2,), r"many_to_one: targets is \(2,\), expected \(3,\)"),
        ("many_to_many", (3, 3), r"many_to_many: targets is \(3, 3\), expected \(4, 3\)"),
        ("one_to_many", (4, 2), r"one_to_many: targets is \(4, 2\), expected \(4, 3\)"),
    ],
)
def test_targets_of_another_shape(form, shape, words):
    model, batch = make(form, CONFIG), batch_of(form)
    wrong = replace(batch, targets=np.zeros(shape, np.int32))
    with pytest.raises(ShapeError, match=words):
        model.loss(wrong, reduction="sum")


@every_form
def test_rates_and_depths_out_of_range(form):
    with pytest.raises(RangeError, match=r"dropout is 1\.5, expected at least 0 and below 1"):
        registry().get("model", form)(replace(CONFIG, dropout=1.5))
    with pytest.raises(RangeError, match="num_layers is 0, expected at least 1"):
        registry().get("model", form)(replace(CONFIG, num_layers=0))
