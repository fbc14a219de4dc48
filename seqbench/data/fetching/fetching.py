"""Fetch what a data set lacks: download, make, check, place; what is right is left alone."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from seqbench.interfaces import DataError, UsageError

from .download import Download
from .origins import ORIGIN_OF, Origin, Part
from .presence import is_right, sha256_of
from .recipes import RECIPES, packed

DOWNLOADS = ".downloads"
"""Below the data root: what is being loaded; gone when files have been made of it."""

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Fetched:
    """What one call placed, and the files that were right before."""

    placed: tuple[str, ...]
    kept: tuple[str, ...]


def fetch(
    root: Path,
    files: Sequence[str],
    download: Download,
    *,
    tell: Tell = lambda text: None,
    mirror: str = "",
    origins: Mapping[str, Origin] = ORIGIN_OF,
) -> Fetched:
    """Place those of `files` that `root` lacks or has damaged.

    tell : is called with a line for each file that is damaged and for each part that is placed
    mirror : an address that has `https://HOST/PATH` at `MIRROR/HOST/PATH`; checksums stay
    origins : by file; a file without one is the caller's mistake

    Raises DataError where a download fails or is not what it should be; what was placed before
    stays, and nothing is ever replaced but by contents of the right checksum.
    """
    placed: list[str] = []
    kept: list[str] = []
    for origin in dict.fromkeys(origins[file] for file in files):
        asked = [part for part in origin.parts if set(part.files) & set(files)]
        wrong = [part for part in asked if not is_right(root, part)]
        kept += [file for part in asked if part not in wrong for file in part.files]
        if wrong:
            _tell_damage(root, wrong, tell)
            placed += _of_origin(root, origin, wrong, download, tell, mirror)
    return Fetched(tuple(placed), tuple(kept))


def _tell_damage(root: Path, parts: Sequence[Part], tell: Tell) -> None:
    for part in parts:
        if all((root / file).is_file() for file in part.files):
            tell(
                f"{_called(part.files)}: damaged or another version, replaced by a good one if "
                "one comes"
            )


def _of_origin(
    root: Path,
    origin: Origin,
    parts: Sequence[Part],
    download: Download,
    tell: Tell,
    mirror: str,
) -> list[str]:
    """Download once, make and place the parts; the download goes when it has been used."""
    url = mirrored(origin.url, mirror)
    files = [file for part in parts for file in part.files]
    path = download.get(url, origin.sha256, _called(files))
    try:
        made = RECIPES[origin.recipe](path, files)
    except (UnicodeDecodeError, ValueError, LookupError) as error:
        path.unlink()
        raise DataError(
            f"fetch: {url} is not what {origin.recipe} makes files of ({error}), expected the "
            "origin's file; it was removed: fetch it again"
        ) from error
    except DataError:
        path.unlink()
        raise
    for part in parts:
        place(root, part, [_packed(file, made[file], part.sha256) for file in part.files])
    tell(f"{_called(files)}: placed, from {url}")
    path.unlink()
    return files


def mirrored(url: str, mirror: str) -> str:
    """`https://HOST/PATH` at `MIRROR/HOST/PATH`; the address itself without a mirror."""
    if not mirror:
        return url
    parts = urlsplit(url)
    return f"{mirror.rstrip('/')}/{parts.netloc}{parts.path}"


def _called(files: Sequence[str]) -> str:
    more = f" and {len(files) - 1} more" if len(files) > 1 else ""
    return f"{files[0]}{more}"


def _packed(file: str, content: bytes, sha256: str) -> bytes:
    return packed(content, sha256, file) if file.endswith(".gz") else content


def place(root: Path, part: Part, contents: Sequence[bytes]) -> None:
    """Write the files of a part, each at once; one that is the same already is not touched.

    Raises DataError if the contents have not the part's checksum, or cannot be written.
    """
    found = sha256_of(contents)
    if found != part.sha256:
        raise DataError(
            f"fetch: what was made for {_called(part.files)} has SHA-256 {found}, expected "
            f"{part.sha256}; nothing was placed; its origin has changed"
        )
    for file, content in zip(part.files, contents, strict=True):
        target = root / file
        try:
            if not (target.is_file() and target.read_bytes() == content):
                _replace(target, content)
        except OSError as error:
            raise DataError(
                f"fetch: {target} cannot be written ({error.strerror or error}), expected room and "
                "the right to; make room or choose another --root, and give the same command again"
            ) from error


def _replace(target: Path, content: bytes) -> None:
    """Whole or not at all: written beside it, then renamed over it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o644)
        os.replace(name, target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


@contextmanager
def downloads(root: Path) -> Iterator[Path]:
    """The folder of downloads below `root`, this process's alone; removed if nothing is left.

    Raises UsageError where another fetch is at work in the same root, DataError where the folder
    cannot be made.
    """
    folder = root / DOWNLOADS
    lock = folder / "lock"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = lock.open("w")
    except OSError as error:
        raise DataError(
            f"fetch: {folder} cannot be made ({error.strerror}), expected a folder that can be "
            "written; choose another --root"
        ) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UsageError(
                f"data fetch: another one is at work in {root}, expected one at a time; wait for it"
            ) from error
        yield folder
        if [path.name for path in folder.iterdir()] == [lock.name]:
            lock.unlink()
            folder.rmdir()
