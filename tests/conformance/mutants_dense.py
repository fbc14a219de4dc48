"""Changes to the dense net, its data and the front that tests must notice."""

from __future__ import annotations

from types import ModuleType

import numpy as np
from mutant import Mutant

from seqbench.data.labelled_batching import LabelledBatch
from seqbench.models.classifier_configuration import ClassifierConfig
from seqbench.registry import registry

MODEL = "seqbench.models.dense_classifier"
WORDS = "seqbench.data.signal_words"
FRONT = "seqbench.results.front"
V, H, P = 7, 3, 5
LENGTHS = np.array([4, 2], np.int32)
IDS = np.array([[4, 5], [6, 4], [5, 6], [4, 6]], np.int32)


def made(module: ModuleType):
    config = ClassifierConfig(hidden_size=H, positions=P, dtype="float64")
    model = module.DenseClassifier(registry().kernels("numpy"), config, V, 2)
    model.initialise(0)
    model.parameters.flat += np.random.default_rng(0).normal(0, 0.3, model.parameters.size)
    model.load()
    return model, LabelledBatch(IDS, LENGTHS, np.array([0, 1], np.int32), np.arange(2))


def one_hots(module: ModuleType) -> None:
    """Products with padded one-hots."""
    model, batch = made(module)
    inputs = np.zeros((2, P * V))
    for b, length in enumerate(LENGTHS):
        inputs[b, np.arange(length) * V + IDS[:length, b]] = 1
    hidden = np.tanh(
        inputs @ model.parameters["embedding.weight"] + model.parameters["hidden.bias"]
    )
    expected = hidden @ model.parameters["output.weight"].T + model.parameters["output.bias"]
    assert np.allclose(model.logits(batch), expected, rtol=0, atol=1e-12)


def gradient(module: ModuleType) -> None:
    model, batch = made(module)
    flat = model.parameters.flat.copy()
    direction = np.random.default_rng(1).normal(size=flat.size)

    def loss(step: float) -> float:
        model.parameters.flat[...] = flat + step * direction
        model.load()
        return float(model.loss(batch, reduction="sum"))

    loss(0)
    model.backward()
    found = model.parameters.gradient @ direction
    numeric = (loss(1e-6) - loss(-1e-6)) / 2e-6
    assert abs(found - numeric) <= 1e-6 * abs(numeric)


def parts_places(module: ModuleType) -> None:
    """Training at the seen places alone; the test at both; long enough to reach each."""
    sizes = {"train": 80, "valid": 5, "test": 80}
    drawn = module.generate(1, sizes, max_length=8, vocab_size=40)
    seen = module.seen_places(1, 8)
    assert {place for _, place in drawn["train"]} == seen
    assert {place for _, place in drawn["test"][1::2]} == set(range(8)) - seen
    assert {len(words) for (words, _), _ in drawn["train"]} <= set(range(4, 9))


def front_by_hand(module: ModuleType) -> None:
    points = [module.Point(name, *at) for name, at in POINTS.items()]
    assert [point.case for point in module.front(points)] == ["cheap", "same", "good"]


POINTS = {"good": (3.0, 9.0), "cheap": (1.0, 1.0), "same": (1.0, 1.0), "worse": (1.0, 2.0)}

MUTANTS = [
    Mutant(  # one position for all
        MODEL,
        "return replace(batch, ids=batch.ids + first)",
        "return replace(batch, ids=batch.ids + 0 * first)",
        one_hots,
    ),
    Mutant(  # what is padded adds its row
        MODEL,
        "total = xp.where(self._inside, x, xp.zeros((), dtype=x.dtype)).sum(axis=0)",
        "total = x.sum(axis=0)",
        one_hots,
    ),
    Mutant(  # tanh's slope of the wrong thing
        MODEL,
        "d_total = d_features * (1 - self._features**2)",
        "d_total = d_features * (1 - self._features)",
        gradient,
    ),
    Mutant(  # the padding's row learns
        MODEL,
        "return xp.where(self._inside, d_total[None], xp.zeros((), dtype=d_total.dtype))",
        "return xp.where(self._inside | True, d_total[None], xp.zeros((), dtype=d_total.dtype))",
        gradient,
    ),
    Mutant(  # the bias stays
        MODEL,
        'self._params.d("hidden.bias")[...] = d_total.sum(axis=0)',
        'self._params.d("hidden.bias")[...] = 0',
        gradient,
    ),
    Mutant(  # training sees the test's other places
        WORDS,
        'turns = (known, others) if split == "test" else (known,)',
        "turns = (known, others)",
        parts_places,
    ),
    Mutant(  # shorter than half
        WORDS,
        "shortest = max(place + 1, max_length // 2)",
        "shortest = place + 1",
        parts_places,
    ),
    Mutant(  # equal points beat each other
        FRONT,
        "return mine != others and all(",
        "return all(",
        front_by_hand,
    ),
    Mutant(  # as good and dearer is not beaten
        FRONT,
        "all(a >= b for a, b in zip(mine, others, strict=True))",
        "all(a > b for a, b in zip(mine, others, strict=True))",
        front_by_hand,
    ),
]
