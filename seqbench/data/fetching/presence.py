"""Which files of the data root are there, and whether they are what they should be."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from .origins import PARTS, Part

State = Literal["there", "missing", "damaged", "unchecked"]


@dataclass(frozen=True, slots=True)
class Presence:
    """Files of one data set. `unchecked` are there and have no known checksum."""

    files: tuple[str, ...]
    missing: tuple[str, ...]
    damaged: tuple[str, ...]
    unchecked: tuple[str, ...]

    @property
    def state(self) -> State:
        if self.damaged:
            return "damaged"
        if self.missing:
            return "missing"
        return "unchecked" if self.unchecked else "there"


def presence(root: Path, files: Sequence[str], parts: Mapping[str, Part] = PARTS) -> Presence:
    """What is there of `files`, relative to `root`; every checksum is taken."""
    missing = tuple(file for file in files if not (root / file).is_file())
    damaged: list[str] = []
    for part in dict.fromkeys(parts[file] for file in files if file in parts):
        if not is_right(root, part):
            damaged += [f for f in part.files if f in files and f not in missing]
    unchecked = tuple(f for f in files if f not in parts and f not in missing)
    return Presence(tuple(files), missing, _of_whole(damaged, missing, parts), unchecked)


def _of_whole(
    damaged: Sequence[str], missing: Sequence[str], parts: Mapping[str, Part]
) -> tuple[str, ...]:
    """Without files whose part is wrong for what it lacks: they may be right themselves."""
    lacking = {parts[file] for file in missing if file in parts}
    return tuple(file for file in damaged if parts[file] not in lacking)


def is_right(root: Path, part: Part) -> bool:
    """Whether all files of the part are there with its checksum."""
    content = hashlib.sha256()
    for file in part.files:
        try:
            content.update((root / file).read_bytes())
        except OSError:
            return False
    return content.hexdigest() == part.sha256


def sha256_of(contents: Iterable[bytes]) -> str:
    """Hex SHA-256 of the contents, end to end."""
    found = hashlib.sha256()
    for content in contents:
        found.update(content)
    return found.hexdigest()
