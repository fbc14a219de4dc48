"""MR, SST-2, SST-5, Subj and TREC: sentences with a class, read where they lie, never copied.

What there is to test on decides the splits. SST-2 and SST-5 have a dev file, which is the test
split. MR, Subj and TREC have one set without a split, and are cross-validated in ten folds, with a
tenth of each training part, drawn by a seed, to stop on: as Kim (2014), section 3.1, does where
there is no split. Fold k tests on the sentences n of each class with n % 10 == k.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from seqbench.interfaces import DataError, UsageError

from .bits import Purpose, permutation, philox
from .checked_files import Source, checked_file
from .classification_files import DATASETS, Files
from .corpus import SPLITS
from .labelled import Item, LabelledCorpus, build_labelled
from .root import data_root
from .text_files import read_bytes

FOLDS = 10


def load_classification(
    name: str,
    *,
    root: str | os.PathLike[str] | None = None,
    seed: int = 0,
    num_train: int | None = None,
    num_valid: int | None = None,
    num_test: int | None = None,
    min_count: int = 1,
    max_length: int = 60,
    fold: int = 0,
) -> LabelledCorpus:
    """One of the data sets; every file is held against its SHA-256.

    Parameters
    ----------
    seed : of the tenth of the training sentences that becomes the validation split, and of subsets
    num_train, num_valid, num_test : sentences drawn from each split; None for all
    fold : which tenth tests, modulo 10, where the data have no split of their own

    Raises
    ------
    UsageError
        If the name is unknown, or a size is larger than the split.
    DataError
        If a file is missing, damaged or unreadable; the message says where to get it.
    """
    files = DATASETS[name]
    lines = _read(name, files, data_root(root))
    rest, test = (lines["train"], lines["test"]) if files.has_dev else _fold(lines["train"], fold)
    train, valid = _held_out(rest, seed)
    counts = {"train": num_train, "valid": num_valid, "test": num_test}
    whole = {"train": train, "valid": valid, "test": test}
    items = {
        split: _drawn(whole[split], counts[split], seed, number, split)
        for number, split in enumerate(SPLITS)
    }
    return build_labelled(
        name, files.origin, files.classes, items, min_count=min_count, max_length=max_length
    )


load_mr = functools.partial(load_classification, "mr")
load_sst2 = functools.partial(load_classification, "sst2")
load_sst5 = functools.partial(load_classification, "sst5")
load_subj = functools.partial(load_classification, "subj")
load_trec = functools.partial(load_classification, "trec")


def _read(name: str, files: Files, base: Path) -> Mapping[str, list[Item]]:
    """`train`, and `test` where a dev file is there; classes one after the other."""
    source = Source(name, files.origin, files.licence)
    found: dict[str, list[Item]] = {"train": [], "test": []}
    for number, (file, sha256) in enumerate(files.checksums.items()):
        path = checked_file(base, f"{name}/{file}", sha256, source)
        split = "test" if files.has_dev and number == 1 else "train"
        for line in _lines(path, files.encoding):
            found[split].append(parse_line(line, files, number))
    return found


def _lines(path: Path, encoding: str) -> list[str]:
    return [line for line in read_bytes(path).decode(encoding).split("\n") if line.strip()]


def parse_line(line: str, files: Files, number: int) -> Item:
    """The tokens and the label of one line of file `number`.

    Raises DataError where the label is not the number of a class.
    """
    if files.labelled == "file":
        return tuple(line.split()), number
    label, _, text = line.partition(" ")
    if files.labelled == "after":
        text, _, label = line.rpartition("\t")
    if label.strip() not in map(str, range(len(files.classes))):
        raise DataError(
            f"the line {line[:40]!r} has the label {label!r}, expected 0 to "
            f"{len(files.classes) - 1} {files.labelled} the sentence; get the file again from "
            f"{files.origin}"
        )
    return tuple(text.split()), int(label)


def _fold(items: Sequence[Item], fold: int) -> tuple[list[Item], list[Item]]:
    """(nine tenths, one tenth): of each class every tenth sentence, in the order of the file."""
    if fold < 0:
        raise UsageError(f"fold is {fold}, expected at least 0; set dataset.options.fold=0")
    rest: list[Item] = []
    tenth: list[Item] = []
    seen: dict[int, int] = {}
    for item in items:
        number = seen.get(item[1], 0)
        seen[item[1]] = number + 1
        (tenth if number % FOLDS == fold % FOLDS else rest).append(item)
    return rest, tenth


def _held_out(items: Sequence[Item], seed: int) -> tuple[list[Item], list[Item]]:
    """(train, valid): a tenth drawn by the seed, both in the order of the file."""
    order = permutation(len(items), philox(seed, Purpose.HELD_OUT))
    valid = set(order[: len(items) // FOLDS].tolist())
    return (
        [item for index, item in enumerate(items) if index not in valid],
        [items[index] for index in sorted(valid)],
    )


def _drawn(
    items: Sequence[Item], count: int | None, seed: int, stream: int, split: str
) -> Sequence[Item]:
    """`count` items drawn without replacement, in their order; all for None."""
    if count is None:
        return items
    if not 1 <= count <= len(items):
        raise UsageError(
            f"num_{split} is {count}, expected 1 to {len(items)}, the sentences there are, or null "
            "for all of them"
        )
    chosen = np.sort(permutation(len(items), philox(seed, Purpose.SUBSET, stream))[:count])
    return [items[int(index)] for index in chosen]
