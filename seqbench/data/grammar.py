"""The embedded parallel corpus: sentence pairs drawn from a synchronous grammar by a seed.

What is in it and why stands in docs/adr/0002-embedded-parallel-corpus.md. A change of the grammar,
the lexicon or the drawing changes every number that was ever measured on it: a test holds the
SHA-256.
"""

from __future__ import annotations

from collections.abc import Iterator

from seqbench.interfaces import UsageError

from .bits import Bits, Purpose
from .clauses import sentence
from .corpus import SPLITS, ParallelCorpus, Tokens, build_corpus
from .noun_phrases import Likeliest, Speaker
from .transduction import Phrase

MAX_TOKENS = 40
"""No source sentence is longer."""


def load_grammar(
    *,
    seed: int = 0,
    num_train: int | None = 6000,
    num_valid: int | None = 300,
    num_test: int | None = 300,
    min_count: int = 2,
    max_length: int = 60,
    truncate: bool = False,
    root: object = None,
) -> ParallelCorpus:
    """Generate a corpus; no file is read, so `root` is not looked at.

    No two sentences of the corpus, over all splits, have the same source. Test sentences depend
    on `seed` alone and those of a smaller `num_test` are the first of a larger one.

    Raises
    ------
    UsageError
        If a size is not positive or missing, or the seed is not in [0, 2^64).
    """
    sizes = {"train": num_train, "valid": num_valid, "test": num_test}
    phrases = generate(seed, {split: _size(split, size) for split, size in sizes.items()})
    pairs = {split: [(p.source, p.target) for p in phrases[split]] for split in SPLITS}
    return build_corpus(
        "grammar",
        f"generated from seed {seed}",
        pairs,
        min_count=min_count,
        max_length=max_length,
        truncate=truncate,
    )


def generate(seed: int, sizes: dict[str, int], *, ideal: bool = False) -> dict[str, list[Phrase]]:
    """The sentences of each split with their alignments.

    `ideal` gives the same sources, translated without any of the less likely free choices.
    """
    seen: set[Tokens] = set()
    made = {}
    for split in reversed(SPLITS):  # the test split first, so that no other size changes it
        index = SPLITS.index(split)
        free = Likeliest() if ideal else Bits(seed, Purpose.FREE_CHOICES, index)
        drawn = distinct(Speaker(Bits(seed, Purpose.SENTENCES, index), free), seen)
        made[split] = [next(drawn) for _ in range(sizes[split])]
    return made


def distinct(speaker: Speaker, seen: set[Tokens]) -> Iterator[Phrase]:
    """Sentences whose source is not in `seen`, which grows."""
    while True:
        phrase = sentence(speaker)
        if len(phrase.source) <= MAX_TOKENS and phrase.source not in seen:
            seen.add(phrase.source)
            yield phrase


def _size(split: str, size: int | None) -> int:
    if size is None or size < 1:
        raise UsageError(
            f"grammar: num_{split} is {size}, expected at least 1: generated data have no end"
        )
    return size
