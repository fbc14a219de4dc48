"""How many sentences a search takes at once, and how a batch is cut to that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from itertools import pairwise
from typing import Any

from seqbench.interfaces import OutOfMemory, UnsupportedError, arrays_of


def sentences_at_once(
    operation: str, width: int, batch: int, limit: int | None, needed: Callable[[int], int]
) -> int:
    """The most sentences for which `needed(n)` bytes, growing with n, stay within `limit`.

    Raises OutOfMemory where not even one fits.
    """
    if batch == 0 or limit is None or needed(batch) <= limit:
        return batch
    if needed(1) > limit:
        raise OutOfMemory(
            f"{operation}: width {width} needs {needed(1):,} bytes for one sentence, the limit is "
            f"{limit:,}; lower the width or max_length, or raise memory_limit_bytes"
        )
    fits, fails = 1, batch
    while fails - fits > 1:
        middle = (fits + fails) // 2
        fits, fails = (middle, fails) if needed(middle) <= limit else (fits, middle)
    return fits


def even_pieces(batch: int, at_once: int) -> list[tuple[int, int]]:
    """[start, stop) of pieces of nearly equal size, none above `at_once`."""
    if batch == 0:
        return []
    count = -(-batch // at_once)
    edges = [batch * i // count for i in range(count + 1)]
    return list(pairwise(edges))


def take_sentences(batch: Any, start: int, stop: int) -> Any:
    """Sentences [start, stop) of a batch: a dataclass whose every array ends in the B axis.

    A batch with a `piece(start, stop)` of its own is asked for it.
    """
    if start == 0 and stop == batch.size:
        return batch
    if hasattr(batch, "piece"):
        return batch.piece(start, stop)
    size = batch.size
    if not is_dataclass(batch) or any(a.shape[-1] != size for a in arrays_of(batch)):
        raise UnsupportedError(
            f"a batch of type {type(batch).__name__} cannot be cut into sentences, expected a "
            "dataclass whose arrays all end in the B axis; raise memory_limit_bytes"
        )
    cut = {
        f.name: value[..., start:stop]
        for f in fields(batch)
        if hasattr(value := getattr(batch, f.name), "shape")
    }
    return replace(batch, **cut)  # type: ignore[type-var]
