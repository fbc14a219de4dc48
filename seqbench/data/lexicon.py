"""The words of the embedded corpus: a small English-like source, a target of invented stems.

The frequent source words are written out, the rare ones and all target stems are made of syllables
with fixed bits, so that there is one language whatever the seed of a corpus. Within each part of
speech the order is by frequency.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

from .bits import Bits, Purpose

LANGUAGE_SEED = 20117
NUM_RARE_NOUNS = 120
NUM_NAMES = 700


def _words(text: str) -> list[str]:
    return text.split()


PEOPLE = _words(
    "man woman child boy girl friend teacher farmer doctor baker king queen soldier sailor dog cat "
    "horse bird fish cow sheep wolf bear fox mouse hunter singer painter writer judge priest thief "
    "guest neighbour cousin uncle aunt widow miller weaver"
)
THINGS = _words(
    "house river tree road door book stone table garden boat bridge hill field letter lamp window "
    "wall knife bread apple ring song story shop market school church tower castle wood lake "
    "island storm cloud star mountain cart wheel rope basket bottle cup plate chair bed blanket "
    "coat hat shoe glove key box bell drum mirror candle ladder hammer needle"
)
HOMOGRAPHS = _words("bank spring club seal match pitch bolt palm")
"""Nouns with two meanings; the verb of their clause decides."""

INTRANSITIVE = _words("sleep wait fall laugh jump work rest sing dance return vanish tremble")
TRANSITIVE = _words(
    "visit watch paint clean love open help follow want push kick count fix cook lift move guard "
    "hunt fear greet admire repair borrow polish"
)
MOTION = frozenset(_words("fall jump dance return follow push kick lift move hunt"))
"""Verbs under which a homograph has its second meaning."""
SPLIT_VERBS = frozenset(_words("work fall open clean want move"))
"""Verbs that are translated in one way for an animate subject and in another for a thing."""
GIVING = _words("offer show hand lend mail")
SAYING = _words("say think hope claim whisper")
ADJECTIVES = _words(
    "old small red new big good young green cold happy dark long tall poor blue clever quiet heavy "
    "white strange rich sad warm tired"
)
ADVERBS = _words("often today here slowly again never there quickly gladly alone")
PREPOSITIONS = _words("in near with behind under from for beside")

_ONSETS = _words("b d f g k l m n p r s t v z br dr kl pr tr st")
_VOWELS = _words("a e i o u")
_CODAS = _words("n r l s k t m sh")


@dataclass(frozen=True, slots=True)
class Noun:
    """`senses` are target stems: one, or one by the verb's class. `synonym` is a free choice."""

    singular: str
    plural: str
    senses: tuple[str, ...]
    synonym: str | None
    gender: int
    animate: bool


@dataclass(frozen=True, slots=True)
class Verb:
    """`stems` are one, or one for an animate and one for another subject."""

    base: str
    stems: tuple[str, ...]
    synonym: str | None
    motion: bool


@dataclass(frozen=True, slots=True)
class Adjective:
    source: str
    stem: str
    synonym: str | None


@dataclass(frozen=True, slots=True)
class Name:
    source: str
    target: str
    gender: int


@dataclass(frozen=True, slots=True)
class Lexicon:
    nouns: tuple[Noun, ...]
    names: tuple[Name, ...]
    intransitive: tuple[Verb, ...]
    transitive: tuple[Verb, ...]
    giving: tuple[Verb, ...]
    saying: tuple[Verb, ...]
    adjectives: tuple[Adjective, ...]
    adverbs: tuple[tuple[str, str], ...]
    prepositions: tuple[tuple[str, str], ...]


class _Coiner:
    """Makes words that are not there yet."""

    def __init__(self, bits: Bits, taken: set[str]) -> None:
        self._bits = bits
        self._taken = taken

    def coin(self, num_syllables: int) -> str:
        """`num_syllables` of onset and vowel, and a coda."""
        while True:
            parts = [self._pick(_ONSETS) + self._pick(_VOWELS) for _ in range(num_syllables)]
            made = "".join(parts) + self._pick(_CODAS)
            if made not in self._taken:
                self._taken.add(made)
                return made

    def _pick(self, among: list[str]) -> str:
        return among[self._bits.below(len(among))]


@functools.cache
def lexicon() -> Lexicon:
    """The language, made once."""
    bits = Bits(LANGUAGE_SEED, Purpose.LANGUAGE)
    written = {*PEOPLE, *THINGS, *HOMOGRAPHS, *INTRANSITIVE, *TRANSITIVE, *GIVING, *SAYING}
    source, target = _Coiner(bits, written | {*ADJECTIVES}), _Coiner(bits, set())
    return Lexicon(
        nouns=_nouns(bits, source, target),
        names=tuple(_name(bits, source) for _ in range(NUM_NAMES)),
        intransitive=_verbs(INTRANSITIVE, bits, target),
        transitive=_verbs(TRANSITIVE, bits, target),
        giving=_verbs(GIVING, bits, target),
        saying=_verbs(SAYING, bits, target),
        adjectives=tuple(
            Adjective(a, target.coin(1), _synonym(bits, target, 1)) for a in ADJECTIVES
        ),
        adverbs=tuple((a, target.coin(1) + "im") for a in ADVERBS),
        prepositions=tuple((p, target.coin(1) + "u") for p in PREPOSITIONS),
    )


def _nouns(bits: Bits, source: _Coiner, target: _Coiner) -> tuple[Noun, ...]:
    """People, things and homographs shuffled among each other, the coined ones after them."""
    written = [*PEOPLE, *THINGS, *HOMOGRAPHS]
    order = sorted(range(len(written)), key=lambda i: (i % len(PEOPLE), i))
    common = [_noun(written[i], bits, target) for i in order]
    return (*common, *(_noun(source.coin(2), bits, target) for _ in range(NUM_RARE_NOUNS)))


def _noun(singular: str, bits: Bits, target: _Coiner) -> Noun:
    stems = tuple(target.coin(2) for _ in range(2 if singular in HOMOGRAPHS else 1))
    synonym = None if len(stems) == 2 else _synonym(bits, target, 2)
    animate = singular in PEOPLE or (singular not in THINGS and bits.percent(40))
    return Noun(singular, _plural(singular), stems, synonym, bits.below(3), animate)


def _plural(singular: str) -> str:
    irregular = {"man": "men", "woman": "women", "child": "children", "mouse": "mice"}
    irregular |= {"wolf": "wolves", "knife": "knives", "thief": "thieves", "sheep": "sheep"}
    irregular |= {"fish": "fish", "story": "stories"}
    hissing = singular.endswith(("s", "x", "ch", "sh"))
    return irregular.get(singular, singular + ("es" if hissing else "s"))


def _verbs(bases: list[str], bits: Bits, target: _Coiner) -> tuple[Verb, ...]:
    return tuple(_verb(base, bits, target) for base in bases)


def _verb(base: str, bits: Bits, target: _Coiner) -> Verb:
    stems = tuple(target.coin(1) for _ in range(2 if base in SPLIT_VERBS else 1))
    synonym = None if len(stems) == 2 else _synonym(bits, target, 1)
    return Verb(base, stems, synonym, base in MOTION)


def _synonym(bits: Bits, target: _Coiner, num_syllables: int) -> str | None:
    """A second stem for one word in four."""
    return target.coin(num_syllables) if bits.percent(25) else None


def _name(bits: Bits, source: _Coiner) -> Name:
    """A name is spelt the target's way, and sounds like its gender."""
    made = source.coin(2)
    gender = bits.below(3)
    spelt = made.replace("sh", "x").replace("k", "c").replace("v", "w")
    return Name(made, spelt + "iuo"[gender], gender)
