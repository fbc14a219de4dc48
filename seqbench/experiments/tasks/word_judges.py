"""What word vectors are judged by: the sets that a data set brings, or those of the data root."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from seqbench.data.word_analogies import Question, load_word_analogies
from seqbench.data.word_similarity import SimilarityPairs, load_word_similarity
from seqbench.interfaces import unknown_name

DEFAULT = ("wordsim353",)


def similarity_sets(data: Any, names: Sequence[str] | None) -> Mapping[str, SimilarityPairs]:
    """The named sets; None names all that `data` brings, or WordSim-353 where it brings none.

    UnknownNameError for a set that a data set with sets of its own has not.
    """
    own: Mapping[str, SimilarityPairs] | None = getattr(data, "similarity", None)
    if own is None:
        return load_word_similarity(names=tuple(DEFAULT if names is None else names))
    for name in names or ():
        if name not in own:
            raise unknown_name("similarity set of this data set", name, own)
    return {name: own[name] for name in (own if names is None else names)}


def analogy_sections(data: Any) -> Mapping[str, tuple[Question, ...]]:
    """The questions that `data` brings, or those of the data root."""
    own: Mapping[str, tuple[Question, ...]] | None = getattr(data, "analogies", None)
    return load_word_analogies() if own is None else own
