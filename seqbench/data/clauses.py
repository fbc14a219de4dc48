"""Clauses and sentences of the embedded corpus.

    source  the king did not open the door in the castle because ada slept .
    target  ada slept because DET king DET castle in DET door opened not .

The target's verb ends its clause, prepositions follow their noun, and a subordinate clause comes
before the main one wherever the source has it.
"""

from __future__ import annotations

from dataclasses import dataclass

from .lexicon import Verb
from .morphology import FUTURE, PAST, agree, past, present, target_verb
from .noun_phrases import MAX_DEPTH, NounPhrase, Place, Speaker, noun_phrase
from .transduction import EMPTY, Phrase, combine, particle, unspoken, word

COPULA = "est"
ADVERB_FIRST_PERCENT = 25
SUBORDINATORS = (("because", "po"), ("when", "su"), ("if", "va"))
COORDINATORS = (("and", "e"), ("but", "mo"))


@dataclass(frozen=True, slots=True)
class Tensed:
    """A verb's form: what stands before the subject in a question, and the rest."""

    auxiliary: Phrase
    rest: Phrase


def sentence(speaker: Speaker) -> Phrase:
    """One sentence with its full stop or question mark."""
    kind = speaker.bits.weighted([68, 80, 90, 100])
    if kind == 0:
        return combine([clause(speaker, 0), word(".", ".")])
    if kind == 1:
        return combine([clause(speaker, 0, question=True), particle("ka"), word("?", "?")])
    if kind == 2:
        joint = COORDINATORS[speaker.bits.below(len(COORDINATORS))]
        return combine([clause(speaker, 1), word(*joint), clause(speaker, 1), word(".", ".")])
    return _subordinated(speaker)


def _subordinated(speaker: Speaker) -> Phrase:
    """`because` before or after the main clause; always first in the target, its word last."""
    joint = word(*SUBORDINATORS[speaker.bits.below(len(SUBORDINATORS))])
    main, reason, stop = clause(speaker, 1), clause(speaker, 1), word(".", ".")
    if speaker.bits.percent(35):
        return combine([joint, reason, unspoken(","), main, stop], [1, 0, 2, 3, 4])
    return combine([main, joint, reason, stop], [2, 1, 0, 3])


def clause(speaker: Speaker, depth: int, *, question: bool = False) -> Phrase:
    """Subject, verb and what the verb takes."""
    kind = speaker.bits.weighted([32, 76, 81, 94, 100])
    if kind == 3:
        return _copular(speaker, depth, question)
    if kind == 4 and depth < MAX_DEPTH:
        return _reported(speaker, depth, question)
    words = speaker.words
    verb = speaker.pick((words.intransitive, words.transitive, words.giving)[kind % 3])
    subject = noun_phrase(speaker, Place(True, verb.motion, depth), relative_clause)
    tensed = _tensed(speaker, verb, subject, question)
    objects = _objects(speaker, verb, kind % 3, depth)
    return _arranged(speaker, subject, tensed, objects, depth)


def _arranged(
    speaker: Speaker, subject: NounPhrase, tensed: Tensed, objects: list[Phrase], depth: int
) -> Phrase:
    """Source: subject verb objects place adverb. Target: subject adverb place objects verb."""
    place = _place(speaker, depth) if speaker.bits.percent(22) else EMPTY
    adverb, first = _adverb(speaker) if speaker.bits.percent(20) else (EMPTY, False)
    told = combine([subject.phrase, speaker.topic()])
    parts = [tensed.auxiliary, told, tensed.rest, *objects, place, adverb]
    at_place, at_adverb = len(parts) - 2, len(parts) - 1
    objects_last_first = range(at_place - 1, 2, -1)
    front = [at_adverb, 1] if first else [1, at_adverb]
    return combine(parts, [0, *front, at_place, *objects_last_first, 2])


def _objects(speaker: Speaker, verb: Verb, count: int, depth: int) -> list[Phrase]:
    """None, one, or a thing given and whom to."""
    if count == 0:
        return []
    place = Place(False, verb.motion, depth)
    thing = noun_phrase(speaker, place, relative_clause).phrase
    if count == 1:
        return [thing]
    receiver = noun_phrase(speaker, Place(False, verb.motion, MAX_DEPTH), relative_clause)
    return [thing, combine([word("to", "li"), receiver.phrase], [1, 0])]


def _place(speaker: Speaker, depth: int) -> Phrase:
    """`in the castle`; `with` is another word before a thing than before the animate."""
    source, target = speaker.pick(speaker.words.prepositions)
    inner = noun_phrase(speaker, Place(False, False, max(depth, 1)), relative_clause)
    if source == "with" and inner.animate:
        target = "kunu"
    return combine([word(source, target), inner.phrase], [1, 0])


def _adverb(speaker: Speaker) -> tuple[Phrase, bool]:
    """The adverb, and whether it opens the clause: a free choice of the target."""
    source, target = speaker.pick(speaker.words.adverbs)
    return word(source, target, free=True), speaker.free.percent(ADVERB_FIRST_PERCENT)


def _tensed(speaker: Speaker, verb: Verb, subject: NounPhrase, question: bool) -> Tensed:
    """The verb in a tense, with `do` or `will` where English needs them, perhaps negated."""
    tense = speaker.bits.weighted([45, 85, 100])
    negated = speaker.bits.percent(13)
    stem = verb.stems[not subject.animate and len(verb.stems) == 2]
    stem, free = speaker.stem(stem, verb.synonym)
    form = target_verb(stem, tense, subject.plural)
    if not (negated or question or tense == FUTURE):
        spoken = past(verb.base) if tense == PAST else present(verb.base, subject.plural)
        return Tensed(EMPTY, word(spoken, form, free=free))
    auxiliary = unspoken(_auxiliary(tense, subject.plural))
    rest = _negatable(word(verb.base, form, free=free), negated)
    if question:
        return Tensed(auxiliary, rest)
    return Tensed(EMPTY, combine([auxiliary, rest]))


def _negatable(verb: Phrase, negated: bool) -> Phrase:
    """`not` precedes the verb, `ne` follows it."""
    return combine([word("not", "ne"), verb], [1, 0]) if negated else verb


def _auxiliary(tense: int, plural: bool) -> str:
    if tense == FUTURE:
        return "will"
    return "did" if tense == PAST else ("do" if plural else "does")


def _copular(speaker: Speaker, depth: int, question: bool) -> Phrase:
    """`the king is old`; the adjective agrees with the subject."""
    subject = noun_phrase(speaker, Place(True, False, depth), relative_clause)
    tense = PAST if speaker.bits.percent(40) else 0
    be = (("is", "are"), ("was", "were"))[tense == PAST][subject.plural]
    adjective = speaker.pick(speaker.words.adjectives)
    stem, free = speaker.stem(adjective.stem, adjective.synonym)
    state = word(adjective.source, agree(stem, subject.gender, subject.plural), free=free)
    verb = word(be, target_verb(COPULA, tense, subject.plural))
    told = combine([subject.phrase, speaker.topic()])
    if question:
        return combine([verb, told, state], [1, 2, 0])
    return combine([told, verb, state], [0, 2, 1])


def _reported(speaker: Speaker, depth: int, question: bool) -> Phrase:
    """`the king says that ...`; what is said stands between subject and verb in the target."""
    verb = speaker.pick(speaker.words.saying)
    subject = noun_phrase(speaker, Place(True, verb.motion, MAX_DEPTH), relative_clause)
    tensed = _tensed(speaker, verb, subject, question)
    said = combine([word("that", "ti"), clause(speaker, depth + 1)], [1, 0])
    told = combine([subject.phrase, speaker.topic()])
    return combine([tensed.auxiliary, told, tensed.rest, said], [0, 1, 3, 2])


def relative_clause(speaker: Speaker, noun: NounPhrase, depth: int) -> Phrase:
    """`who opened the door` or `that the king opened`; ends in `ke` in the target."""
    pronoun = word("who" if noun.animate else "that", "ke")
    verb = speaker.pick(speaker.words.transitive)
    inner = Place(speaker.bits.percent(45), verb.motion, depth)
    other = noun_phrase(speaker, inner, relative_clause)
    agent = other if inner.subject else noun
    spoken = _tensed(speaker, verb, agent, question=False).rest
    if inner.subject:
        return combine([pronoun, other.phrase, spoken], [1, 2, 0])
    return combine([pronoun, spoken, other.phrase], [2, 1, 0])
