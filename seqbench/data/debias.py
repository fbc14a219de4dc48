"""What debiasing word vectors needs: word lists, tests of bias, two small real embeddings.

Bolukbasi et al. (2016) for the lists, Zhao et al. (2018) for SemBias, Caliskan et al. (2017) for
WEAT's sets as the WEFE project collects them. GloVe's words are lower case.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seqbench.interfaces import DataError, UsageError

from .checked_files import checked_file
from .root import data_root
from .text_files import read_bytes, read_sentences
from .vector_files import read_vectors
from .word_analogies import Question
from .word_files import DEBIAS, DEBIAS_SHA256
from .word_similarity import SimilarityPairs
from .word_vectors import WordVectors

Pair = tuple[str, str]
VECTORS = {
    "glove": ("debias/glove.6B.50d.first2445.txt.gz", "glove_text"),
    "word2vec": ("debias/weat_googlenews_word2vec_347x300.txt.gz", "word2vec_text"),
}


@dataclass(frozen=True, slots=True)
class DebiasData:
    """Words as in the files.

    vectors : the embedding asked for
    definitional_pairs, equalize_pairs : (woman, man) and such, of Bolukbasi et al.
    gender_specific : words that may keep their gender; their seed list and its extension
    professions : with the lists' scores of gender by definition and by stereotype, in [-1, 1]
    sembias : 440 questions of four pairs: definition, none, none, stereotype in the file's order
    weat : word sets by name ("flowers", "male_names", ...)
    female_words, male_words : of Zhao et al., line n of one beside line n of the other
    weat_targets : the two sets of `weat` that are told apart by male_terms and female_terms
    similarity, analogies : what the vectors are judged by; None for the sets of the data root
    """

    vectors: WordVectors
    definitional_pairs: tuple[Pair, ...]
    equalize_pairs: tuple[Pair, ...]
    gender_specific_seed: tuple[str, ...]
    gender_specific: tuple[str, ...]
    professions: tuple[tuple[str, float, float], ...]
    sembias: tuple[tuple[Pair, ...], ...]
    weat: Mapping[str, tuple[str, ...]]
    female_words: tuple[str, ...]
    male_words: tuple[str, ...]
    weat_targets: tuple[str, str] = ("career", "family")
    similarity: Mapping[str, SimilarityPairs] | None = None
    analogies: Mapping[str, tuple[Question, ...]] | None = None


def load_debias(
    *, root: str | os.PathLike[str] | None = None, vectors: str = "glove", **sizes: object
) -> DebiasData:
    """The lists with one of the two embeddings.

    vectors : `glove`, the 2445 most frequent words of glove.6B in 50 dimensions, or `word2vec`, the
    words of WEAT in GoogleNews's 300
    sizes : the other settings of a config's data set, of no effect: the lists are taken whole

    Raises UsageError for another, DataError where a file is missing or damaged.
    """
    if vectors not in VECTORS:
        raise UsageError(
            f"debias: no vectors {vectors!r}, expected one of {', '.join(VECTORS)}; set "
            "dataset.options.vectors=glove"
        )
    files = _Files(data_root(root))
    name, form = VECTORS[vectors]
    return DebiasData(
        vectors=read_vectors(files.path(name), form),
        definitional_pairs=_pairs(files.json("definitional_pairs")),
        equalize_pairs=_pairs(files.json("equalize_pairs")),
        gender_specific_seed=tuple(files.json("gender_specific_seed")),
        gender_specific=tuple(files.json("gender_specific_full")),
        professions=tuple((w, float(d), float(s)) for w, d, s in files.json("professions")),
        sembias=read_sembias(files.path("debias/SemBias.txt")),
        weat={name: tuple(words) for name, words in files.json("WEAT").items()},
        female_words=files.words("female_word_file"),
        male_words=files.words("male_word_file"),
    )


def read_sembias(path: Path) -> tuple[tuple[Pair, ...], ...]:
    """Lines of four pairs "a:b", parted by white space."""
    return tuple(
        tuple(_pair(path, number, part) for part in parts)
        for number, parts in enumerate(read_sentences(path), start=1)
    )


def _pair(path: Path, number: int, text: str) -> Pair:
    first, colon, second = text.partition(":")
    if not (first and colon and second):
        raise DataError(
            f"{path}, line {number}: {text!r}, expected two words with ':' between; check the "
            "file's origin"
        )
    return first, second


def _pairs(lists: list[list[str]]) -> tuple[Pair, ...]:
    return tuple((a, b) for a, b in lists)


class _Files:
    """The data set's files, checked."""

    def __init__(self, base: Path) -> None:
        self._base = base

    def path(self, relative: str) -> Path:
        return checked_file(self._base, relative, DEBIAS_SHA256[relative], DEBIAS)

    def json(self, name: str) -> Any:
        return json.loads(read_bytes(self.path(f"debias/{name}.json")))

    def words(self, name: str) -> tuple[str, ...]:
        return tuple(parts[0] for parts in read_sentences(self.path(f"debias/{name}.txt")))
