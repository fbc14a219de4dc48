"""Captioned corpora and their batches; what is wrong with them is told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from seqbench.data.captioned import (
    build_captioned,
    evaluation_batches,
    make_batch,
    training_batches,
    validate_batch,
)
from seqbench.data.vocabulary import BOS_ID, EOS_ID
from seqbench.interfaces import DataError, RangeError, ShapeError, UsageError

RNG = np.random.default_rng(0)
SCENES = [
    (RNG.integers(0, 256, (3, 4, 5)).astype(np.uint8), ("a",) * (1 + n % 3)) for n in range(10)
]


def corpus(**changes):
    scenes = {"train": SCENES, "valid": SCENES[:2], "test": SCENES[:3]} | changes
    return build_captioned("toy", "here", scenes, min_count=1, max_length=3)


def test_batches_are_padded_and_pixels_scaled():
    batch = make_batch(corpus().train, np.array([0, 2]), "float32")
    assert batch.images.dtype == np.float32
    np.testing.assert_allclose(batch.images[0], SCENES[0][0] / 127.5 - 1, atol=1e-6)
    assert batch.target_in[:, 0].tolist()[:2] == [BOS_ID, 4]
    assert batch.target_out[:, 1].tolist() == [4, 4, 4, EOS_ID]
    assert batch.target_lengths.tolist() == [2, 4]


def test_every_picture_comes_once_an_epoch():
    split = corpus().train
    batches = training_batches(split, batch_size=4, seed=1, epoch=0, dtype="float32")
    again = training_batches(split, batch_size=4, seed=1, epoch=0, dtype="float32")
    order = np.concatenate([b.indices for b in batches])
    assert sorted(order) == list(range(10))
    assert order.tolist() == np.concatenate([b.indices for b in again]).tolist()
    assert [b.size for b in evaluation_batches(split, 4, "float32")] == [4, 4, 2]


def test_a_piece_is_a_batch_of_its_pictures():
    split = corpus().train
    piece = make_batch(split, np.arange(6), "float64").piece(2, 5)
    alone = make_batch(split, np.arange(2, 5), "float64")
    assert piece.size == 3
    for name in ("images", "target_lengths", "indices"):
        np.testing.assert_array_equal(getattr(piece, name), getattr(alone, name))
    np.testing.assert_array_equal(piece.target_in[: len(alone.target_in)], alone.target_in)


def test_the_hash_sees_one_pixel():
    image = SCENES[0][0].copy()
    image[0, 0, 0] ^= 1
    assert corpus(train=[(image, SCENES[0][1]), *SCENES[1:]]).data_hash != corpus().data_hash


@pytest.mark.parametrize(
    ("scene", "message"),
    [
        ((SCENES[0][0].astype(float), ("a",)), r"valid picture 0 is float64 \(3, 4, 5\), expected"),
        ((SCENES[0][0][:1], ("a",)), r"valid picture 0 is uint8 \(1, 4, 5\), expected uint8 \(3"),
        ((SCENES[0][0], ("a",) * 4), "caption of valid picture 0 has 4 tokens, expected 1 to"),
        ((SCENES[0][0], ()), "caption of valid picture 0 has 0 tokens"),
    ],
)
def test_bad_scenes_are_told(scene, message):
    with pytest.raises(DataError, match=message):
        corpus(valid=[scene])


def test_an_empty_split_is_told():
    with pytest.raises(DataError, match="the test split is empty"):
        corpus(test=[])


def test_batches_are_checked():
    batch = make_batch(corpus().train, np.arange(3), "float32")
    images = batch.images.copy()
    images[1, 2, 0, 0] = np.nan
    with pytest.raises(RangeError, match="picture 1 holds NaN or infinity"):
        validate_batch(replace(batch, images=images), 9)
    with pytest.raises(ShapeError, match=r"images are \(2, 3, 4, 5\) with targets"):
        validate_batch(replace(batch, images=images[:2]), 9)
    with pytest.raises(RangeError, match="target_in holds id 4, expected 0 to 3"):
        validate_batch(batch, 4)
    with pytest.raises(UsageError, match="batch_size is 0"):
        evaluation_batches(corpus().train, 0, "float32")
