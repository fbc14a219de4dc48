"""The embedded captioning data: pictures of one to three coloured shapes, and what they show.

A caption follows from its picture: the things in reading order, each with size, colour and shape,
and how they lie to each other. A change of the words or of the drawing is another data set: a test
holds the SHA-256.
"""

from __future__ import annotations

from itertools import accumulate

import numpy as np

from seqbench.interfaces import UsageError

from .bits import Bits, Purpose, philox
from .captioned import CaptionCorpus, Scene, build_captioned
from .corpus import SPLITS, Tokens
from .rasteriser import COLOURS, RADII, SHAPES, SIDE, Thing, draw

COUNTS = tuple(accumulate((20, 40, 40)))
"""Running weights of one, two and three things."""
PLACES = ((0, 0), (0, 1), (1, 0), (1, 1))
CORNERS = {(0, 0): "upper left", (0, 1): "upper right", (1, 0): "lower left", (1, 1): "lower right"}
NOISE = 100
"""Streams of noise come after those of the scenes."""


def load_scenes(
    *,
    seed: int = 0,
    num_train: int | None = 4000,
    num_valid: int | None = 300,
    num_test: int | None = 300,
    min_count: int = 1,
    max_length: int = 30,
    root: object = None,
) -> CaptionCorpus:
    """Generate a corpus; no file is read, so `root` is not looked at.

    Scenes of a split depend on `seed` and its name alone; those of a smaller size are the first of
    a larger one. Pictures are all different, captions of one thing repeat.

    Raises UsageError if a size is missing or not positive, or the seed is not in [0, 2^64).
    """
    sizes = {"train": num_train, "valid": num_valid, "test": num_test}
    scenes = {split: generate(seed, split, _size(split, size)) for split, size in sizes.items()}
    return build_captioned(
        "scenes",
        f"generated from seed {seed}",
        scenes,
        min_count=min_count,
        max_length=max_length,
    )


def generate(seed: int, split: str, count: int) -> list[Scene]:
    """The first `count` pictures of a split, with their captions."""
    stream = SPLITS.index(split)
    bits, noise = Bits(seed, Purpose.SCENES, stream), philox(seed, Purpose.SCENES, NOISE + stream)
    made = []
    for _ in range(count):
        things = _things(bits)
        raw = noise.random_raw(SIDE * SIDE // 8).astype("<u8").view(np.uint8)
        made.append((draw(things, bits, raw.reshape(SIDE, SIDE)), caption(things)))
    return made


def _things(bits: Bits) -> list[Thing]:
    """One to three things in different quarters, in reading order."""
    count = 1 + bits.weighted(COUNTS)
    places = list(PLACES)
    taken = sorted(places.pop(bits.below(len(places))) for _ in range(count))
    return [_thing(bits, *place) for place in taken]


def _thing(bits: Bits, row: int, column: int) -> Thing:
    def pick(names: dict) -> str:
        return list(names)[bits.below(len(names))]

    return Thing(pick(RADII), pick(COLOURS), pick(SHAPES), row, column)


def caption(things: list[Thing]) -> Tokens:
    """What a picture of these things, in reading order, shows."""
    named = [f"a {thing.size} {thing.colour} {thing.shape}" for thing in things]
    if len(things) == 1:
        return tuple(f"{named[0]} in the {CORNERS[things[0].row, things[0].column]}".split())
    if len(things) == 2:
        return tuple(f"{named[0]} {_relation(*things)} {named[1]}".split())
    if things[0].row == things[1].row:
        told = f"{named[0]} left of {named[1]} , both above {named[2]}"
    else:
        told = f"{named[0]} above both {named[1]} and right of it {named[2]}"
    return tuple(told.split())


def _relation(first: Thing, second: Thing) -> str:
    if first.row == second.row:
        return "left of"
    if first.column == second.column:
        return "above"
    return "above and left of" if first.column < second.column else "above and right of"


def _size(split: str, size: int | None) -> int:
    if size is None or size < 1:
        raise UsageError(
            f"scenes: num_{split} is {size}, expected at least 1: generated data have no end"
        )
    return size
