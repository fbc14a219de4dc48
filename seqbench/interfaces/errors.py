"""Every error a user can meet.

A message says the operation, the offending value, what was expected and the next step. The command
line prints these without a traceback.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class SeqbenchError(Exception):
    """Base of all errors caused by input, configuration or environment."""


class UsageError(SeqbenchError):
    """The command or configuration makes no sense; nothing was run (exit code 2)."""


class UnknownNameError(UsageError):
    """A plugin, algorithm, data set or key that nothing provides."""


class PluginConflictError(SeqbenchError):
    """Two plugins claim the same name."""


class PluginUnavailableError(SeqbenchError):
    """A plugin is known but cannot be used here; the message says why."""


class UnsupportedError(SeqbenchError):
    """An implementation cannot serve these sizes or this dtype."""


class ShapeError(SeqbenchError, ValueError):
    """Array shapes disagree with the contract."""


class DtypeError(SeqbenchError, TypeError):
    """An array has a dtype the contract does not take."""


class RangeError(SeqbenchError, ValueError):
    """A value, an id or a length lies outside its range."""


class DataError(SeqbenchError):
    """A data set is missing, damaged or empty."""


class ArtifactError(SeqbenchError):
    """A trained artifact cannot be read, written or trusted."""


class StoreError(SeqbenchError):
    """A result could not be written or read."""


class TrainingError(SeqbenchError):
    """Training stopped on its own, with a diagnosis."""


class OutOfMemory(SeqbenchError, MemoryError):  # noqa: N818 (the state is called `oom`)
    """A plan or a beam does not fit the memory it may use."""


def unknown_name(kind: str, name: str, installed: Iterable[str]) -> UnknownNameError:
    """The error for a name nobody provides, with the closest candidates.

    `no cell named 'lstn'; did you mean 'lstm'? installed: gru, lstm, rnn`
    """
    names = sorted(set(installed))
    close = difflib.get_close_matches(str(name), names, n=3, cutoff=0.5)
    hint = "; did you mean " + " or ".join(repr(c) for c in close) + "?" if close else ";"
    listed = ", ".join(names) if names else "none"
    return UnknownNameError(f"no {kind} named {name!r}{hint} installed: {listed}")
