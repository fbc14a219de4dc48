"""Launch sizes: pure functions of the problem and the device."""

from __future__ import annotations

from typing import NamedTuple

from .runtime import DeviceProperties

BLOCK = 256
"""Threads of a block where nothing asks for another number."""
WAVES = 8
"""A grid that strides over its elements has at most so many full blocks a multiprocessor."""


class Launch(NamedTuple):
    """Grid and block, in blocks and threads."""

    grid: tuple[int, ...]
    block: tuple[int, ...]


def ceil_div(count: int, size: int) -> int:
    return -(-count // size)


def elementwise(count: int, properties: DeviceProperties, threads: int = BLOCK) -> Launch:
    """One thread an element, striding over the rest where the device is full."""
    blocks = min(ceil_div(count, threads), WAVES * properties.multiprocessors)
    return Launch((blocks,), (threads,))


def block_a_row(rows: int, length: int, properties: DeviceProperties) -> Launch:
    """A block a row: as many whole warps as the row can feed with four elements a thread."""
    warp = properties.warp_size
    threads = warp * ceil_div(ceil_div(length, 4), warp)
    return Launch((rows,), (min(max(threads, warp), properties.max_threads),))


def warp_a_row(rows: int, properties: DeviceProperties, warps: int = 8) -> Launch:
    """A warp a row, `warps` of them in a block."""
    return Launch((ceil_div(rows, warps),), (warps * properties.warp_size,))
