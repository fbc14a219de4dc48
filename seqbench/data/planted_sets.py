"""What the planted words are judged by: questions, pairs and their similarity, debiasing lists."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import permutations

from .bits import Bits, Purpose
from .planted_language import (
    CAPITALS,
    GENDER_WORDS,
    GENDERED,
    JOBS,
    TAUGHT,
    TOPICS,
    Meaning,
    leaning_of,
    meanings,
)
from .word_analogies import Question
from .word_similarity import SimilarityPairs

NUM_PAIRS = 400
Pair = tuple[str, str]


def analogies() -> dict[str, tuple[Question, ...]]:
    """Every question that two pairs of a relation make, by section."""
    plurals = [(noun, f"{noun}s") for nouns in TOPICS for noun in nouns]
    return {
        "capital-country": _questions(CAPITALS),
        "plural": _questions(plurals),
        "gender": _questions(GENDERED),
    }


def _questions(pairs: Sequence[Pair]) -> tuple[Question, ...]:
    return tuple((*a, *b) for a, b in permutations(pairs, 2))


def similarity(a: Meaning, b: Meaning) -> float:
    """The cosine of two words' attributes, in [0, 1]: how often their sentences speak alike."""
    shared = sum(part * b.attributes.get(name, 0) for name, part in a.attributes.items())
    norms = (math.hypot(*meaning.attributes.values()) for meaning in (a, b))
    return shared / math.prod(norms)


def similarity_pairs(seed: int) -> SimilarityPairs:
    """NUM_PAIRS pairs: half of them share an attribute, the others may."""
    planted, bits = meanings(), Bits(seed, Purpose.PLANTED_PAIRS)
    words, related = list(planted), _related(planted)
    chosen: dict[Pair, float] = {}
    while len(chosen) < NUM_PAIRS:
        first = words[bits.below(len(words))]
        among = related[first] if len(chosen) % 2 else words
        second = among[bits.below(len(among))]
        pair = (min(first, second), max(first, second))
        if first != second and pair not in chosen:
            chosen[pair] = similarity(planted[first], planted[second])
    return SimilarityPairs("planted", tuple(chosen), tuple(chosen.values()))


def _related(planted: dict[str, Meaning]) -> dict[str, list[str]]:
    """word -> the others with which it shares an attribute."""
    return {
        word: [w for w, m in planted.items() if w != word and similarity(meaning, m) > 0]
        for word, meaning in planted.items()
    }


def taught_pairs() -> tuple[Pair, ...]:
    """(woman, man) and such that debiasing is told of."""
    return GENDERED[:TAUGHT]


def gender_specific() -> tuple[str, ...]:
    """Words that have a gender by construction."""
    return (*(w for pair in GENDERED for w in pair), *(w for g in GENDER_WORDS.values() for w in g))


def weat_sets() -> dict[str, tuple[str, ...]]:
    """Leaning professions by gendered words that debiasing is not told of."""
    jobs = [job for jobs in JOBS for job in jobs]
    return {
        "male_professions": tuple(j for j in jobs if leaning_of(j) == "male"),
        "female_professions": tuple(j for j in jobs if leaning_of(j) == "female"),
        "male_terms": tuple(man for _, man in GENDERED[TAUGHT:]),
        "female_terms": tuple(woman for woman, _ in GENDERED[TAUGHT:]),
    }


def stereotypes() -> tuple[tuple[str, float, float], ...]:
    """Professions with their scores by definition, none, and by planted leaning: 1 is male."""
    scores = {"female": -1.0, "male": 1.0, "neither": 0.0}
    return tuple((job, 0.0, scores[leaning_of(job)]) for jobs in JOBS for job in jobs)
