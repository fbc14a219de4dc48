"""Coloured shapes in a small picture, by integer arithmetic: the same pixels on every platform."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from .bits import Bits

SIDE = 32
COLOURS = {
    "red": (1, 0, 0),
    "green": (0, 1, 0),
    "blue": (0, 0, 1),
    "yellow": (1, 1, 0),
    "purple": (1, 0, 1),
    "white": (1, 1, 1),
}
RADII = {"small": 3, "large": 6}


def _circle(dy: np.ndarray, dx: np.ndarray, r: int) -> np.ndarray:
    return dy * dy + dx * dx <= r * r


def _square(dy: np.ndarray, dx: np.ndarray, r: int) -> np.ndarray:
    return np.maximum(abs(dy), abs(dx)) <= r - 1


def _triangle(dy: np.ndarray, dx: np.ndarray, r: int) -> np.ndarray:
    """Its point is up."""
    return (dy >= -r) & (dy < r) & (2 * abs(dx) <= dy + r)


def _cross(dy: np.ndarray, dx: np.ndarray, r: int) -> np.ndarray:
    arm = r // 3
    inside = np.maximum(abs(dy), abs(dx)) <= r
    return inside & (np.minimum(abs(dy), abs(dx)) <= arm)


SHAPES: dict[str, Callable[[np.ndarray, np.ndarray, int], np.ndarray]] = {
    "circle": _circle,
    "square": _square,
    "triangle": _triangle,
    "cross": _cross,
}


@dataclass(frozen=True, slots=True)
class Thing:
    """One shape; `row` and `column` are 0 or 1, the quarter of the picture it lies in."""

    size: str
    colour: str
    shape: str
    row: int
    column: int


def draw(things: Sequence[Thing], bits: Bits, noise: np.ndarray) -> np.ndarray:
    """(3, SIDE, SIDE) uint8: shapes on a dark ground.

    `bits` decide the shade of the ground, and place and brightness of each shape; `noise` is
    (SIDE, SIDE) uint8, its low four bits are added to every channel.
    """
    ground = bits.below(48)
    picture = np.full((3, SIDE, SIDE), ground, np.uint8) + (noise & 15)
    ys, xs = np.mgrid[:SIDE, :SIDE]
    quarter = SIDE // 2
    for thing in things:
        middle = quarter // 2 - 1 + bits.below(3), quarter // 2 - 1 + bits.below(3)
        dy = ys - thing.row * quarter - middle[0]
        dx = xs - thing.column * quarter - middle[1]
        inside = SHAPES[thing.shape](dy, dx, RADII[thing.size])
        light = 176 + bits.below(64)
        for channel, lit in enumerate(COLOURS[thing.colour]):
            value = np.uint8(light if lit else 16)
            picture[channel] = np.where(inside, value + (noise & 15), picture[channel])
    return picture
