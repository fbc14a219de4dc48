"""The embedded corpus: frozen, disjoint, and as hard as its decision record says."""

from __future__ import annotations

import pytest

from seqbench.data.clauses import sentence
from seqbench.data.corpus import SPLITS, pairs_hash
from seqbench.data.facts import alignment_facts, corpus_facts
from seqbench.data.grammar import MAX_TOKENS, generate, load_grammar
from seqbench.data.lexicon import HOMOGRAPHS, SPLIT_VERBS, lexicon
from seqbench.data.morphology import agree, past, present, target_verb
from seqbench.data.noun_phrases import Likeliest, Speaker
from seqbench.data.transduction import NOTHING, Phrase, combine, particle, unspoken, word
from seqbench.interfaces import UsageError

GOLDEN = {
    "train": "7f4ddf89fe4b67ee7e0a4b8429f62e1ed865320826c4aa6deff158ed4bb24ee0",
    "valid": "addf3d02e60cbf1c2e49d1cb4d07b0a5933bcdead2907c47c51010ee21be6a65",
    "test": "2009a5e1553db6a3939a711a6d406347d5abcbfd15625d09781e38a046792383",
}
SIZES = {"train": 2000, "valid": 200, "test": 200}


@pytest.fixture(scope="module")
def made():
    return generate(0, SIZES)


@pytest.fixture(scope="module")
def corpus():
    return load_grammar(seed=0, num_train=2000, num_valid=200, num_test=200)


def pairs(phrases):
    return [(p.source, p.target) for p in phrases]


def test_the_generator_is_frozen(made):
    """A change here is another data set: give it another name, see the decision record."""
    assert {split: pairs_hash(pairs(made[split])) for split in SPLITS} == GOLDEN


def test_loading_gives_what_is_generated(made, corpus):
    for split in SPLITS:
        assert list(getattr(corpus, split)) == pairs(made[split])


def test_no_source_occurs_twice(made):
    sources = [p.source for split in SPLITS for p in made[split]]
    assert len(set(sources)) == sum(SIZES.values())


def test_the_test_split_is_the_same_whatever_the_sizes():
    test = generate(5, {"train": 30, "valid": 20, "test": 50})["test"]
    assert generate(5, {"train": 7, "valid": 9, "test": 20})["test"] == test[:20]


def test_seeds_differ():
    sizes = {"train": 20, "valid": 1, "test": 1}
    assert generate(0, sizes)["train"] != generate(1, sizes)["train"]


def test_the_ideal_translation_has_the_same_sources(made):
    ideal = generate(0, {"train": 300, "valid": 200, "test": 200}, ideal=True)
    for split in SPLITS:
        for likely, drawn in zip(ideal[split], made[split], strict=False):
            assert likely.source == drawn.source
            assert likely.num_free == drawn.num_free
            assert drawn.num_free > 0 or likely == drawn
    same = sum(a == b for a, b in zip(ideal["test"], made["test"], strict=True))
    assert 0.3 < same / 200 < 0.7


def test_alignments_point_into_the_source(made):
    for phrase in made["train"]:
        assert len(phrase.links) == len(phrase.target)
        aligned = [link for link in phrase.links if link != NOTHING]
        assert len(set(aligned)) == len(aligned)
        assert all(0 <= link < len(phrase.source) for link in aligned)


def test_lengths(made):
    lengths = [len(p.source) for split in SPLITS for p in made[split]]
    assert min(lengths) == 3
    assert 25 < max(lengths) <= MAX_TOKENS


def test_facts_of_the_corpus(corpus):
    facts = corpus_facts(corpus)
    assert facts["num_pairs"] == SIZES
    assert facts["num_dropped"] == 0
    assert 9 < facts["source"]["mean_length"] < 10.5
    assert 8.5 < facts["target"]["mean_length"] < 10
    assert 0.03 < facts["source"]["type_token_ratio"] < 0.08
    assert facts["target"]["types"] > 1.2 * facts["source"]["types"]
    assert facts["source"]["vocab_size"] == len(corpus.source_vocabulary)
    histogram = facts["length_histogram"]
    assert sum(histogram) == 2000
    assert histogram[1] > histogram[2] > histogram[3] > histogram[4] > histogram[5] > 0
    for side in ("source", "target"):
        assert 0.005 < facts["unknown_rate"]["test"][side] < 0.06
        assert facts["unknown_rate"]["train"][side] < facts["unknown_rate"]["test"][side]


def test_facts_of_the_alignments(made):
    facts = alignment_facts(made["train"])
    assert 2 < facts["reordering_distance"] < 3.5
    assert facts["monotone_rate"] < 0.12
    assert 0.4 < facts["ambiguous_rate"] < 0.7
    assert 1.0 < facts["translation_entropy"] < 1.8
    assert 0.25 < facts["free_rate"] < 0.37


def test_alignment_facts_by_hand():
    first = Phrase(("a", "b", "c", "d"), ("x", "y", "v", "z"), (0, 1, 3, 2), 1)
    assert alignment_facts([first, word("a", "w")]) == {
        "reordering_distance": (0 + 1 + 2) / 3,
        "monotone_rate": 0.5,
        "ambiguous_rate": 0.4,  # two of five
        "translation_entropy": 0.4,  # a bit for each of those two
        "free_rate": 0.2,
    }


def test_combine_orders_both_sides():
    phrase = combine(
        [unspoken("a"), word("old", "bora"), word("cat", "mira"), particle("wa", free=True)],
        [2, 1, 0, 3],
    )
    assert phrase == Phrase(("a", "old", "cat"), ("mira", "bora", "wa"), (2, 1, NOTHING), 1)
    nested = combine([word("see", "vidis"), phrase], [1, 0])
    assert nested.links == (3, 2, NOTHING, 0)


def test_inflection():
    assert [agree("l", g, False) for g in range(3)] == ["la", "lo", "le"]
    assert agree("l", 1, True, subject=False) == "lons"
    assert target_verb("mir", 1, True) == "mirovet"
    assert [present("push", False), present("see", False), present("see", True)] == [
        "pushes",
        "sees",
        "see",
    ]
    assert [past("love"), past("visit"), past("sleep")] == ["loved", "visited", "slept"]


def test_the_lexicon_has_the_sizes_of_the_record():
    words = lexicon()
    assert (len(words.nouns), len(words.names)) == (227, 700)
    assert sum(len(n.senses) == 2 for n in words.nouns) == len(HOMOGRAPHS) == 8
    split = [v for v in (*words.intransitive, *words.transitive) if len(v.stems) == 2]
    assert {v.base for v in split} == SPLIT_VERBS
    sources = [n.singular for n in words.nouns] + [n.source for n in words.names]
    assert len(set(sources)) == len(sources)


class Scripted:
    """Answers draws from a list, then always with zero."""

    def __init__(self, *answers):
        self.answers = list(answers)

    def below(self, count):
        return self.answers.pop(0) if self.answers else 0

    def percent(self, chance):
        return self.below(100) < chance and bool(self.answers)

    def weighted(self, cumulative):
        return self.below(cumulative[-1]) if self.answers else 0


def test_the_simplest_sentence():
    """Every draw the first of its list: the most frequent words of a simple clause."""
    words = lexicon()
    phrase = sentence(Speaker(Scripted(), Likeliest()))
    noun, verb = words.nouns[0], words.intransitive[0]
    assert phrase.source == ("the", noun.singular, verb.base + "s", ".")
    expected = (
        agree("l", noun.gender, False),
        agree(noun.senses[0], noun.gender, False),
        target_verb(verb.stems[0], 0, False),
        ".",
    )
    assert phrase.target == expected


def test_a_determiner_agrees_with_its_noun(made):
    """`the` right before a noun has the vowel of its gender; all twelve forms occur."""
    genders = {n.singular: n.gender for n in lexicon().nouns}
    genders |= {n.plural: n.gender for n in lexicon().nouns}
    seen = set()
    for phrase in made["train"]:
        for link, form in zip(phrase.links, phrase.target, strict=True):
            if link == NOTHING or phrase.source[link] != "the":
                continue
            seen.add(form)
            following = phrase.source[link + 1]
            if following in genders:
                assert form[1] == "aoe"[genders[following]]
    assert len(seen) == 12


def single_clauses(phrases):
    """Sentences in which every noun that follows no preposition belongs to the one verb."""
    joining = {"and", "but", "who", "that", "of", "because", "when", "if", "?"}
    return [p for p in phrases if not joining & set(p.source)]


def spoken(verb):
    return {verb.base, past(verb.base), present(verb.base, False)}


def translations(phrase):
    """(source index, target word) of every aligned word."""
    return [(s, t) for s, t in zip(phrase.links, phrase.target, strict=True) if s != NOTHING]


def test_a_relative_clause_precedes_its_noun(made):
    found = 0
    for phrase in made["train"]:
        for place in range(len(phrase.source)):
            if phrase.source[place] == "who":
                assert phrase.links.index(place) < phrase.links.index(place - 1)
                found += 1
    assert found > 50


def test_the_verb_decides_between_two_meanings_of_a_noun(made):
    words = lexicon()
    homographs = {n.singular: n for n in words.nouns if len(n.senses) == 2}
    homographs |= {n.plural: n for n in homographs.values()}
    moving = {
        v for verb in (*words.intransitive, *words.transitive) if verb.motion for v in spoken(verb)
    }
    found = set()
    for phrase in single_clauses(made["train"]):
        in_motion = bool(moving & set(phrase.source))
        for place, form in translations(phrase):
            noun = homographs.get(phrase.source[place])
            before = set(phrase.source[:place]) & {p for p, _ in words.prepositions}
            if noun is not None and not before:
                assert form.startswith(noun.senses[in_motion])
                found.add(in_motion)
    assert found == {False, True}


def test_the_subject_decides_between_two_meanings_of_a_verb(made):
    words = lexicon()
    split = {
        v: verb
        for verb in (*words.intransitive, *words.transitive)
        if len(verb.stems) == 2
        for v in spoken(verb)
    }
    animate = {n.singular: n.animate for n in words.nouns}
    animate |= {n.plural: n.animate for n in words.nouns} | {n.source: True for n in words.names}
    found = set()
    for phrase in single_clauses(made["train"]):
        subject = next(animate[s] for s in phrase.source if s in animate)
        for place, form in translations(phrase):
            verb = split.get(phrase.source[place])
            if verb is not None:
                assert form.startswith(verb.stems[not subject])
                found.add(subject)
    assert found == {False, True}


def test_what_follows_decides_between_two_meanings_of_with(made):
    words = lexicon()
    animate = {n.singular: n.animate for n in words.nouns}
    animate |= {n.plural: n.animate for n in words.nouns} | {n.source: True for n in words.names}
    seen = {False: set(), True: set()}
    for phrase in single_clauses(made["train"]):
        for place, form in translations(phrase):
            if phrase.source[place] == "with":
                inner = next(animate[s] for s in phrase.source[place:] if s in animate)
                seen[inner].add(form)
    assert seen[True] == {"kunu"}
    assert seen[False] == {dict(words.prepositions)["with"]}


@pytest.mark.parametrize("name", ["num_train", "num_valid", "num_test"])
@pytest.mark.parametrize("size", [0, None])
def test_sizes_have_to_be_told(name, size):
    with pytest.raises(UsageError, match=f"grammar: {name} is {size}, expected at least 1"):
        load_grammar(**{name: size})


def test_a_seed_out_of_range():
    with pytest.raises(UsageError, match="the seed is -1, expected 0"):
        load_grammar(seed=-1, num_train=1, num_valid=1, num_test=1)
