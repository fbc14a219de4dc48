"""Token ids: the check every kernel that looks something up makes, and their one-hot form."""

from __future__ import annotations

from typing import Any

from seqbench.interfaces import Array, DtypeError, RangeError


def check_ids(operation: str, name: str, ids: Array, size: int, lengths: Array | None = None):
    """Raise unless `ids` (T, B) are integers in [0, size); with `lengths`, those inside them.

    A device namespace wraps or ignores an id that is out of range, so this comes first.
    """
    if "int" not in str(ids.dtype):
        raise DtypeError(
            f"{operation}: {name} are {ids.dtype}, expected int32; encode the tokens first"
        )
    outside = (ids < 0) | (ids >= size)
    if lengths is not None:
        outside = outside & inside_lengths(ids, lengths)
    if not outside.any():
        return
    bad = int(ids[outside][0])
    raise RangeError(
        f"{operation}: one of the {name} is {bad}, expected 0 to {size - 1}; "
        "encode with the vocabulary that the parameters were made for"
    )


def inside_lengths(array: Array, lengths: Array) -> Array:
    """(T, B) bool: the steps of `array` (T, B) inside the lengths, without naming a namespace."""
    every = (array == array) | True
    return every.cumsum(axis=0) <= lengths[None, :]  # step t counts t + 1


def one_hot(ids: Array, vocab_size: int, dtype: str, *, xp: Any) -> Array:
    """A01: (T, B) ids in [0, V) -> (T, B, V) of `dtype`, one 1 a token."""
    return (ids[..., None] == xp.arange(vocab_size, dtype=ids.dtype)).astype(dtype)
