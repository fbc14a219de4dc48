"""Spoken digits joined to strings, letters as labels: the Free Spoken Digit Dataset, or your own.

Takes 0 to 4 of each speaker and digit are the test data, as its origin has it; takes 5 and 6 are
held out for validation here, the others are trained on. A string is 3 to 5 takes of one speaker end
to end, its text the digits' names with spaces between them.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from seqbench.interfaces import DataError, UsageError, unknown_name

from .bits import Bits, Purpose
from .fsdd_files import checked_recordings
from .root import data_root
from .speech import SpeechCorpus, SpeechSplit
from .wav import read_wav

NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
LABELS = tuple(sorted({*" ".join(NAMES)}))
FILE = re.compile(r"(?P<digit>\d)_(?P<speaker>[a-z]+)_(?P<take>\d+)\.wav")
TAKES = {"test": range(5), "valid": range(5, 7), "train": range(7, 1000)}
SHORTEST, LONGEST = 3, 5

Takes = Mapping[tuple[str, int, int], Path]
"""Files by (speaker, digit, take)."""


def load_fsdd(
    *,
    seed: int = 0,
    num_train: int | None = 1600,
    num_valid: int | None = 80,
    num_test: int | None = None,
    leave_out: str | None = None,
    root: str | os.PathLike[str] | None = None,
    min_count: int = 1,
    max_length: int = 60,
) -> SpeechCorpus:
    """Strings of four speakers' digits, every file held against its checksum.

    Sizes count strings; None takes every recording once. `leave_out` names a speaker who is tested
    on (takes 0 to 4) and neither trained nor validated on. `min_count` and `max_length` speak of
    words and are not looked at.

    Raises
    ------
    DataError
        If a recording is missing, damaged or unreadable; the message says where to get it.
    UnknownNameError
        If there is no such speaker.
    """
    return strings_of_digits(
        "fsdd",
        checked_recordings(data_root(root)),
        seed=seed,
        counts={"train": num_train, "valid": num_valid, "test": num_test},
        leave_out=leave_out,
    )


def load_digit_files(
    *,
    seed: int = 0,
    num_train: int | None = None,
    num_valid: int | None = None,
    num_test: int | None = None,
    folder: str = "digits",
    leave_out: str | None = None,
    root: str | os.PathLike[str] | None = None,
    min_count: int = 1,
    max_length: int = 60,
) -> SpeechCorpus:
    """The same of a folder of your own, under the data root: {digit}_{speaker}_{take}.wav."""
    return strings_of_digits(
        "digit_files",
        find_takes(data_root(root) / folder),
        seed=seed,
        counts={"train": num_train, "valid": num_valid, "test": num_test},
        leave_out=leave_out,
    )


def find_takes(folder: Path) -> dict[tuple[str, int, int], Path]:
    """Every recording of a folder. DataError where there is none."""
    found = {}
    for path in sorted(folder.glob("*.wav")):
        named = FILE.fullmatch(path.name)
        if named is None:
            raise DataError(
                f"digits: {path.name} in {folder} has another name, expected "
                "{digit}_{speaker}_{take}.wav; rename or remove it"
            )
        found[named["speaker"], int(named["digit"]), int(named["take"])] = path
    if not found:
        raise DataError(
            f"digits: no recordings in {folder}, expected {{digit}}_{{speaker}}_{{take}}.wav; name "
            "the root with data.root or SEQBENCH_DATA"
        )
    return found


def strings_of_digits(
    name: str, takes: Takes, *, seed: int, counts: Mapping[str, int | None], leave_out: str | None
) -> SpeechCorpus:
    """Draw the strings of every split; see `load_fsdd`."""
    speakers = sorted({speaker for speaker, _, _ in takes})
    if leave_out is not None and leave_out not in speakers:
        raise unknown_name("speaker", leave_out, speakers)
    rates: set[int] = set()
    splits = {}
    for index, (split, wanted) in enumerate(TAKES.items()):
        chosen = {
            key: path
            for key, path in takes.items()
            if key[2] in wanted and _speaks_in(split, key[0], leave_out)
        }
        splits[split] = _split(
            split, chosen, Bits(seed, Purpose.DIGIT_STRINGS, index), counts, rates
        )
    if len(rates) != 1:
        raise DataError(
            f"{name}: recordings have the sample rates {sorted(rates)}, expected one; resample them"
        )
    return SpeechCorpus(name, f"{len(takes)} recordings", rates.pop(), LABELS, **splits)


def _speaks_in(split: str, speaker: str, leave_out: str | None) -> bool:
    return leave_out is None or (speaker == leave_out) == (split == "test")


def _split(
    split: str,
    chosen: Takes,
    bits: Bits,
    counts: Mapping[str, int | None],
    rates: set[int],
) -> SpeechSplit:
    if not chosen:
        raise DataError(
            f"digits: no take for the {split} split, expected some of {TAKES[split]}; add takes"
        )
    keys = sorted(chosen)
    recordings = []
    for key in keys:
        samples, rate = read_wav(chosen[key])
        recordings.append(samples)
        rates.add(rate)
    by_speaker: dict[str, list[int]] = defaultdict(list)
    for index, (speaker, _, _) in enumerate(keys):
        by_speaker[speaker].append(index)
    utterances = draw_strings(list(by_speaker.values()), bits, counts[split])
    texts = [" ".join(NAMES[keys[r][1]] for r in string) for string in utterances]
    return SpeechSplit(split, recordings, utterances, texts)


def draw_strings(groups: list[list[int]], bits: Bits, count: int | None) -> list[tuple[int, ...]]:
    """`count` strings, each of one group; passes in which every recording occurs once.

    What is left at the end of a group's pass, 1 or 2 recordings, is a string of its own only where
    the group is that small; else it joins its neighbours.
    """
    if count is not None and count < 1:
        raise UsageError(f"digits: {count} strings asked for, expected at least 1")
    drawn: list[tuple[int, ...]] = []
    while True:
        one_pass = [string for group in groups for string in _cut(_shuffled(group, bits), bits)]
        drawn += _shuffled(one_pass, bits)
        if count is None:
            return drawn
        if len(drawn) >= count:
            return drawn[:count]


def _cut(order: list[int], bits: Bits) -> list[tuple[int, ...]]:
    """3 to 5 at a time, so that 3 or more are left or none."""
    strings = []
    while order:
        sizes = [
            size
            for size in range(SHORTEST, LONGEST + 1)
            if len(order) == size or len(order) - size >= SHORTEST
        ]
        size = sizes[bits.below(len(sizes))] if sizes else len(order)
        strings.append(tuple(order[:size]))
        order = order[size:]
    return strings


def _shuffled(items: list, bits: Bits) -> list:
    """Fisher and Yates, from the last place down."""
    items = list(items)
    for last in range(len(items) - 1, 0, -1):
        other = bits.below(last + 1)
        items[last], items[other] = items[other], items[last]
    return items
