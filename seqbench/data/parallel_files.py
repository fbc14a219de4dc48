"""A corpus of the user's own: two text files a split."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from seqbench.interfaces import UsageError

from .bits import Purpose, permutation, philox
from .corpus import SPLITS, Pair, ParallelCorpus, build_corpus
from .root import data_root
from .text_files import read_pairs


def load_parallel_files(
    *,
    train_source: str,
    train_target: str,
    valid_source: str,
    valid_target: str,
    test_source: str,
    test_target: str,
    root: str | os.PathLike[str] | None = None,
    name: str = "parallel_files",
    seed: int = 0,
    num_train: int | None = None,
    num_valid: int | None = None,
    num_test: int | None = None,
    min_count: int = 2,
    max_length: int = 60,
    truncate: bool = False,
) -> ParallelCorpus:
    """UTF-8 text, plain or .gz, a tokenised sentence a line, line-aligned.

    Paths are relative to the data root (see `data_root`). Sizes and the rest as `subset` and
    `build_corpus` take them; errors are DataErrors that name the file and the line.
    """
    base = data_root(root)
    paths = {
        "train": (base / train_source, base / train_target),
        "valid": (base / valid_source, base / valid_target),
        "test": (base / test_source, base / test_target),
    }
    return corpus_of_files(
        name,
        f"{paths['train'][0]} and {paths['train'][1]}",
        paths,
        counts={"train": num_train, "valid": num_valid, "test": num_test},
        seed=seed,
        min_count=min_count,
        max_length=max_length,
        truncate=truncate,
    )


def corpus_of_files(
    name: str,
    origin: str,
    paths: Mapping[str, tuple[Path, Path]],
    *,
    counts: Mapping[str, int | None],
    seed: int,
    min_count: int,
    max_length: int,
    truncate: bool,
) -> ParallelCorpus:
    """Read, take subsets, build: what every corpus of files has in common."""
    pairs = {
        split: subset(read_pairs(*paths[split]), counts[split], seed, number, split)
        for number, split in enumerate(SPLITS)
    }
    return build_corpus(
        name, origin, pairs, min_count=min_count, max_length=max_length, truncate=truncate
    )


def subset(
    pairs: Sequence[Pair], count: int | None, seed: int, stream: int, split: str
) -> Sequence[Pair]:
    """`count` pairs drawn without replacement, in the order of the file; all for None.

    Those of a smaller count are among those of a larger one.
    """
    if count is None:
        return pairs
    if not 1 <= count <= len(pairs):
        raise UsageError(
            f"num_{split} is {count}, expected 1 to {len(pairs)}, the pairs there are, or null for "
            "all of them"
        )
    chosen = np.sort(permutation(len(pairs), philox(seed, Purpose.SUBSET, stream))[:count])
    return [pairs[int(i)] for i in chosen]
