"""Word similarity: pairs of words with the similarity that people gave them.

WordSim-353 (Finkelstein et al. 2002) with its split into similarity and relatedness (Agirre et al.
2009), RG-65 (Rubenstein & Goodenough 1965) and MC-30 (Miller & Charles 1991).
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from seqbench.interfaces import DataError, unknown_name

from .checked_files import checked_file
from .root import data_root
from .text_files import read_sentences
from .word_files import SIMILARITY, SIMILARITY_SHA256

FILES = {
    "wordsim353": "word_similarity/EN-WS-353-ALL.txt",
    "wordsim353_similarity": "word_similarity/EN-WS-353-SIM.txt",
    "wordsim353_relatedness": "word_similarity/EN-WS-353-REL.txt",
    "rg65": "word_similarity/EN-RG-65.txt",
    "mc30": "word_similarity/EN-MC-30.txt",
}


@dataclass(frozen=True, slots=True)
class SimilarityPairs:
    """`pairs[n]` got `scores[n]` from people: higher is more alike; every set has its own scale.

    Words are as in the file ("Jerusalem", "OPEC"): an evaluation decides about their case.
    """

    name: str
    pairs: tuple[tuple[str, str], ...]
    scores: tuple[float, ...]

    def __len__(self) -> int:
        return len(self.pairs)


def load_word_similarity(
    *, root: str | os.PathLike[str] | None = None, names: tuple[str, ...] = tuple(FILES)
) -> Mapping[str, SimilarityPairs]:
    """The named sets, by name.

    Raises
    ------
    UnknownNameError
        For a name that is none of FILES.
    DataError
        If a file is missing, damaged, or holds a line that is not two words and a number.
    """
    base = data_root(root)
    found = {}
    for name in names:
        if name not in FILES:
            raise unknown_name("similarity set", name, FILES)
        relative = FILES[name]
        path = checked_file(base, relative, SIMILARITY_SHA256[relative], SIMILARITY)
        found[name] = read_similarity(path, name)
    return found


def read_similarity(path: Path, name: str) -> SimilarityPairs:
    """A file of "word word score" lines, parted by white space."""
    pairs, scores = [], []
    for number, parts in enumerate(read_sentences(path), start=1):
        score = _number(parts[-1])
        if len(parts) != 3 or not math.isfinite(score):
            raise DataError(
                f"{path}, line {number}: {' '.join(parts)!r}, expected two words and a score; "
                "check the file's origin"
            )
        pairs.append((parts[0], parts[1]))
        scores.append(score)
    return SimilarityPairs(name, tuple(pairs), tuple(scores))


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
