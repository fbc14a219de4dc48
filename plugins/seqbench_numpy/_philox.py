"""Short draws of the Philox stream, the bits of `seqbench.kernels.philox` in half its calls.

For a batch of rows the time is NumPy's calls, so both products of a round are one, all words are
64 bits wide, and every result goes into a buffer that is there. For long draws the shared text's
32-bit words are faster.
"""

from __future__ import annotations

import functools

import numpy as np

from seqbench.kernels.philox import LANES, MASK, MULTIPLIERS, ROUNDS, WEYL

_MULTIPLIERS = np.array(MULTIPLIERS, np.uint64)[:, None]
_HALF, _LOW = np.uint64(32), np.uint64(MASK)


def uniform_float64(count: int, *, seed: int, stream: int, start: int) -> np.ndarray:
    """(count,) float64 in [0, 1): `uniform((count,), ..., dtype="float64", xp=np)` to the bit."""
    first, last = 2 * start // LANES, -(-2 * (start + count) // LANES)
    lanes = _lanes(first, last - first, seed, stream)  # (4, blocks)
    skipped = 2 * start - first * LANES
    words = lanes.T.reshape(-1)[skipped : skipped + 2 * count].reshape(-1, 2)
    high, low = words[:, 0] >> np.uint64(5), words[:, 1] >> np.uint64(6)
    return (high * 2.0**26 + low) * 2.0**-53


def _lanes(first: int, count: int, seed: int, stream: int) -> np.ndarray:
    """(4, count) uint64: the four words of each block from `first` on, in the order of lanes."""
    blocks = np.arange(count, dtype=np.uint64) + np.uint64(first)
    even, odd, product, high = np.empty((4, 2, count), np.uint64)
    np.bitwise_and(blocks, _LOW, out=even[0])
    even[1] = stream & MASK
    np.right_shift(blocks, _HALF, out=odd[0])
    odd[1] = stream >> 32
    for key in _round_keys(seed):
        np.multiply(even, _MULTIPLIERS, out=product)
        np.right_shift(product, _HALF, out=high)
        np.bitwise_xor(high[::-1], odd, out=even)  # high1 ^ c1, high0 ^ c3
        np.bitwise_xor(even, key, out=even)
        np.bitwise_and(product[::-1], _LOW, out=odd)  # low1, low0
    return np.stack([even[0], odd[0], even[1], odd[1]])


@functools.lru_cache(maxsize=8)
def _round_keys(seed: int) -> tuple[np.ndarray, ...]:
    """The key of each round, (2, 1): both halves of the seed go on by a Weyl sequence."""
    key = (seed & MASK, seed >> 32)
    rounds = [[(k + n * w) & MASK for k, w in zip(key, WEYL, strict=True)] for n in range(ROUNDS)]
    return tuple(np.array(rounds, np.uint64)[:, :, None])
