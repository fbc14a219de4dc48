"""Phrases that are written in two languages at once.

A rule of a synchronous grammar (Aho & Ullman 1969; Chiang 2007, section 2) puts the same parts in
one order in the source and in another in the target; `combine` is that rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from .corpus import Tokens

NOTHING = -1


class Phrase(NamedTuple):
    """A phrase and its translation.

    links[j] is the index of the source token that target token j translates, or NOTHING where it
    stands for itself. `num_free` counts choices in the target that the source does not determine.
    """

    source: Tokens = ()
    target: Tokens = ()
    links: tuple[int, ...] = ()
    num_free: int = 0


EMPTY = Phrase()


def word(source: str, target: str, *, free: bool = False) -> Phrase:
    """One word for one word."""
    return Phrase((source,), (target,), (0,), int(free))


def unspoken(source: str) -> Phrase:
    """A source word that the target leaves out."""
    return Phrase((source,))


def particle(target: str, *, free: bool = False) -> Phrase:
    """A target word that nothing in the source stands for."""
    return Phrase((), (target,), (NOTHING,), int(free))


def combine(parts: Sequence[Phrase], order: Sequence[int] | None = None) -> Phrase:
    """`parts` in their order in the source, in `order` in the target (the same where None)."""
    source: Tokens = ()
    starts, num_free = [], 0
    for part in parts:
        starts.append(len(source))
        source += part.source
        num_free += part.num_free
    target: Tokens = ()
    links: list[int] = []
    for index in range(len(parts)) if order is None else order:
        start = starts[index]
        target += parts[index].target
        links += [NOTHING if link == NOTHING else link + start for link in parts[index].links]
    return Phrase(source, target, tuple(links), num_free)
