"""The generated scenes: frozen, and captions that say what is drawn."""

from __future__ import annotations

import numpy as np
import pytest

from seqbench.data.bits import Bits, Purpose
from seqbench.data.captioned import scenes_hash
from seqbench.data.rasteriser import COLOURS, RADII, SHAPES, SIDE, Thing, draw
from seqbench.data.scenes import caption, generate, load_scenes
from seqbench.interfaces import UsageError

GOLDEN = {
    "train": "7439a06944fb9f034f5078cb10e798176b6d0fae206d00163dfbaa41fcaa0837",
    "valid": "11239bddb82d47243cbe93ebf0705e2a60c81931e18388990fbff693a8cad6c5",
    "test": "13caeed2f769b10fe235e01fe8b172794adcdd33b1d6c9973add1a9ef0db5e94",
}


@pytest.fixture(scope="module")
def made():
    return {split: generate(0, split, 100) for split in ("train", "valid", "test")}


def test_the_generator_is_frozen(made):
    """A change here is another data set: give it another name."""
    assert {split: scenes_hash(scenes) for split, scenes in made.items()} == GOLDEN


def test_a_smaller_split_is_the_start_of_a_larger(made):
    assert scenes_hash(generate(0, "test", 10)) == scenes_hash(made["test"][:10])
    assert scenes_hash(generate(1, "test", 10)) != scenes_hash(made["test"][:10])


def test_every_picture_is_another(made):
    images = [image.tobytes() for scenes in made.values() for image, _ in scenes]
    assert len(set(images)) == 300


def quiet(things):
    """A picture without noise."""
    return draw(things, Bits(0, Purpose.SCENES, 7), np.zeros((SIDE, SIDE), np.uint8))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("size", RADII)
@pytest.mark.parametrize("corner", [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_a_thing_lies_in_its_quarter_and_has_its_colour(shape, size, corner):
    for colour, lit in COLOURS.items():
        picture = quiet([Thing(size, colour, shape, *corner)])
        bright = picture > 100
        assert [bool(channel.any()) for channel in bright] == [bool(on) for on in lit]
        ys, xs = np.nonzero(bright.any(axis=0))
        assert ys.min() >= 16 * corner[0]
        assert ys.max() < 16 * (corner[0] + 1)
        assert xs.min() >= 16 * corner[1]
        assert xs.max() < 16 * (corner[1] + 1)


def test_shapes_and_sizes_are_told_apart():
    def area(size, shape):
        return int((quiet([Thing(size, "white", shape, 0, 0)])[0] > 100).sum())

    areas = {(size, shape): area(size, shape) for size in RADII for shape in SHAPES}
    assert len(set(areas.values())) == len(areas)
    assert all(areas["large", shape] > 2 * areas["small", shape] for shape in SHAPES)


def thing(colour, row, column):
    return Thing("small", colour, "cross", row, column)


@pytest.mark.parametrize(
    ("places", "told"),
    [
        ([(1, 0)], "R in the lower left"),
        ([(0, 0), (0, 1)], "R left of G"),
        ([(0, 1), (1, 1)], "R above G"),
        ([(0, 0), (1, 1)], "R above and left of G"),
        ([(0, 1), (1, 0)], "R above and right of G"),
        ([(0, 0), (0, 1), (1, 0)], "R left of G , both above B"),
        ([(0, 1), (1, 0), (1, 1)], "R above both G and right of it B"),
    ],
)
def test_captions_by_hand(places, told):
    colours = dict(zip("RGB", ("red", "green", "blue"), strict=True))
    things = [thing(c, *p) for c, p in zip(colours.values(), places, strict=False)]
    words = [f"a small {colours[w]} cross" if w in colours else w for w in told.split(" ")]
    assert " ".join(caption(things)) == " ".join(words)


def test_most_captions_of_the_test_split_are_new():
    corpus = load_scenes(num_train=4000, num_valid=10, num_test=300)
    novel = set(corpus.test.targets) - set(corpus.train.targets)
    assert len(novel) > 150
    assert {w for t in corpus.test.targets for w in t} <= set(corpus.vocabulary.to_list())
    assert corpus.image_shape == (3, SIDE, SIDE)


@pytest.mark.parametrize("size", [None, 0])
def test_a_size_that_makes_no_sense_is_told(size):
    with pytest.raises(UsageError, match=r"scenes: num_train is .*, expected at least 1"):
        load_scenes(num_train=size)
