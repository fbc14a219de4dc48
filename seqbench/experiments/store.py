"""Where the rows of one campaign live: one JSON a trial, written atomically.

::

    <directory>/plan.json           what was to be run
    <directory>/provenance.json     machine, versions and environment, by key
    <directory>/trials/<trial_key>.json
    <directory>/logs/<trial_key>.log    what the child printed, where it printed anything

A row is complete or absent, whatever is killed; after a loss of power the last seconds may be
missing. Damaged rows are moved aside and run again.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

from seqbench.interfaces.errors import StoreError
from seqbench.interfaces.records import TrialRecord

from .wire import plain, result_document


class TrialStore:
    """The rows of one campaign. Creates `directory`; StoreError where it cannot be written."""

    def __init__(self, directory: str | os.PathLike[str]) -> None:
        self.directory = Path(directory).absolute()
        self.trials = self.directory / "trials"
        self.logs = self.directory / "logs"
        self._check_writable()

    def _check_writable(self) -> None:
        probe = self.trials / f".probe.{os.getpid()}"
        try:
            self.trials.mkdir(parents=True, exist_ok=True)
            self.logs.mkdir(exist_ok=True)
            probe.write_bytes(b"x")
            probe.unlink()
        except OSError as error:
            _cannot("create", self.directory, error)

    def write(self, record: TrialRecord) -> None:
        """Keep a row, replacing the one of the same trial_key."""
        write_json(self.trials / f"{record.trial_key}.json", result_document(record))

    def read_all(self, on_damaged: Callable[[str], None] | None = None) -> list[TrialRecord]:
        """Every row, by trial_key. A damaged file is moved aside and told to `on_damaged`."""
        records = []
        for path in sorted(self.trials.glob("*.json")):
            try:
                records.append(TrialRecord.from_json(json.loads(path.read_bytes())))
            except (ValueError, TypeError, AttributeError) as error:
                message = _set_aside(path, error)
                if on_damaged is not None:
                    on_damaged(message)
            except OSError as error:
                _cannot("read", path, error)
        return records

    def statuses(self, on_damaged: Callable[[str], None] | None = None) -> dict[str, str]:
        """trial_key -> status of every row."""
        return {record.trial_key: record.status for record in self.read_all(on_damaged)}

    def done_keys(self) -> set[str]:
        """The trials that resume need not run: those that are done."""
        return {key for key, status in self.statuses().items() if status == "done"}

    def log_path(self, trial_key: str) -> Path:
        return self.logs / f"{trial_key}.log"

    def write_plan(self, document: Mapping[str, Any]) -> None:
        write_json(self.directory / "plan.json", document)

    def read_plan(self) -> dict[str, Any] | None:
        """The plan, or None where none was written; StoreError where it is damaged."""
        return read_json(self.directory / "plan.json")

    def write_provenance(self, key: str, document: Mapping[str, Any]) -> None:
        """Add one entry to provenance.json; the first description of a key stays."""
        table = self.read_provenance()
        if key not in table:
            write_json(self.directory / "provenance.json", {**table, key: dict(document)})

    def read_provenance(self) -> dict[str, Any]:
        return read_json(self.directory / "provenance.json") or {}

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the campaign: a second runner on the same directory gets a StoreError."""
        path = self.directory / ".lock"
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            _cannot("lock", path, error)
        try:
            self._claim(descriptor)
            self._remove_leftovers()
            yield
        finally:
            os.close(descriptor)

    def _claim(self, descriptor: int) -> None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StoreError(
                f"store: {self.directory} is in use by another seqbench run; "
                "wait until it ends or choose another results_dir"
            ) from None

    def _remove_leftovers(self) -> None:
        """Temporary files of runners that were killed while writing."""
        for folder in (self.directory, self.trials):
            for path in folder.glob(".*.tmp"):
                path.unlink(missing_ok=True)


def write_json(path: Path, document: Mapping[str, Any]) -> None:
    """Write atomically: readers see the old file or the new one. StoreError where it fails."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_bytes(json.dumps(document, default=plain).encode())
        os.replace(temporary, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        _cannot("write", path, error)
    except (TypeError, ValueError) as error:
        raise StoreError(f"store: cannot write {path}: {error}; rows hold plain values") from error


def read_json(path: Path) -> dict[str, Any] | None:
    """The document, None where there is no file; StoreError where it is damaged."""
    try:
        document = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        _cannot("read", path, error)
    except ValueError as error:
        raise StoreError(f"store: {path} is damaged ({error}); delete it and run again") from error
    return dict(document)


def _set_aside(path: Path, error: Exception) -> str:
    aside = path.with_name(path.name + ".damaged")
    try:
        os.replace(path, aside)
    except OSError as reason:
        _cannot("move aside", path, reason)
    return f"store: {path.name} is damaged ({error}); kept as {aside.name}, the trial runs again"


def _cannot(operation: str, path: Path, error: OSError) -> NoReturn:
    raise StoreError(
        f"store: cannot {operation} {path}: {error.strerror or error}; finished rows are kept; "
        "free space or choose a writable results_dir and run the same command again to resume"
    ) from error
