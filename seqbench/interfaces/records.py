"""What a run is made of and what it leaves behind: cases, trials, samples, records.

Everything here is plain JSON-able data; nothing is pickled anywhere.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

SCHEMA_VERSION = 1

Status = Literal["done", "failed", "timeout", "oom", "skipped", "interrupted"]
Gate = Literal["pass", "fail", "none"]
Direction = Literal["higher", "lower", "none"]


def canonical_json(value: Any) -> str:
    """One text for one value: sorted keys, no spaces, no NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def digest(value: Any, length: int = 16) -> str:
    """Hex SHA-256 of the canonical JSON, cut to `length`."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()[:length]


@dataclass(frozen=True, slots=True)
class Case:
    """One point of an experiment, from its configuration alone.

    `task` names the function that runs it (see `seqbench.experiments.tasks`), `params` is the
    plain nested configuration, `swept` the dotted keys that this experiment varies.
    """

    experiment: str
    task: str
    params: Mapping[str, Any]
    seed: int
    swept: tuple[str, ...] = ()

    @property
    def case_id(self) -> str:
        """Joins tables: no source, version or machine in it."""
        return digest([self.experiment, self.task, self.params, self.seed])


@dataclass(frozen=True, slots=True)
class Env:
    """The process environment a trial needs: one zygote each.

    `blas_core` None means that OPENBLAS_CORETYPE is removed, whatever the shell had set.
    """

    threads: int = 1
    blas_core: str | None = None
    preload: tuple[str, ...] = ("numpy",)


@dataclass(frozen=True, slots=True)
class Limits:
    timeout_s: float = 3600.0
    memory_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Trial:
    """One supervised child process: a case, once (`round`).

    `resolved` maps every slot to an impl_id, `digests` to the source digest of what is behind it.
    `needs` are artifact keys that must exist first, `builds` is the one that this trial makes.
    Trials of one `group` form a timing block.
    """

    case: Case
    resolved: Mapping[str, str] = field(default_factory=dict)
    digests: Mapping[str, str] = field(default_factory=dict)
    data_hash: str = ""
    device_model: str = "cpu"
    round: int = 0
    env: Env = field(default_factory=Env)
    limits: Limits = field(default_factory=Limits)
    needs: tuple[str, ...] = ()
    builds: str = ""
    group: str = ""

    @property
    def trial_key(self) -> str:
        """What resume goes by."""
        return digest(
            [
                self.case.case_id,
                dict(self.resolved),
                dict(self.digests),
                self.data_hash,
                self.device_model,
                asdict(self.env),
                self.round,
            ]
        )


@dataclass(frozen=True, slots=True)
class Sample:
    """One measured value. `repetition` counts within a process, the trial's round across them."""

    metric: str
    value: float
    unit: str
    direction: Direction = "none"
    phase: str = ""
    repetition: int = 0


@dataclass(slots=True)
class TrialRecord:
    """What one trial left: written as one JSON file, the truth that tables derive from.

    `items` holds sufficient statistics an item (BLEU counts, log P a sentence), as lists of
    numbers by name; `signature` says how the quality numbers came about.
    """

    trial_key: str
    case_id: str
    experiment: str
    task: str
    params: dict[str, Any]
    swept: list[str]
    seed: int
    round: int
    status: Status
    samples: list[Sample] = field(default_factory=list)
    items: dict[str, list[Any]] = field(default_factory=dict)
    gate: Gate = "none"
    valid: bool = True
    reasons: list[str] = field(default_factory=list)
    kernel_impl: str = ""
    resolved: dict[str, str] = field(default_factory=dict)
    notes: dict[str, Any] = field(default_factory=dict)
    signature: str = ""
    source: str = "measured"  # or "reused"
    group: str = ""
    provenance: str = ""  # key into the campaign's provenance table
    artifact: str = ""
    error: str = ""  # one line for people
    traceback: str = ""
    exit_code: int | None = None
    wall_s: float = 0.0
    started_at: str = ""  # ISO 8601, UTC
    schema_version: int = SCHEMA_VERSION

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> TrialRecord:
        values = dict(document)
        values["samples"] = [Sample(**s) for s in values.get("samples", [])]
        return cls(**values)


@dataclass(slots=True)
class TrialResult:
    """What a task function returns to the runner, which makes the TrialRecord of it."""

    samples: list[Sample] = field(default_factory=list)
    items: dict[str, list[Any]] = field(default_factory=dict)
    gate: Gate = "none"
    valid: bool = True
    reasons: list[str] = field(default_factory=list)
    kernel_impl: str = ""
    resolved: dict[str, str] = field(default_factory=dict)
    notes: dict[str, Any] = field(default_factory=dict)
    signature: str = ""
    artifact: str = ""
