"""Sentences whose class one word decides, at places that training sees and places it does not.

A sentence is filler words and one signal word; the signal word alone tells the class, wherever it
stands. Half of the places, drawn by the seed, hold it in the training and the validation
sentences. In the test sentences it stands at those places (group `seen`) and at the others (group
`unseen`) in turn. A change of the lists or of the drawing is another data set: a test holds the
SHA-256.
"""

from __future__ import annotations

from collections.abc import Iterator

from seqbench.interfaces import UsageError

from .bits import Bits, Purpose, permutation, philox
from .corpus import SPLITS
from .labelled import Item, LabelledCorpus, build_labelled

SIGNALS = {
    "animal": ("cat", "dog", "horse"),
    "colour": ("red", "green", "blue"),
    "fruit": ("apple", "pear", "plum"),
    "tool": ("saw", "hammer", "drill"),
}
"""The signal words of each class; every class is as likely, and so is every word of it."""

NUM_SIGNALS = sum(map(len, SIGNALS.values()))
SEEN, UNSEEN = "seen", "unseen"

Placed = tuple[Item, int]
"""A labelled sentence, and where its signal word stands."""


def load_signal_words(
    *,
    seed: int = 0,
    num_train: int | None = 4000,
    num_valid: int | None = 500,
    num_test: int | None = 1000,
    min_count: int = 1,
    max_length: int = 16,
    vocab_size: int = 200,
    root: object = None,
) -> LabelledCorpus:
    """Generate a corpus; no file is read, so `root` is not looked at.

    Parameters
    ----------
    max_length : places that a sentence can have; sentences are half as long to that long
    vocab_size : words that sentences are made of, signal words among them; all as likely

    Sentences of a smaller split are the first of a larger one. A sentence may occur twice.

    Raises UsageError if a size is missing or too small, or the seed is not in [0, 2^64).
    """
    sizes = {"train": num_train, "valid": num_valid, "test": num_test}
    counts = {split: _at_least(f"num_{split}", size, 1) for split, size in sizes.items()}
    made = generate(seed, counts, max_length=max_length, vocab_size=vocab_size)
    seen = seen_places(seed, max_length)
    return build_labelled(
        "signal_words",
        f"generated from seed {seed}",
        tuple(SIGNALS),
        {split: [item for item, _ in placed] for split, placed in made.items()},
        min_count=min_count,
        max_length=max_length,
        groups={s: [SEEN if p in seen else UNSEEN for _, p in made[s]] for s in SPLITS},
    )


def seen_places(seed: int, max_length: int) -> frozenset[int]:
    """Where the signal word stands in training: half of the places, the larger half if odd."""
    order = permutation(max_length, philox(seed, Purpose.SIGNAL_WORDS, len(SPLITS)))
    return frozenset(order[: -(-max_length // 2)].tolist())


def generate(
    seed: int, sizes: dict[str, int], *, max_length: int, vocab_size: int
) -> dict[str, list[Placed]]:
    """The sentences of each split, each with the place of its signal word."""
    _at_least("max_length", max_length, 2)
    _at_least("options.vocab_size", vocab_size, NUM_SIGNALS + 1)
    seen = seen_places(seed, max_length)
    known = sorted(seen)
    others = sorted(set(range(max_length)) - seen)
    made = {}
    for number, split in enumerate(SPLITS):
        bits = Bits(seed, Purpose.SIGNAL_WORDS, number)
        turns = (known, others) if split == "test" else (known,)
        drawn = _drawn(bits, turns, max_length, vocab_size - NUM_SIGNALS)
        made[split] = [next(drawn) for _ in range(sizes[split])]
    return made


def _drawn(
    bits: Bits, turns: tuple[list[int], ...], max_length: int, num_fillers: int
) -> Iterator[Placed]:
    """Sentences without end, the places of each list in turn."""
    number = 0
    while True:
        among = turns[number % len(turns)]
        number += 1
        yield _sentence(bits, among[bits.below(len(among))], max_length, num_fillers)


def _sentence(bits: Bits, place: int, max_length: int, num_fillers: int) -> Placed:
    """Long enough to reach `place`, and at least half as long as can be."""
    shortest = max(place + 1, max_length // 2)
    length = shortest + bits.below(max_length - shortest + 1)
    words = [f"w{bits.below(num_fillers)}" for _ in range(length)]
    label = bits.below(len(SIGNALS))
    signals = tuple(SIGNALS.values())[label]
    words[place] = signals[bits.below(len(signals))]
    return (tuple(words), label), place


def _at_least(name: str, size: int | None, least: int) -> int:
    if size is None or size < least:
        raise UsageError(
            f"signal_words: {name} is {size}, expected at least {least}; set "
            f"dataset.{name}={max(least, 16)}"
        )
    return size
