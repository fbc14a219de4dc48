"""Arrays and their description in one folder that checks itself: no pickle, written atomically.

::

    params.npz    arrays by name, NumPy's own format
    meta.json     configuration, vocabularies, history: plain JSON
    SHA256SUMS    of both files

The same content gives the same bytes, hence the same checksums.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seqbench.interfaces.errors import ArtifactError

from .wire import plain

PARAMS, META, SUMS = "params.npz", "meta.json", "SHA256SUMS"


@dataclass(frozen=True, slots=True)
class Bundle:
    """`params`: name -> NumPy array; `meta`: plain values; `digest`: SHA-256 of both."""

    params: dict[str, Any]
    meta: dict[str, Any]
    digest: str


def write_bundle(folder: Path, params: Mapping[str, Any], meta: Mapping[str, Any]) -> str:
    """Put a bundle at `folder`, which appears complete or not at all; returns its digest.

    An older bundle there is replaced. ArtifactError where it cannot be written or an array holds
    Python objects.
    """
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}.tmp")
    try:
        _remove(temporary)
        temporary.mkdir(parents=True)
        _write_npz(temporary / PARAMS, params)
        text = json.dumps(meta, default=plain, sort_keys=True, indent=1)
        (temporary / META).write_text(text, encoding="utf-8")
        sums = "".join(f"{_sha256(temporary / n)}  {n}\n" for n in (PARAMS, META))
        (temporary / SUMS).write_text(sums)
        _remove(folder)
        os.rename(temporary, folder)
    except (OSError, TypeError, ValueError) as error:
        _remove(temporary)
        raise ArtifactError(
            f"artifact: cannot write {folder}: {error}; free space, or point SEQBENCH_CACHE at a "
            "writable folder"
        ) from error
    return _hex(sums.encode())


def read_bundle(folder: Path) -> Bundle:
    """Read and verify. ArtifactError where a file is missing, changed or not what it should be."""
    sums = _read(folder, SUMS)
    trusted = sums.splitlines()
    contents = {name: _read(folder, name) for name in (PARAMS, META)}
    for name, content in contents.items():
        if f"{_hex(content)}  {name}".encode() not in trusted:
            raise _damaged(folder, f"{name} has SHA-256 {_hex(content)[:12]}…, not as in {SUMS}")
    params = _read_npz(contents[PARAMS])
    return Bundle(params, json.loads(contents[META]), _hex(sums))


def _write_npz(path: Path, params: Mapping[str, Any]) -> None:
    """As `numpy.savez`, without pickle and without the time of day in the file."""
    import numpy as np

    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, value in params.items():
            entry = zipfile.ZipInfo(f"{name}.npy")
            with archive.open(entry, "w", force_zip64=True) as file:
                np.lib.format.write_array(file, np.asarray(value), allow_pickle=False)


def _read_npz(content: bytes) -> dict[str, Any]:
    import numpy as np

    with np.load(io.BytesIO(content), allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def _read(folder: Path, name: str) -> bytes:
    try:
        return (folder / name).read_bytes()
    except OSError as error:
        raise _damaged(folder, f"{name}: {error.strerror}") from error


def _damaged(folder: Path, what: str) -> ArtifactError:
    return ArtifactError(
        f"artifact: {folder} cannot be trusted: {what}; delete the folder, it is built again"
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _hex(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _remove(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)
