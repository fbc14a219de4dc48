"""What checks have shown: stored by `seqbench check`, read by `seqbench list`."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Evidence:
    """Stored check results of one backend: `kind/name` -> impl_id, digest, passed, where."""

    results: dict[str, dict[str, Any]]

    def of(self, key: str, impl_id: str, digest: Callable[[], str]) -> str:
        """Where the checks of exactly this source passed (`cpu`, `gpu`, `emulated`), or `none`.

        `digest` is asked only where something is stored.
        """
        result = self.results.get(key)
        if not result or not result["passed"] or result["impl_id"] != impl_id:
            return "none"
        return str(result["where"]) if result["digest"] == digest() else "none"


def evidence_file(backend: str) -> Path:
    """Under the user's cache: what was last checked on this machine."""
    cache = os.environ.get("SEQBENCH_CACHE") or str(Path.home() / ".cache" / "seqbench")
    return Path(cache) / "checks" / f"{backend}.json"


def stored_evidence(backend: str) -> Evidence:
    """Empty where nothing was stored or the file is damaged: then nothing was shown."""
    try:
        return Evidence(json.loads(evidence_file(backend).read_text()))
    except (OSError, ValueError):
        return Evidence({})


def store_evidence(backend: str, results: dict[str, dict[str, Any]]) -> None:
    """Merge `results` into what is stored."""
    path = evidence_file(backend)
    path.parent.mkdir(parents=True, exist_ok=True)
    merged = stored_evidence(backend).results | results
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    temporary.write_text(json.dumps(merged, sort_keys=True, indent=1))
    os.replace(temporary, path)
