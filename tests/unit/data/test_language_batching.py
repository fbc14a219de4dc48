"""Batches of texts: every token is a target once, and context is what came before it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from seqbench.data.language_batching import (
    continuous_batches,
    ordered_batches,
    sentence_batches,
    validate_language_batch,
)
from seqbench.data.sequences import Sequences
from seqbench.data.vocabulary import BOS_ID, EOS_ID
from seqbench.interfaces import RangeError, ShapeError, UsageError

STREAM = np.arange(3, 26, dtype=np.int32)  # 23 tokens
LINES = Sequences(np.arange(4, 14, dtype=np.int32), np.array([0, 3, 3, 8, 10]), 14)


def windows(batch_size=4, window=3, stream=STREAM):
    return continuous_batches(
        stream, batch_size=batch_size, window=window, start_id=EOS_ID, vocab_size=26
    )


@pytest.mark.parametrize("batch_size", [1, 2, 4, 5, 23, 40])
@pytest.mark.parametrize("window", [1, 3, 50])
def test_every_token_is_a_target_once_and_reads_the_one_before(batch_size, window):
    batches = windows(batch_size, window)
    seen = np.concatenate([b.places[b.places >= 0] for b in batches])
    assert sorted(seen) == list(range(23))
    previous = np.concatenate([[EOS_ID], STREAM[:-1]])
    for b in batches:
        inside = b.places >= 0
        assert (inside.sum(axis=0) == b.lengths).all()
        np.testing.assert_array_equal(b.targets[inside], STREAM[b.places[inside]])
        np.testing.assert_array_equal(b.inputs[inside], previous[b.places[inside]])
    assert sum(b.num_targets for b in batches) == 23


def test_windows_continue_each_other():
    batches = windows()
    assert [b.continues for b in batches] == [False, True]
    assert [len(b.inputs) for b in batches] == [3, 3]
    assert batches[1].lengths.tolist() == [2, 3, 3, 3]
    first, second = batches
    np.testing.assert_array_equal(second.inputs[0], first.targets[-1])


def test_sentences_with_their_ends():
    (batch,) = ordered_batches(LINES, batch_size=9, start_id=BOS_ID)
    assert batch.lengths.tolist() == [1, 3, 4, 6]  # shortest first, EOS counted
    assert batch.places[0].tolist() == [1, 3, 0, 2]
    assert batch.inputs[:4, 2].tolist() == [BOS_ID, 4, 5, 6]
    assert batch.targets[:4, 2].tolist() == [4, 5, 6, EOS_ID]
    assert not batch.continues


def test_training_batches_are_a_function_of_seed_and_epoch():
    def order(seed, epoch):
        batches = sentence_batches(LINES, batch_size=1, start_id=BOS_ID, seed=seed, epoch=epoch)
        return [int(b.places[0, 0]) for b in batches]

    assert sorted(order(0, 0)) == [0, 1, 2, 3]
    assert order(0, 0) == order(0, 0)
    assert len({tuple(order(seed, epoch)) for seed in range(3) for epoch in range(3)}) > 4


def test_counts_are_positive():
    with pytest.raises(UsageError, match="language batches: batch_size is 0, expected at least 1"):
        windows(batch_size=0)
    with pytest.raises(UsageError, match="window is 0, expected at least 1"):
        windows(window=0)


@pytest.mark.parametrize("name", ["inputs", "targets"])
@pytest.mark.parametrize("bad", [-1, 26])
def test_an_id_outside_the_vocabulary(name, bad):
    batch = windows()[0]
    ids = getattr(batch, name).copy()
    ids[1, 2] = bad
    message = f"one of the {name} is id {bad}, expected 0 to 25; encode with the model's"
    with pytest.raises(RangeError, match=message):
        validate_language_batch(replace(batch, **{name: ids}), 26)


def test_shapes_and_lengths_agree():
    batch = windows()[0]
    with pytest.raises(ShapeError, match=r"inputs are \(3, 4\), targets \(2, 4\) and lengths"):
        validate_language_batch(replace(batch, targets=batch.targets[:2]), 26)
    lengths = batch.lengths + np.int32(1)
    with pytest.raises(RangeError, match="lengths span 0 to 4, expected 0 to T = 3; pad"):
        validate_language_batch(replace(batch, lengths=lengths), 26)
