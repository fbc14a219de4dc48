"""Recall and intervals: frozen, right by brute force, the same whatever the counts."""

from __future__ import annotations

import numpy as np
import pytest

from seqbench.data.intervals import load_intervals
from seqbench.data.lagged import MAX_LAG, below, cut, lagged_hash
from seqbench.data.recall import load_recall
from seqbench.interfaces import UsageError

GOLDEN = {
    "recall": "10955743191ff0e3b0b3fb4a0e35171b2acd8f6ea66316663cef0ae5a2291100",
    "intervals": "5e6712950644354fa5dc5257cf52783732190781c59aaa9d58e827c4c725deb8",
}
MADE = {
    "recall": load_recall(lags=(1, 7, 40)),
    "intervals": load_intervals(lags=(1, 7, 40)),
}


@pytest.mark.parametrize("name", MADE)
def test_the_generator_is_frozen(name):
    """A change here is another data set: give it another name."""
    assert lagged_hash(MADE[name], 50) == GOLDEN[name]


def test_recall_asks_for_the_first_symbol_after_the_lag():
    corpus = MADE["recall"]
    for lag in corpus.lags:
        batch = corpus.batch("train", lag, 300)
        assert batch.ids.shape == (lag + 2, 300)
        assert (batch.lengths == lag + 2).all()
        for ids, label in zip(batch.ids.T, batch.labels, strict=True):
            words = [corpus.tokens[i] for i in ids]
            assert words[0] == corpus.classes[label]
            assert words[-1] == "?"
            assert all(word.startswith("d") for word in words[1:-1])
        assert set(batch.labels) == set(range(8))


def test_intervals_are_what_lies_between_two_ticks():
    corpus = MADE["intervals"]
    for lag in corpus.lags:
        batch = corpus.batch("test", lag, 300)
        pauses = set()
        for ids, length, label in zip(batch.ids.T, batch.lengths, batch.labels, strict=True):
            first, last = np.flatnonzero(ids == corpus.tokens.index("|"))
            assert last - first == lag + label
            assert length == last + 1
            pauses.add(int(first))
        assert pauses == set(range(8))
        assert set(batch.labels) == set(range(8))
        assert len(batch.ids) == batch.lengths.max()


def test_the_length_does_not_tell_the_interval():
    batch = MADE["intervals"].batch("train", 7, 4000)
    middle = batch.labels[batch.lengths == 15]
    assert len(set(middle.tolist())) == 8


@pytest.mark.parametrize("name", MADE)
def test_fewer_are_the_first_of_more_and_streams_differ(name):
    corpus = MADE[name]
    some, more = corpus.batch("test", 7, 20), corpus.batch("test", 7, 60)
    steps = len(some.ids)
    np.testing.assert_array_equal(some.ids, more.ids[:steps, :20])
    np.testing.assert_array_equal(some.labels, more.labels[:20])
    streams = [
        corpus.batch(split, 7, 60, epoch).labels.tobytes()
        for split, epoch in (("train", 0), ("train", 1), ("valid", 0), ("test", 0))
    ]
    assert len(set(streams)) == 4


def test_an_epoch_has_each_lags_sequences_once_in_an_order_of_the_seed():
    corpus = load_recall(lags=(2, 5), num_train=50)
    batches = corpus.training_batches((2, 5), batch_size=20, seed=3, epoch=4)
    for lag in (2, 5):
        own = [b for b in batches if len(b.ids) == lag + 2]
        seen = np.concatenate([b.indices for b in own])
        assert sorted(seen.tolist()) == list(range(50))
        whole = corpus.batch("train", lag, 50, epoch=4)
        for b in own:
            np.testing.assert_array_equal(b.ids, whole.ids[:, b.indices])
    orders = {
        tuple(b.ids.shape for b in corpus.training_batches((2, 5), batch_size=5, seed=s, epoch=4))
        for s in range(4)
    }
    assert len(orders) > 1


def test_held_out_is_the_whole_split_in_order():
    corpus = load_recall(lags=(2,), num_test=50)
    found = np.concatenate([b.labels for b in corpus.held_out("test", 2, 16)])
    np.testing.assert_array_equal(found, corpus.batch("test", 2, 50).labels)


def test_below_is_even_and_in_range():
    raw = np.array([0, (1 << 64) - 1, 1 << 63], np.uint64)
    assert below(raw, 8).tolist() == [0, 7, 4]


@pytest.mark.parametrize(
    "lags", [[], [0], [3, 1], [2, 2], [1.5], ["1"], [MAX_LAG + 1], [True], None]
)
def test_lags_that_make_no_sense_are_told(lags):
    with pytest.raises(UsageError, match=r"recall: lags are .*set dataset.options.lags=\[1,10,"):
        load_recall(lags=lags)


def test_sizes_that_make_no_sense_are_told():
    with pytest.raises(UsageError, match=r"recall: num_test is None, expected at least 1"):
        load_recall(num_test=None)
    with pytest.raises(UsageError, match=r"recall: num_symbols is 1, expected at least 2"):
        load_recall(num_symbols=1)
    with pytest.raises(UsageError, match=r"intervals: num_classes is 1, expected at least 2"):
        load_intervals(num_classes=1)
    with pytest.raises(UsageError, match=r"batch_size is 0, expected at least 1"):
        cut(MADE["recall"].batch("test", 1, 4), 0)
