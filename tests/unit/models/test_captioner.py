"""The captioner: gradients of the whole model, its one-step view, searches, bad settings."""

from __future__ import annotations

import numpy as np
import pytest

from seqbench.data.captioned import CaptionBatch
from seqbench.interfaces import RangeError, ShapeError
from seqbench.models.beam import BeamDecoder
from seqbench.models.captioner import Captioner
from seqbench.models.captioner_configuration import CaptionerConfig
from seqbench.models.dropout_stream import DropoutStream
from seqbench.models.exact import ExactBreadthDecoder, ExactDepthDecoder
from seqbench.models.exhaustive import exhaustive_search
from seqbench.models.greedy import GreedyDecoder
from seqbench.registry import registry

V, BOS, EOS = 7, 1, 2
KERNELS = registry().kernels("numpy")
SMALL = {
    "embedding_size": 3,
    "hidden_size": 4,
    "attention_size": 3,
    "filters": (3, 5),
    "image_shape": (2, 8, 9),
    "dtype": "float64",
}
MODELS = {
    "additive": {"attention": "additive"},
    "general": {"attention": "general", "cell": "lstm"},
    "state": {"attention": "none", "context": "state", "cell": "rnn"},
    "every_step": {"attention": "none", "context": "every_step", "cell": "lstm"},
}


def captioner(name, *, grad=True, seed=0, **config):
    model = Captioner(KERNELS, CaptionerConfig(**(SMALL | MODELS[name] | config)), V, grad=grad)
    model.initialise(seed)
    model.parameters.flat[...] += 0.1 * np.random.default_rng(seed).normal(
        size=model.parameters.size
    )
    model.load()
    return model


def batch(size=3, seed=0, T=5):
    rng = np.random.default_rng(seed)
    lengths = rng.integers(1, T + 1, size).astype(np.int32)
    target = rng.integers(3, V, (T, size)).astype(np.int32)
    return CaptionBatch(
        rng.uniform(-1, 1, (size, 2, 8, 9)),
        np.concatenate([np.full((1, size), BOS, np.int32), target[:-1]]),
        target,
        lengths,
        np.arange(size),
    )


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("stream", [None, DropoutStream(3, 7)], ids=["plain", "dropout"])
def test_the_gradient_of_the_whole_model(name, stream):
    model, items = captioner(name, dropout=0.3), batch()

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
        assert gradient @ direction == pytest.approx(numeric, rel=1e-5, abs=1e-8)
    for tensor in model.parameters.shapes:  # nothing is left out
        used = name in ("additive", "general") or tensor != "position_embedding"
        assert model.parameters.d(tensor).any() == (used or name == "every_step"), tensor


def scored(model, strings, items):
    """log P by teacher forcing through the loss."""
    total = []
    for b, string in enumerate(strings):
        words = np.array([*string, EOS], np.int32)[:, None]
        one = CaptionBatch(
            items.images[b : b + 1],
            np.concatenate([[[BOS]], words[:-1]]).astype(np.int32),
            words,
            np.array([len(words)], np.int32),
            np.arange(1),
        )
        total.append(-float(model.loss(one, reduction="sum")))
    return total


@pytest.mark.parametrize("name", MODELS)
def test_searches_drive_it_and_agree_with_the_loss(name):
    model, items = captioner(name), batch()
    steps = model.step_model(BOS, EOS)
    options = {"max_length": 3, "alpha": 0.6}
    expected = exhaustive_search(steps, items, backend=KERNELS.backend, **options)
    for decoder in (BeamDecoder, ExactBreadthDecoder, ExactDepthDecoder):
        found = decoder(KERNELS).decode(steps, items, width=60, **options)
        assert [h[0].tokens for h in found] == [h[0].tokens for h in expected]
    found = [h[0] for h in expected]
    log_probs = [h.log_prob for h in found]
    assert scored(model, [h.tokens for h in found], items) == pytest.approx(log_probs)


def test_a_batch_is_cut_where_memory_is_short():
    model, items = captioner("additive"), batch(size=6)
    steps = model.step_model(BOS, EOS)
    whole = BeamDecoder(KERNELS).decode(steps, items, width=2, max_length=4)
    limit = 2 * 2554  # of two sentences; what one needs is told by OutOfMemory
    cut = BeamDecoder(KERNELS).decode(steps, items, width=2, max_length=4, memory_limit_bytes=limit)
    assert cut.notes["pieces"] > 1
    assert [h[0].tokens for h in cut] == [h[0].tokens for h in whole]


def test_no_picture_no_caption():
    model, items = captioner("additive"), batch(size=0)
    assert float(model.loss(items, reduction="token_mean")) == 0.0
    model.backward()
    assert not model.parameters.gradient.any()
    steps = model.step_model(BOS, EOS)
    assert list(GreedyDecoder(KERNELS).decode(steps, items, max_length=3)) == []


def test_bad_settings_are_told():
    with pytest.raises(RangeError, match=r"filters are \[\], expected at least one layer"):
        CaptionerConfig(filters=())
    config = CaptionerConfig(**(SMALL | {"filters": (2, 2, 2, 2)}))
    with pytest.raises(ShapeError, match=r"pictures of 8 x 9 are too small for 4 layers, .* 16"):
        Captioner(KERNELS, config, V)


def test_flops_add_up_and_grow():
    model = captioner("additive")
    one, two = (model.flops(5, size, grad=False) for size in (1, 2))
    assert 0 < one < two
    assert model.flops(5, 1, grad=True) > 2 * one
