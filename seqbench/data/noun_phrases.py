"""Noun phrases of the embedded corpus.

    source  the old baker            the house of the king      the dog that slept
    target  DET baker old            DET king of DET house      slept that DET dog

Determiner, noun and adjective of the target agree in gender and number; the determiner also tells
by its case, which the source does not show, whether the phrase is a subject.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from .bits import Bits, cumulative_zipf
from .lexicon import Lexicon, Noun, lexicon
from .morphology import agree
from .transduction import EMPTY, Phrase, combine, particle, unspoken, word

T = TypeVar("T")

ZIPF_OFFSET = 4
SYNONYM_PERCENT = 30
TOPIC_PERCENT = 20
MAX_DEPTH = 2


class FreeChoice(Protocol):
    """Decides what the source leaves open; False is always the likelier way."""

    def percent(self, chance: int) -> bool: ...


class Likeliest:
    """Never chooses the less likely way: what an ideal translator would write."""

    def percent(self, chance: int) -> bool:
        return False


@dataclass(slots=True)
class Speaker:
    """Draws words: `bits` decide what is said, `free` how the target says it."""

    bits: Bits
    free: FreeChoice
    words: Lexicon = field(default_factory=lexicon)
    _zipf: dict[int, list[int]] = field(default_factory=dict)

    def pick(self, among: Sequence[T]) -> T:
        """A word by Zipf's law; `among` is ordered by frequency."""
        if len(among) not in self._zipf:
            self._zipf[len(among)] = cumulative_zipf(len(among), ZIPF_OFFSET)
        return among[self.bits.weighted(self._zipf[len(among)])]

    def stem(self, stem: str, synonym: str | None) -> tuple[str, bool]:
        """The stem or its synonym, and whether there was a choice."""
        if synonym is None:
            return stem, False
        return (synonym if self.free.percent(SYNONYM_PERCENT) else stem), True

    def topic(self) -> Phrase:
        """A particle that may follow a subject."""
        if self.free.percent(TOPIC_PERCENT):
            return particle("wa", free=True)
        return Phrase(num_free=1)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a noun phrase stands: what its form and meaning depend on besides itself."""

    subject: bool
    motion: bool  # the class of the clause's verb
    depth: int


@dataclass(frozen=True, slots=True)
class NounPhrase:
    """What the verb agrees with, and chooses its meaning by."""

    phrase: Phrase
    gender: int
    plural: bool
    animate: bool


Relative = Callable[[Speaker, NounPhrase, int], Phrase]
"""Writes a relative clause about a noun at a depth."""

DETERMINERS: tuple[tuple[str | None, str | None, str | None], ...] = (
    # source singular and plural (None: has no such number), target stem (None: not said)
    ("the", "the", "l"),
    ("a", "some", None),
    ("this", "these", "t"),
    ("my", "my", "m"),
    ("every", None, "omn"),
    (None, "many", "braz"),
    (None, "two", "dv"),
)
_DETERMINER_SUMS = [44, 66, 76, 85, 91, 97, 100]


def noun_phrase(speaker: Speaker, place: Place, relative: Relative) -> NounPhrase:
    """A name, a noun with what belongs to it, or two of them joined."""
    first = _single(speaker, place, relative)
    if place.depth > 0 or not speaker.bits.percent(6):
        return first
    second = _single(speaker, Place(place.subject, place.motion, MAX_DEPTH), relative)
    phrase = combine([first.phrase, word("and", "e"), second.phrase])
    gender = first.gender if first.gender == second.gender else 0
    return NounPhrase(phrase, gender, True, first.animate and second.animate)


def _single(speaker: Speaker, place: Place, relative: Relative) -> NounPhrase:
    if speaker.bits.percent(10):
        return _name(speaker, place)
    return _common(speaker, place, relative)


def _name(speaker: Speaker, place: Place) -> NounPhrase:
    """`mardan`; a particle marks that it is no subject."""
    name = speaker.pick(speaker.words.names)
    parts = [word(name.source, name.target)]
    if not place.subject:
        parts.append(particle("ta"))
    return NounPhrase(combine(parts), name.gender, False, True)


def _common(speaker: Speaker, place: Place, relative: Relative) -> NounPhrase:
    noun = speaker.pick(speaker.words.nouns)
    plural = speaker.bits.percent(32)
    adjectives = [_adjective(speaker, noun, plural) for _ in range(_num_adjectives(speaker))]
    head = _noun(speaker, noun, plural, place.motion)
    following = (adjectives[0] if adjectives else head).source[0]
    determiner = _determiner(speaker, noun, plural, place, following)
    core = combine(
        [determiner, *adjectives, head], [0, len(adjectives) + 1, *range(1, len(adjectives) + 1)]
    )
    bare = NounPhrase(core, noun.gender, plural, noun.animate)
    owner = _owner(speaker, place, relative)
    about = _about(speaker, bare, place, relative)
    phrase = combine([core, owner, about], [2, 1, 0])
    return NounPhrase(phrase, noun.gender, plural, noun.animate)


def _num_adjectives(speaker: Speaker) -> int:
    return (0, 1, 2)[speaker.bits.weighted([70, 96, 100])]


def _adjective(speaker: Speaker, noun: Noun, plural: bool) -> Phrase:
    adjective = speaker.pick(speaker.words.adjectives)
    stem, free = speaker.stem(adjective.stem, adjective.synonym)
    return word(adjective.source, agree(stem, noun.gender, plural), free=free)


def _noun(speaker: Speaker, noun: Noun, plural: bool, motion: bool) -> Phrase:
    """The noun by itself; of two senses the verb's class takes one."""
    stem, free = speaker.stem(noun.senses[motion and len(noun.senses) == 2], noun.synonym)
    source = noun.plural if plural else noun.singular
    return word(source, agree(stem, noun.gender, plural), free=free)


def _determiner(speaker: Speaker, noun: Noun, plural: bool, place: Place, following: str) -> Phrase:
    """A determiner of the noun's number; where it has none of that number, `the`."""
    singular_word, plural_word, stem = DETERMINERS[speaker.bits.weighted(_DETERMINER_SUMS)]
    source = plural_word if plural else singular_word
    if source is None:
        source, stem = "the", "l"
    if stem is None:
        return unspoken("an" if source == "a" and following[0] in "aeiou" else source)
    return word(source, agree(stem, noun.gender, plural, subject=place.subject))


def _owner(speaker: Speaker, place: Place, relative: Relative) -> Phrase:
    """`of the king`; stands in front in the target."""
    if place.depth >= MAX_DEPTH or not speaker.bits.percent(7 - 3 * place.depth):
        return EMPTY
    inner = _single(speaker, Place(False, place.motion, MAX_DEPTH), relative)
    return combine([word("of", "de"), inner.phrase], [1, 0])


def _about(speaker: Speaker, noun: NounPhrase, place: Place, relative: Relative) -> Phrase:
    """A relative clause; stands in front in the target."""
    if place.depth >= MAX_DEPTH or not speaker.bits.percent(8 - 3 * place.depth):
        return EMPTY
    return relative(speaker, noun, place.depth + 1)
