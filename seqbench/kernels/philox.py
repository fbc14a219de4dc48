"""Counter-based random numbers: Philox4x32-10, the same bits on every backend.

Salmon, Moraes, Dror & Shaw (2011), "Parallel random numbers: as easy as 1, 2, 3", section 3.3.
The key is the seed, the upper half of the counter a stream, the lower half the block, so any word
of any stream is had on its own: word i is lane i % 4 of block i // 4.
"""

from __future__ import annotations

import math
from typing import Any

from seqbench.interfaces import Array, RangeError

ROUNDS = 10
MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
WEYL = (0x9E3779B9, 0xBB67AE85)  # the golden ratio and sqrt(3) - 1, times 2**32
LANES = 4
MASK = 0xFFFFFFFF


def philox4x32(
    counter: tuple[Array, Array, Array, Array], key: tuple[int, int], *, xp: Any
) -> tuple[Array, Array, Array, Array]:
    """Ten rounds over counters of uint32 arrays of one shape; `key` is two host integers.

    Words are carried in 64 bits, so that a round is products, shifts and xors without a cast.
    """
    c0, c1, c2, c3 = (c.astype(xp.uint64) for c in counter)
    k0, k1 = key
    mask, half = xp.uint64(MASK), xp.uint64(32)
    for _ in range(ROUNDS):
        product0, product1 = c0 * xp.uint64(MULTIPLIERS[0]), c2 * xp.uint64(MULTIPLIERS[1])
        c0 = c1 ^ xp.uint64(k0)
        c0 ^= product1 >> half
        c0 &= mask
        c2 = c3 ^ xp.uint64(k1)
        c2 ^= product0 >> half
        c2 &= mask
        c1, c3 = product1, product0  # the upper halves go with the next mask
        k0, k1 = (k0 + WEYL[0]) & MASK, (k1 + WEYL[1]) & MASK
    return tuple(c.astype(xp.uint32) for c in (c0, c1, c2, c3))


def philox_uint32(seed: int, stream: int, start: int, count: int, *, xp: Any) -> Array:
    """(count,) uint32: words [start, start + count) of a stream; seed and stream in [0, 2**64)."""
    for name, value in (("seed", seed), ("stream", stream), ("start", start)):
        if not 0 <= value < 1 << 64:
            raise RangeError(
                f"philox: {name} is {value}, expected 0 to 2**64 - 1; take it modulo 2**64"
            )
    first, last = start // LANES, -(-(start + count) // LANES)
    blocks = xp.arange(last - first, dtype=xp.uint64) + xp.uint64(first)
    low = blocks.astype(xp.uint32)
    high = (blocks >> xp.uint64(32)).astype(xp.uint32)
    upper = [xp.full_like(low, part) for part in (stream & MASK, stream >> 32)]
    lanes = philox4x32((low, high, upper[0], upper[1]), (seed & MASK, seed >> 32), xp=xp)
    skipped = start - first * LANES
    return xp.stack(lanes, axis=-1).reshape(-1)[skipped : skipped + count]


def uniform(
    shape: tuple[int, ...], *, seed: int, stream: int, start: int = 0, dtype: str, xp: Any
) -> Array:
    """Numbers `start`, `start` + 1, ... of a stream, in [0, 1).

    float32 takes the upper 24 bits of one word each, float64 53 bits of two: a number's place in
    the stream is counted in numbers of its own dtype.
    """
    count = math.prod(shape)
    if dtype == "float64":
        pairs = philox_uint32(seed, stream, 2 * start, 2 * count, xp=xp).reshape(-1, 2)
        high, low = pairs[:, 0] >> xp.uint32(5), pairs[:, 1] >> xp.uint32(6)
        return ((high * 2.0**26 + low) * 2.0**-53).reshape(shape)
    words = philox_uint32(seed, stream, start, count, xp=xp) >> xp.uint32(8)
    return (words.astype(dtype) * 2.0**-24).reshape(shape)
