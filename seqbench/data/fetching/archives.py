"""Members of archives, read into memory: nothing is ever unpacked to where an archive says.

An archive that would write outside its own folder is refused whole, whatever is asked of it.
"""

from __future__ import annotations

import tarfile
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import IO

from seqbench.interfaces import DataError

MAX_BYTES = 200_000_000
"""Of the members that are read, together: far above what any data set here needs."""


def zip_members(path: Path, names: Iterable[str]) -> dict[str, bytes]:
    """The contents of the named members of a ZIP archive.

    Raises DataError for a member that leads outside, that is missing or too large, and for a
    damaged archive.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            infos = {info.filename: info for info in archive.infolist()}
            for info in infos.values():
                _check_name(path, info.filename)
                if (info.external_attr >> 16) & 0o170000 == 0o120000:
                    raise _refused(path, info.filename, "a link")
            wanted = list(names)
            _check(path, wanted, {name: info.file_size for name, info in infos.items()})
            return {name: archive.read(name) for name in wanted}
    except (zipfile.BadZipFile, EOFError, OSError) as error:
        raise _damaged(path, error) from error


def tar_members(path: Path, names: Iterable[str]) -> dict[str, bytes]:
    """The contents of the named members of a tar archive, below its one top folder, if any.

    Raises as zip_members does; links and devices are refused too.
    """
    try:
        with tarfile.open(path) as archive:
            infos, total = {}, 0
            for info in archive:  # each is looked at before what is behind it is unpacked
                _check_name(path, info.name)
                if not (info.isfile() or info.isdir()):
                    raise _refused(path, info.name, "neither a file nor a folder")
                total += info.size
                _check_total(path, total)
                infos[info.name.partition("/")[2]] = info
            wanted = list(names)
            _check(path, wanted, {name: info.size for name, info in infos.items()})
            return {name: _content(archive.extractfile(infos[name])) for name in wanted}
    except (tarfile.TarError, EOFError, OSError) as error:
        raise _damaged(path, error) from error


def _content(file: IO[bytes] | None) -> bytes:
    assert file is not None, "a regular file has contents"
    with file:
        return file.read()


def _check_name(path: Path, name: str) -> None:
    parts = PurePosixPath(name.replace("\\", "/"))
    drive = bool(parts.parts) and ":" in parts.parts[0]
    if parts.is_absolute() or ".." in parts.parts or drive:
        raise _refused(path, name, "a path outside the archive's folder")


def _check(path: Path, wanted: list[str], sizes: Mapping[str, int]) -> None:
    missing = [name for name in wanted if name not in sizes]
    if missing:
        raise DataError(
            f"fetch: {path.name} lacks {len(missing)} of {len(wanted)} members, first "
            f"{missing[0]}; expected all of them; its origin has changed: get the files by hand"
        )
    _check_total(path, sum(sizes[name] for name in wanted))


def _check_total(path: Path, total: int) -> None:
    if total > MAX_BYTES:
        raise DataError(
            f"fetch: {path.name} would unpack to {total} bytes or more, expected at most "
            f"{MAX_BYTES}; nothing was unpacked"
        )


def _refused(path: Path, name: str, what: str) -> DataError:
    return DataError(
        f"fetch: {path.name} holds {name!r}, {what}; expected plain files below one folder; "
        "nothing of it was unpacked"
    )


def _damaged(path: Path, error: Exception) -> DataError:
    return DataError(
        f"fetch: {path.name} is no whole archive ({error}); expected one; fetch it again"
    )
