"""Batches: contents, order, resumption, padding, and bad input."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from seqbench.data.batching import (
    evaluation_batches,
    make_batch,
    padding_waste,
    training_batches,
    validate_batch,
)
from seqbench.data.bits import Purpose, permutation, philox
from seqbench.data.corpus import build_corpus
from seqbench.data.grammar import load_grammar
from seqbench.data.vocabulary import BOS_ID, EOS_ID, UNK_ID
from seqbench.interfaces import DataError, RangeError, ShapeError, UsageError


@pytest.fixture(scope="module")
def corpus():
    return load_grammar(seed=3, num_train=500, num_valid=40, num_test=40)


def small(max_length=5, **options):
    train = [(("a", "b"), ("x",)), (("a",), ("x", "y", "x"))]
    test = [(("a",), ("x",)), (("q", "q"), ("x", "y")), (("a",) * 7, ("x",))]
    pairs = {"train": train, "valid": test[:2], "test": test}
    return build_corpus("small", "here", pairs, min_count=1, max_length=max_length, **options)


def test_a_batch_of_two_by_hand():
    batch = make_batch(small().train, np.array([1, 0]))
    assert batch.source.tolist() == [[4, 4], [0, 5]]
    assert batch.source_lengths.tolist() == [1, 2]
    x, y = 4, 5
    assert batch.target_in.tolist() == [[BOS_ID, BOS_ID], [x, x], [y, 0], [x, 0]]
    assert batch.target_out.tolist() == [[x, x], [y, EOS_ID], [x, 0], [EOS_ID, 0]]
    assert batch.target_lengths.tolist() == [4, 2]
    assert batch.indices.tolist() == [1, 0]
    assert {a.dtype for a in (batch.source, batch.target_in, batch.target_out)} == {
        np.dtype(np.int32)
    }
    assert batch.source_lengths.dtype == batch.target_lengths.dtype == np.int32
    assert batch.indices.dtype == np.int64
    assert batch.source.flags.c_contiguous


def test_every_pair_is_trained_on_once(corpus):
    batches = training_batches(corpus.train, batch_size=32, seed=0, epoch=0)
    indices = np.concatenate([b.indices for b in batches])
    assert sorted(indices.tolist()) == list(range(500))
    assert max(b.size for b in batches) == 32
    assert len(batches) == 16


def test_the_order_depends_on_seed_and_epoch_alone(corpus):
    def order(seed, epoch):
        batches = training_batches(corpus.train, batch_size=32, seed=seed, epoch=epoch)
        return [b.indices.tolist() for b in batches]

    assert order(0, 4) == order(0, 4)
    assert order(0, 4) != order(0, 5)
    assert order(0, 4) != order(1, 4)


def test_batches_are_shuffled_and_of_like_lengths(corpus):
    batches = training_batches(corpus.train, batch_size=32, seed=0, epoch=0)
    lengths = [int(b.target_lengths.max()) for b in batches]
    assert lengths != sorted(lengths)
    order = np.split(np.arange(500), range(32, 500, 32))
    unsorted = [make_batch(corpus.train, indices) for indices in order]
    assert padding_waste(batches) < 0.15 < 0.3 < padding_waste(unsorted)


def test_sorting_stays_within_a_pool(corpus):
    order = permutation(500, philox(0, Purpose.BATCH_ORDER, 0))
    first = set(order[: 50 * 4].tolist())
    batches = training_batches(corpus.train, batch_size=4, seed=0, epoch=0)
    together = [len(first & set(b.indices.tolist())) for b in batches]
    assert sorted(together) == [0] * 75 + [4] * 50


def test_evaluation_restores_its_order(corpus):
    batches = evaluation_batches(corpus.test, 7)
    restored = [None] * len(corpus.test)
    for batch in batches:
        for column, index in enumerate(batch.indices):
            length = batch.source_lengths[column]
            restored[index] = batch.source[:length, column].tolist()
    assert restored == [ids.tolist() for ids in corpus.test.source_ids]
    lengths = np.concatenate([b.source_lengths for b in batches])
    assert (np.diff(lengths) >= 0).all()


def test_padding_waste_by_hand():
    batch = make_batch(small().train, np.array([0, 1]))  # 3 of 4 and 6 of 8 cells
    assert padding_waste([batch]) == pytest.approx(1 - 9 / 12)


def test_an_all_unknown_sentence_is_batched():
    batch = make_batch(small().test, np.array([1]))
    assert batch.source.tolist() == [[UNK_ID], [UNK_ID]]


def test_a_sentence_longer_than_the_maximum_is_named():
    message = (
        r"the source of test sentence 2 has 7 tokens, expected at most max_length 5 \(1 are "
        r"longer\); raise max_length, or load with truncate=true"
    )
    with pytest.raises(DataError, match=message):
        evaluation_batches(small().test, 2)


def test_truncation_lets_it_through():
    batches = evaluation_batches(small(truncate=True).test, 3)
    assert sorted(batches[0].source_lengths.tolist()) == [1, 2, 5]


@pytest.mark.parametrize("size", [0, -2])
def test_batch_size_below_one(corpus, size):
    for make in (
        lambda: evaluation_batches(corpus.test, size),
        lambda: training_batches(corpus.train, batch_size=size, seed=0, epoch=0),
    ):
        with pytest.raises(UsageError, match=f"batch_size is {size}, expected at least 1"):
            make()


def changed(**fields):
    batch = make_batch(small().train, np.array([0, 1]))
    return replace(batch, **fields)


def check(batch):
    validate_batch(batch, 6, 6)


def test_a_good_batch_passes():
    check(changed())


@pytest.mark.parametrize("length", [0, 3])
def test_a_length_beyond_the_axis(length):
    lengths = np.array([2, length], np.int32)
    message = rf"source_lengths\[1\] is {length}, expected 1 to 2, the length of the time axis"
    with pytest.raises(RangeError, match=message):
        check(changed(source_lengths=lengths))
    with pytest.raises(RangeError, match=r"target_lengths\[0\] is 5, expected 1 to 4"):
        check(changed(target_lengths=np.array([5, 4], np.int32)))


@pytest.mark.parametrize("name", ["source", "target_in", "target_out"])
@pytest.mark.parametrize("bad", [-1, 6])
def test_an_id_outside_the_vocabulary(name, bad):
    ids = getattr(changed(), name).copy()
    ids[1, 0] = bad
    with pytest.raises(RangeError, match=rf"{name}\[1, 0\] is id {bad}, expected 0 to 5; encode"):
        check(changed(**{name: ids}))


def test_shapes_that_disagree():
    with pytest.raises(ShapeError, match=r"source is \(2, 2\) with lengths \(3,\), expected"):
        check(changed(source_lengths=np.ones(3, np.int32)))
    with pytest.raises(ShapeError, match=r"target_in is \(3, 2\) and target_out \(4, 2\)"):
        check(changed(target_in=np.ones((3, 2), np.int32)))
