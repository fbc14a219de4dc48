"""GloVe trained: every count once an epoch, the same bits for a seed, what it must learn."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

import seqbench
from seqbench.interfaces import DataError, RangeError, TrainingError
from seqbench.kernels.cooccurrence import CooccurrenceInputs, NoTable
from seqbench.kernels.glove import GloveChunk, GloveParams
from seqbench.models.glove import GloveSettings, initial_state, tile_chunks

TINY = GloveSettings(size=4, window=3, epochs=40, chunk=16, tile_words=4, x_max=2.0)


@dataclass(frozen=True)
class Corpus:
    ids: np.ndarray
    starts: np.ndarray
    counts: np.ndarray


def corpus(seed=0, vocab=10, count=400):
    """Words of one half stand together: a sentence is drawn from either half."""
    rng = np.random.default_rng(seed)
    half = np.repeat(rng.integers(0, 2, count // 8), 8)
    ids = (rng.integers(0, vocab // 2, count) + half * (vocab // 2)).astype(np.int32)
    starts = np.arange(0, count + 1, 8)
    return Corpus(ids, starts, np.bincount(ids, minlength=vocab))


def train(settings=TINY, seed=0, given=None, report=lambda done, told: None):
    trainer = seqbench.get("model", "glove")
    return trainer.train(given or corpus(), settings, seed=seed, report=report)


@pytest.mark.parametrize("tile_words", [1, 3, 100])
def test_every_count_is_visited_once_an_epoch(tile_words):
    rng = np.random.default_rng(0)
    rows, columns = rng.integers(0, 10, (2, 333)).astype(np.int32)
    settings = replace(TINY, tile_words=tile_words)
    chunks = list(tile_chunks(rows, columns, 10, settings, [0, 0]))
    assert sorted(np.concatenate(chunks).tolist()) == list(range(333))
    assert max(map(len, chunks)) <= settings.chunk
    for chunk in chunks:
        assert len(set(rows[chunk].tolist())) <= tile_words
        assert len(set(columns[chunk].tolist())) <= tile_words


def test_an_epoch_has_an_order_of_its_own():
    rows, columns = np.random.default_rng(0).integers(0, 10, (2, 100)).astype(np.int32)
    first, again, second = (
        np.concatenate(list(tile_chunks(rows, columns, 10, TINY, [0, epoch])))
        for epoch in (0, 0, 1)
    )
    assert first.tolist() == again.tolist() != second.tolist()


def test_the_same_seed_gives_the_same_bits():
    first, again, other = train(seed=1), train(seed=1), train(seed=2)
    np.testing.assert_array_equal(first.vectors, again.vectors)
    assert (first.vectors != other.vectors).any()


def test_the_objective_falls_and_is_told():
    told = []
    made = train(report=lambda done, text: told.append((done, text)))
    assert len(made.objective) == TINY.epochs
    assert made.objective[-1] < 0.3 * made.objective[0]
    assert told[-1] == (1.0, f"epoch 40, objective {made.objective[-1]:.5f}")
    assert made.impl == "numpy.glove_update"


def test_the_first_objective_is_the_formula_at_the_start():
    """One chunk holds everything, so it is scored before the first step."""
    settings = replace(TINY, epochs=1, chunk=10_000, tile_words=10, dtype="float64")
    given = corpus()
    counts = seqbench.get("vectors", "cooccurrence")(
        NoTable(), CooccurrenceInputs(given.ids, given.starts, 10, settings.window)
    )
    start = GloveParams(*initial_state(10, settings, 0)[:4])
    chunk = GloveChunk(counts.rows, counts.columns, counts.counts, settings.x_max)
    expected = float(seqbench.get("vectors", "glove")(start, chunk).loss) / len(counts.counts)
    assert train(settings).objective[0] == pytest.approx(expected, rel=1e-12)


def test_vectors_are_the_sum_of_both_sets_and_find_the_halves():
    made = train()
    np.testing.assert_array_equal(made.vectors, made.weight + made.context)
    unit = made.vectors / np.linalg.norm(made.vectors, axis=1, keepdims=True)
    alike = unit @ unit.T
    np.fill_diagonal(alike, -2)
    assert all((word < 5) == (alike[word].argmax() < 5) for word in range(10))


@pytest.mark.parametrize("name", ["size", "window", "epochs", "chunk", "tile_words"])
def test_counts_of_zero_are_refused(name):
    with pytest.raises(RangeError, match=rf"glove: {name} is 0, expected at least 1; see"):
        train(replace(TINY, **{name: 0}))


@pytest.mark.parametrize("name", ["learning_rate", "initial_squares", "x_max", "factor", "alpha"])
def test_rates_of_zero_are_refused(name):
    with pytest.raises(RangeError, match=rf"glove: {name} is 0.0, expected a finite number above"):
        train(replace(TINY, **{name: 0.0}))


def test_a_corpus_without_pairs():
    lonely = Corpus(np.arange(3, dtype=np.int32), np.arange(4), np.ones(3, np.int64))
    with pytest.raises(DataError, match="no two words stand near each other, expected pairs"):
        train(given=lonely)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_rate_that_explodes_is_told():
    with pytest.raises(TrainingError, match=r"the objective became \S+ at a rate of 1e\+38"):
        train(replace(TINY, learning_rate=1e38))
