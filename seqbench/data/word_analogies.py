"""Word analogies: "a is to b as c is to d" (Mikolov et al. 2013, "Efficient estimation")."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from seqbench.interfaces import DataError

from .checked_files import checked_file
from .root import data_root
from .text_files import read_sentences
from .word_files import ANALOGIES, ANALOGIES_SHA256

Question = tuple[str, str, str, str]


def load_word_analogies(
    *, root: str | os.PathLike[str] | None = None
) -> Mapping[str, tuple[Question, ...]]:
    """Questions (a, b, c, d) by section, words as in the file ("Athens Greece Baghdad Iraq").

    Raises DataError where the file is missing, damaged, or holds a line that is no question.
    """
    (relative,) = ANALOGIES_SHA256
    return read_analogies(
        checked_file(data_root(root), relative, ANALOGIES_SHA256[relative], ANALOGIES)
    )


def read_analogies(path: Path) -> dict[str, tuple[Question, ...]]:
    """A file of ": section" lines, each followed by lines of four words."""
    sections: dict[str, list[Question]] = {}
    name = ""
    for number, parts in enumerate(read_sentences(path), start=1):
        if parts[0] == ":" and len(parts) == 2:
            name = parts[1]
            sections.setdefault(name, [])
        elif len(parts) == 4 and name:
            sections[name].append(parts)
        else:
            raise DataError(
                f"{path}, line {number}: {' '.join(parts)!r}, expected ': section' or four words "
                "of a section; check the file's origin"
            )
    return {section: tuple(questions) for section, questions in sections.items()}
