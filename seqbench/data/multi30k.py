"""Multi30k task 1 (Elliott et al. 2016, 2017): image captions between English, German and French.

The files are read where they lie and never copied, changed or passed on.
"""

from __future__ import annotations

import functools
import os
from pathlib import Path

from seqbench.interfaces import UsageError

from .checked_files import Source, checked_file
from .corpus import SPLITS, ParallelCorpus
from .multi30k_files import FOLDER, LICENCE, ORIGIN, SHA256, file_name
from .parallel_files import corpus_of_files
from .root import data_root

SOURCE = Source("multi30k", ORIGIN, LICENCE)


def load_multi30k(
    *,
    source: str = "en",
    target: str = "de",
    root: str | os.PathLike[str] | None = None,
    seed: int = 0,
    num_train: int | None = None,
    num_valid: int | None = None,
    num_test: int | None = None,
    min_count: int = 2,
    max_length: int = 60,
    truncate: bool = False,
) -> ParallelCorpus:
    """29000 training, 1014 validation and 1000 test (test_2016_flickr) pairs, or a subset drawn.

    Lower-cased, normalised, tokenised by the origin (`.lc.norm.tok`); words, no subwords.
    References keep their rare words. Every file is held against its SHA-256.

    Raises
    ------
    UsageError
        If the languages are not English and one other, or a size is larger than the data.
    DataError
        If a file is missing, damaged or unreadable; the message says where to get it.
    """
    _check_languages(source, target)
    base = data_root(root)
    paths = {
        split: tuple(_checked(base, split, side) for side in (source, target)) for split in SPLITS
    }
    return corpus_of_files(
        f"multi30k_{source}_{target}",
        ORIGIN,
        paths,  # type: ignore[arg-type]  # two of each
        counts={"train": num_train, "valid": num_valid, "test": num_test},
        seed=seed,
        min_count=min_count,
        max_length=max_length,
        truncate=truncate,
    )


load_en_de = functools.partial(load_multi30k, source="en", target="de")
load_de_en = functools.partial(load_multi30k, source="de", target="en")
load_en_fr = functools.partial(load_multi30k, source="en", target="fr")
load_fr_en = functools.partial(load_multi30k, source="fr", target="en")


def _check_languages(source: str, target: str) -> None:
    known = sorted({language for _, language in SHA256})
    for language in (source, target):
        if language not in known:
            raise UsageError(
                f"multi30k: no language {language!r}, expected two of {', '.join(known)}"
            )
    if source == target:
        raise UsageError(f"multi30k: source and target are both {source!r}, expected two languages")


def _checked(base: Path, split: str, language: str) -> Path:
    """The path of a file that is there and is what it should be."""
    relative = f"{FOLDER}/{file_name(split, language)}"
    return checked_file(base, relative, SHA256[split, language], SOURCE)
