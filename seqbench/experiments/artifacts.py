"""Trained parameters by the key of their configuration: built once, verified at each reading.

The cache is the user's: `SEQBENCH_CACHE`, or `seqbench` under `XDG_CACHE_HOME` or `~/.cache`.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from seqbench.interfaces.errors import ArtifactError

from .bundle import Bundle, read_bundle, write_bundle

Tell = Callable[[str], None]
Build = Callable[[], tuple[Mapping[str, Any], Mapping[str, Any]]]


def default_cache() -> Path:
    """The user's cache of this project."""
    named = os.environ.get("SEQBENCH_CACHE")
    if named:
        return Path(named).expanduser().absolute()
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base).absolute() / "seqbench"


class ArtifactCache:
    """Artifacts under `root`/artifacts, locks and checkpoints beside them."""

    def __init__(self, root: str | os.PathLike[str] | None = None) -> None:
        self.root = Path(root).absolute() if root is not None else default_cache()

    def path(self, key: str) -> Path:
        return self.root / "artifacts" / _checked(key)

    def has(self, key: str) -> bool:
        """Whether something is stored under `key`; `load` says whether it can be trusted."""
        return self.path(key).is_dir()

    def save(self, key: str, params: Mapping[str, Any], meta: Mapping[str, Any]) -> str:
        """Store arrays and their description; returns the digest. Hold the key's lock."""
        return write_bundle(self.path(key), params, meta)

    def load(self, key: str) -> Bundle:
        """The verified artifact. ArtifactError where it is missing or its checksum is off."""
        if not self.has(key):
            raise ArtifactError(
                f"artifact: {key} is not in {self.root / 'artifacts'}; "
                "run the experiment that trains it"
            )
        return read_bundle(self.path(key))

    def get_or_build(self, key: str, build: Build, tell: Tell = lambda text: None) -> Bundle:
        """The artifact; `build() -> (params, meta)` makes it where it is missing or damaged.

        Of several processes one builds, the others wait for it; `tell` hears of waiting and of
        damage.
        """
        found = self._trusted(key, lambda text: None)
        if found is not None:
            return found
        with self.lock(key, tell):
            found = self._trusted(key, tell)
            if found is None:
                self.save(key, *build())
                found = self.load(key)
        return found

    def _trusted(self, key: str, tell: Tell) -> Bundle | None:
        if not self.has(key):
            return None
        try:
            return self.load(key)
        except ArtifactError as error:
            tell(f"{error}; building it again")
            return None

    @contextlib.contextmanager
    def lock(self, key: str, tell: Tell = lambda text: None) -> Iterator[None]:
        """Hold `key` against other processes; the system frees it if the holder dies."""
        path = self.root / "locks" / f"{_checked(key)}.lock"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise ArtifactError(
                f"artifact: cannot lock {path}: {error.strerror}; point SEQBENCH_CACHE at a "
                "writable folder"
            ) from error
        try:
            _claim(descriptor, key, tell)
            yield
        finally:
            os.close(descriptor)

    def checkpoint(self, key: str) -> Checkpoint:
        """Where a training that may be stopped keeps its state; hold the key's lock."""
        return Checkpoint(self.root / "checkpoints" / _checked(key))


class Checkpoint:
    """The state of an unfinished training: each save replaces the one before, atomically."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def save(self, params: Mapping[str, Any], meta: Mapping[str, Any]) -> None:
        """Keep this state. The older one is removed only when the new one is complete."""
        older = self._saved()
        number = int(older[-1].name) + 1 if older else 1
        write_bundle(self.folder / f"{number:08d}", params, meta)
        for folder in older:
            shutil.rmtree(folder)

    def load(self, tell: Tell = lambda text: None) -> Bundle | None:
        """The newest state that can be trusted, or None; `tell` hears of damaged ones."""
        for folder in reversed(self._saved()):
            try:
                return read_bundle(folder)
            except ArtifactError as error:
                tell(str(error))
        return None

    def remove(self) -> None:
        """Training is complete; nothing is left to resume."""
        if self.folder.exists():
            shutil.rmtree(self.folder)

    def _saved(self) -> list[Path]:
        return sorted(self.folder.glob("[0-9]*")) if self.folder.exists() else []


def _claim(descriptor: int, key: str, tell: Tell) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        tell(f"artifact: {key} is being built by another process; waiting")
        fcntl.flock(descriptor, fcntl.LOCK_EX)


def _checked(key: str) -> str:
    """Keys are file names here."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", key):
        raise ArtifactError(
            f"artifact: {key!r} is no key; expected letters, digits, '-', '_' and '.'"
        )
    return key
