"""Dropout masks from a counter-based stream: the same for every backend and dtype."""

from __future__ import annotations

from typing import Any

from seqbench.interfaces import Array, RangeError

from .philox import uniform


def dropout_mask(
    shape: tuple[int, ...],
    rate: float,
    *,
    seed: int,
    stream: int,
    offset: int = 0,
    dtype: str,
    xp: Any,
) -> Array:
    """Inverted dropout (Srivastava et al. 2014): 0 with probability `rate`, else 1 / (1 - rate).

    (B, F) shared over time is the variational mask of Gal & Ghahramani (2016); (T, B, F) drops each
    element on its own. Element i is decided by number `offset` + i of the stream, in float32
    whatever `dtype` is, so that float64 drops the same elements.
    """
    if not 0 <= rate < 1:
        raise RangeError(
            f"dropout_mask: rate is {rate}, expected at least 0 and below 1; 0 turns it off"
        )
    drawn = uniform(shape, seed=seed, stream=stream, start=offset, dtype="float32", xp=xp)
    return xp.where(drawn >= rate, 1 / (1 - rate), 0.0).astype(dtype)
