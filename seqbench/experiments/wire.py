"""JSON lines between the command line, its zygotes and their children; trials as documents."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from seqbench.interfaces.records import Case, Env, Limits, Sample, Trial, TrialRecord, TrialResult

SAMPLE_FIELDS = tuple(f.name for f in fields(Sample))


def plain(value: Any) -> Any:
    """NumPy scalars and arrays as numbers and lists; `default=` of every dump in this package."""
    tolist = getattr(value, "tolist", None)
    if tolist is None:
        raise TypeError(f"{type(value).__name__} {value!r:.80} has no JSON form")
    return tolist()


def encode(message: Mapping[str, Any]) -> bytes:
    """One message, one line."""
    return json.dumps(message, default=plain, separators=(",", ":")).encode() + b"\n"


class LineReader:
    """Collects bytes and gives back the messages that are complete."""

    def __init__(self) -> None:
        self._pending: list[bytes] = []

    def feed(self, data: bytes) -> list[dict[str, Any]]:
        """The messages that `data` completes. ValueError where a line is not a JSON object."""
        head, newline, tail = data.rpartition(b"\n")
        if not newline:
            self._pending.append(tail)
            return []
        lines = b"".join([*self._pending, head]).split(b"\n")
        self._pending = [tail]
        return [_object(line) for line in lines if line]


def _object(line: bytes) -> dict[str, Any]:
    message = json.loads(line)
    if not isinstance(message, dict):
        raise ValueError(f"expected a JSON object, got {line[:80]!r}")
    return message


def trial_document(trial: Trial) -> dict[str, Any]:
    """A trial as plain JSON-able data; `trial_from` reads it back with the same trial_key."""
    return asdict(trial)


def trial_from(document: Mapping[str, Any]) -> Trial:
    values = dict(document)
    case, env = dict(values["case"]), dict(values["env"])
    case["swept"] = tuple(case["swept"])
    env["preload"] = tuple(env["preload"])
    values["case"], values["env"] = Case(**case), Env(**env)
    values["limits"] = Limits(**values["limits"])
    values["needs"] = tuple(values["needs"])
    return Trial(**values)


def result_document(result: TrialResult | TrialRecord) -> dict[str, Any]:
    """The fields of a result or a row; not `asdict`, which would copy every item."""
    document = {f.name: getattr(result, f.name) for f in fields(result)}
    document["samples"] = [
        {name: getattr(sample, name) for name in SAMPLE_FIELDS} for sample in result.samples
    ]
    return document
