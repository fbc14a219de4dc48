"""How many words of a text its vocabulary does not know, alike for words and for characters."""

from __future__ import annotations

import numpy as np

from .text_corpus import TextSplit
from .vocabulary import EOS_ID, UNK_ID, Vocabulary

SPACE = " "


def unknown_words(split: TextSplit, vocabulary: Vocabulary) -> float:
    """The fraction of a text's words that cannot be read; 0 for a text without words.

    At the level of words these are UNK; at the level of characters the runs between spaces that
    hold an UNK. The end of a line is no word.
    """
    stream = split.stream()
    if vocabulary.level == "word":
        words = stream != EOS_ID
        return _share(int((stream == UNK_ID).sum()), int(words.sum()))
    between = stream == EOS_ID
    if SPACE in vocabulary:
        between |= stream == vocabulary.encode(SPACE)[0]
    starts = ~between & np.concatenate([[True], between[:-1]])
    number = np.cumsum(starts)  # of the word that each place belongs to
    return _share(np.unique(number[stream == UNK_ID]).size, int(starts.sum()))


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
