"""What the spelling of unknown words costs, so that word and character models can be compared.

A model that reads UNK has not told which word stood there. Its text is whole only with a second
message that spells each unknown word: by an n-gram model of characters, interpolated by method C
of Witten & Bell (1991), made of the training text's own unknown words.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from seqbench.data.text_corpus import TextCorpus
from seqbench.data.vocabulary import SPECIALS

from .ngram import NGramModel, witten_bell

ORDER = 4
CODE_POINTS = 0x110000 - 0x800
"""Unicode's scalar values: what an unknown character is drawn from, alike."""


def spelling_bits(corpus: TextCorpus, unknown: Sequence[str]) -> float:
    """Bits that spell `unknown`, the tokens of a split that are UNK, one after another.

    An unknown character costs log2(1,112,064) bits, at either level beside what UNK itself costs.
    Words that the vocabulary knows keep their share of the spelling model, so that the bits are an
    upper bound. Where training has no unknown word the model is made of the vocabulary's words.
    """
    if corpus.level == "character":
        return len(unknown) * math.log2(CODE_POINTS)
    if not unknown:
        return 0.0
    model = spelling_model(corpus.train.unknown or corpus.vocabulary.to_list()[len(SPECIALS) :])
    letters = {gram[0] for gram in model.tables.log10_probs[0]}
    nats = sum(model.log_prob(list(word)) for word in unknown)
    strange = sum(character not in letters for word in unknown for character in word)
    return strange * math.log2(CODE_POINTS) - nats / math.log(2)


def spelling_model(words: Sequence[str]) -> NGramModel:
    """Of the characters of `words`, each as often as it is there, its end included."""
    return NGramModel(witten_bell([list(word) for word in words], ORDER))
