"""What checks have shown: stored by `seqbench check`, read by `seqbench list`."""

from __future__ import annotations

import importlib.util
import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Results = dict[str, dict[str, Any]]
"""`kind/name` -> impl_id, digest, passed, where."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Check results of one backend: what was stored on this machine, and what came with it."""

    results: Results
    bundled: Results = field(default_factory=dict)

    def of(self, key: str, impl_id: str, digest: Callable[[], str]) -> str:
        """Where the checks of exactly this source passed (`cpu`, `gpu`, `emulated`), or `none`.

        `digest` is asked only where something is stored.
        """
        for results in (self.results, self.bundled):
            result = results.get(key)
            if result and result["impl_id"] == impl_id and result["digest"] == digest():
                return str(result["where"]) if result["passed"] else "none"
        return "none"


def evidence_file(backend: str) -> Path:
    """Under the user's cache: what was last checked on this machine."""
    cache = os.environ.get("SEQBENCH_CACHE") or str(Path.home() / ".cache" / "seqbench")
    return Path(cache) / "checks" / f"{backend}.json"


def stored_evidence(backend: str, bundled: str = "") -> Evidence:
    """Empty where nothing was stored or the file is damaged: then nothing was shown.

    bundled : "package:file", what `BackendSpec.evidence` says
    """
    return Evidence(_read(evidence_file(backend)), _read(_bundled_file(bundled)))


def _read(path: Path | None) -> Results:
    try:
        return dict(json.loads(path.read_text())) if path else {}
    except (OSError, ValueError):
        return {}


def _bundled_file(target: str) -> Path | None:
    package, _, name = target.partition(":")
    spec = importlib.util.find_spec(package) if package else None
    return Path(spec.origin).parent / name if spec and spec.origin else None


def store_evidence(backend: str, results: Results) -> None:
    """Merge `results` into what is stored."""
    path = evidence_file(backend)
    path.parent.mkdir(parents=True, exist_ok=True)
    merged = _read(path) | results
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    temporary.write_text(json.dumps(merged, sort_keys=True, indent=1))
    os.replace(temporary, path)
