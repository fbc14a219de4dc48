"""The embedded sentiment data: opinions whose polarity hangs on the order of their words.

A clause says of a thing that it is, or is not, good or bad. What decides a sentence is its main
clause: the one after `but`, the one that `although` does not open. So "not good but great" is
positive and "good but not great" is negative, and a model that averages words cannot tell them
apart. A change of the lists or of the drawing is another data set: a test holds the SHA-256.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import accumulate

from seqbench.interfaces import UsageError

from .bits import Bits, Purpose
from .corpus import SPLITS, Tokens
from .labelled import Item, LabelledCorpus, build_labelled

CLASSES = ("negative", "positive")


def _words(text: str) -> list[str]:
    return text.split()


ADJECTIVES = (
    _words(
        "bad awful dull boring weak terrible poor flat silly tedious clumsy stale shallow lifeless "
        "forced messy bland hollow tiresome dreary"
    ),
    _words(
        "good great fine superb clever funny moving brilliant lovely fresh charming gripping "
        "tender bright graceful warm witty lively honest stunning"
    ),
)
THINGS = _words(
    "film plot story acting cast script music ending camera dialogue hero villain scenery sound "
    "pace humour opening sequel drama direction"
)
COPULAS = _words("is seems feels looks")
NEGATORS = _words("not never hardly")
DEGREES = _words("very really quite rather truly so")
ASIDES = (
    "in this version",
    "for a debut",
    "at this length",
    "as a whole",
    "on a small budget",
    "in the second half",
    "by any measure",
    "for once",
)
FORMS = tuple(accumulate((45, 20, 10, 10, 15)))
"""Running weights of the forms of a sentence, in the order of `_FORMS`."""

Spoken = tuple[Tokens, int]
"""Words, and their polarity: 0 negative, 1 positive."""


def load_opinions(
    *,
    seed: int = 0,
    num_train: int | None = 4000,
    num_valid: int | None = 500,
    num_test: int | None = 500,
    min_count: int = 1,
    max_length: int = 60,
    root: object = None,
) -> LabelledCorpus:
    """Generate a corpus; no file is read, so `root` is not looked at.

    No sentence occurs twice, over all splits; test sentences depend on `seed` alone, and those of a
    smaller `num_test` are the first of a larger one.

    Raises UsageError if a size is missing or not positive, or the seed is not in [0, 2^64).
    """
    sizes = {"train": num_train, "valid": num_valid, "test": num_test}
    return build_labelled(
        "opinions",
        f"generated from seed {seed}",
        CLASSES,
        generate(seed, {split: _size(split, size) for split, size in sizes.items()}),
        min_count=min_count,
        max_length=max_length,
    )


def generate(seed: int, sizes: dict[str, int]) -> dict[str, list[Item]]:
    """The labelled sentences of each split."""
    seen: set[Tokens] = set()
    made = {}
    for split in reversed(SPLITS):  # the test split first, so that no other size changes it
        drawn = _distinct(Bits(seed, Purpose.OPINIONS, SPLITS.index(split)), seen)
        made[split] = [next(drawn) for _ in range(sizes[split])]
    return made


def _distinct(bits: Bits, seen: set[Tokens]) -> Iterator[Item]:
    while True:
        words, polarity = _FORMS[bits.weighted(FORMS)](bits)
        if bits.percent(25):
            words = (*words, *_pick(bits, ASIDES).split())
        if words not in seen:
            seen.add(words)
            yield words, polarity


def _pick(bits: Bits, among: tuple[str, ...] | list[str]) -> str:
    return among[bits.below(len(among))]


def _adjective(bits: Bits) -> Spoken:
    """An adjective, now and then with a degree."""
    polarity = bits.below(2)
    word = _pick(bits, ADJECTIVES[polarity])
    return ((_pick(bits, DEGREES), word) if bits.percent(30) else (word,)), polarity


def _subject(bits: Bits) -> Tokens:
    return "the", _pick(bits, THINGS), _pick(bits, COPULAS)


def _clause(bits: Bits) -> Spoken:
    """`the plot is [not] [very] good`."""
    subject = _subject(bits)
    negated = bits.percent(25)
    negator = (_pick(bits, NEGATORS),) if negated else ()
    words, polarity = _adjective(bits)
    return (*subject, *negator, *words), polarity ^ negated


def _but(bits: Bits) -> Spoken:
    first, second = _clause(bits), _clause(bits)
    return (*first[0], "but", *second[0]), second[1]


def _although_first(bits: Bits) -> Spoken:
    first, second = _clause(bits), _clause(bits)
    return ("although", *first[0], ",", *second[0]), second[1]


def _although_last(bits: Bits) -> Spoken:
    first, second = _clause(bits), _clause(bits)
    return (*first[0], "although", *second[0]), first[1]


def _contrast(bits: Bits) -> Spoken:
    """`not good but great`, where the second adjective decides, or `good but not great`."""
    subject, first, second = _subject(bits), _adjective(bits), _adjective(bits)
    if bits.percent(50):
        return (*subject, "not", *first[0], "but", *second[0]), second[1]
    return (*subject, *first[0], "but", "not", *second[0]), 1 - second[1]


_FORMS: tuple[Callable[[Bits], Spoken], ...] = (
    _clause,
    _but,
    _although_first,
    _although_last,
    _contrast,
)


def _size(split: str, size: int | None) -> int:
    if size is None or size < 1:
        raise UsageError(
            f"opinions: num_{split} is {size}, expected at least 1: generated data have no end"
        )
    return size
