"""Files of the data root, held against their checksums before they are read."""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass
from pathlib import Path

from seqbench.interfaces import DataError


@dataclass(frozen=True, slots=True)
class Source:
    """What errors say of a data set: its name, where it comes from, under which licence."""

    name: str
    origin: str
    licence: str


def checked_file(base: Path, relative: str, sha256: str, source: Source) -> Path:
    """`base / relative`, which is there and has this checksum.

    Raises
    ------
    DataError
        If it is missing, damaged or another version; the message says where to get it.
    """
    path = base / relative
    if not path.is_file():
        raise DataError(
            f"{source.name}: {path} is missing, expected it under the data root {base}; put the "
            f"file of {source.origin} there ({source.licence}), and name the root with data.root "
            "or SEQBENCH_DATA"
        )
    stat = path.stat()
    found = _sha256(path, stat.st_mtime_ns, stat.st_size)
    if found != sha256:
        raise DataError(
            f"{source.name}: {path} is damaged or another version: SHA-256 {found}, expected "
            f"{sha256}; get it again from {source.origin} ({source.licence})"
        )
    return path


@functools.cache
def _sha256(path: Path, mtime_ns: int, size: int) -> str:
    """Cached by time and size, so that one process reads an unchanged file's checksum once."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
