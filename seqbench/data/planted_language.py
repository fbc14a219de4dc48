"""The planted words: what each means, as the attributes that its sentences speak of.

A word is nothing but a mixture of attributes. A capital shares its place with its country and its
kind with the other capitals; a plural shares its noun and its topic with the singular; `queen` and
`king` share a role and differ in gender. So every analogy and every similarity is known by
construction. The planted bias: sentences of half of the professions speak of one gender more often
than of the other, which no definition asks for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

SYLLABLES = tuple(c + v for c in "bdfgklmnprstvz" for v in "aeiou")


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    return tuple((a, b) for a, b in (pair.split("/") for pair in text.split()))


CAPITALS = _pairs(
    "paris/france rome/italy madrid/spain lisbon/portugal berlin/germany vienna/austria "
    "athens/greece warsaw/poland prague/czechia budapest/hungary oslo/norway stockholm/sweden "
    "helsinki/finland copenhagen/denmark dublin/ireland london/england cairo/egypt tokyo/japan "
    "beijing/china delhi/india ottawa/canada havana/cuba lima/peru santiago/chile nairobi/kenya "
    "tehran/iran baghdad/iraq hanoi/vietnam bangkok/thailand canberra/australia"
)
"""(capital, country)."""
TOPICS = (
    _words("dog cat horse cow goat"),
    _words("river lake hill valley island"),
    _words("table chair lamp mirror carpet"),
    _words("car truck train boat wagon"),
    _words("apple pear melon onion carrot"),
    _words("shirt coat boot glove belt"),
    _words("drum flute harp violin trumpet"),
    _words("hammer saw drill wrench chisel"),
)
"""Nouns by topic; the plural adds an s."""
GENDERED = _pairs(
    "woman/man girl/boy mother/father daughter/son sister/brother queen/king wife/husband "
    "aunt/uncle niece/nephew princess/prince duchess/duke lady/gentleman bride/groom "
    "heroine/hero hostess/host nun/monk widow/widower countess/count goddess/god witch/wizard"
)
"""(woman, man) and such: the first TAUGHT of them are what debiasing is told."""
TAUGHT = 10
JOBS = (
    _words("nurse surgeon dentist midwife pharmacist therapist"),
    _words("carpenter mason plumber welder painter roofer"),
    _words("teacher professor librarian tutor principal lecturer"),
    _words("singer actor dancer sculptor poet drummer"),
    _words("lawyer judge banker broker clerk secretary"),
    _words("farmer miner fisher baker butcher cook"),
)
"""Professions by field."""
LEANING = _words("female male neither")
GENDERS = _words("female male")
GENDER_WORDS = {
    "female": _words("she her hers herself madam feminine"),
    "male": _words("he him his himself sir masculine"),
}
OWN_WORDS, SHARED_WORDS, FILLERS = 6, 12, 150
"""Context words of an attribute of few words, of a topic or a kind; words that mean nothing."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """`attributes` -> their parts of 100, which the sentences of a word speak of so often."""

    kind: str
    attributes: Mapping[str, int]


def leaning_of(profession: str) -> str:
    """`female`, `male` or `neither`: by turns within a field, so that no field has a gender."""
    (place,) = [jobs.index(profession) for jobs in JOBS if profession in jobs]
    return LEANING[place % len(LEANING)]


def meanings() -> dict[str, Meaning]:
    """Every planted word, in a fixed order."""
    found: dict[str, Meaning] = {}
    for capital, country in CAPITALS:
        place = f"place {country}"
        found[capital] = Meaning("capital", {place: 60, "kind capital": 40})
        found[country] = Meaning("country", {place: 60, "kind country": 40})
    for number, nouns in enumerate(TOPICS):
        for noun in nouns:
            same = {f"noun {noun}": 40, f"topic {number}": 30}
            found[noun] = Meaning("noun", {**same, "number one": 30})
            found[f"{noun}s"] = Meaning("noun", {**same, "number many": 30})
    for pair in GENDERED:
        for gender, word in zip(GENDERS, pair, strict=True):
            role = {f"role {pair[1]}": 40, "kind person": 20}
            found[word] = Meaning("person", {**role, f"gender {gender}": 40})
    for number, jobs in enumerate(JOBS):
        for job in jobs:
            own = {f"job {job}": 45, f"field {number}": 25, "kind person": 10}
            found[job] = Meaning("profession", {**own, **_lean(leaning_of(job))})
    return found


def _lean(leaning: str) -> dict[str, int]:
    """The planted bias: 20 parts of gender, 16 to 4 where a profession leans."""
    parts = {"female": (16, 4), "male": (4, 16), "neither": (10, 10)}[leaning]
    return {f"gender {gender}": part for gender, part in zip(GENDERS, parts, strict=True)}


def context_words() -> dict[str, tuple[str, ...]]:
    """The words of each attribute, and those of `filler`: no two share one."""
    names = dict.fromkeys(name for word in meanings().values() for name in word.attributes)
    found: dict[str, tuple[str, ...]] = {}
    coined = 0
    for name in [*names, "filler"]:
        kind, _, which = name.partition(" ")
        if kind == "gender":
            found[name] = GENDER_WORDS[which]
            continue
        shared = kind in ("kind", "topic", "field", "number")
        count = FILLERS if kind == "filler" else SHARED_WORDS if shared else OWN_WORDS
        found[name] = tuple(coin(coined + n) for n in range(count))
        coined += count
    return found


def coin(number: int) -> str:
    """A word of three syllables, another for every number below 70^2: `bababa`, `bababe`."""
    places = (number // len(SYLLABLES), number % len(SYLLABLES))
    return "".join(SYLLABLES[place % len(SYLLABLES)] for place in (*places, sum(places)))
