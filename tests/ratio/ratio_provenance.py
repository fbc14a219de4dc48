"""Where a ratio table comes from: the notes that stand in each of its rows."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version

import threadpoolctl

from seqbench.experiments.environment import commit, machine
from seqbench.measure.host_arrays import HOST

LIBRARIES = ("scipy", "torch", "gensim", "sacrebleu", "fast-ctc-decode")


def provenance() -> dict[str, str]:
    """Machine, BLAS core, threads, versions, commit, day and clock."""
    blas = [p for p in threadpoolctl.threadpool_info() if p["user_api"] == "blas"]
    told = sorted({f"{p['internal_api']} {p['version']} {p.get('architecture')}" for p in blas})
    preset = os.environ.get("OPENBLAS_CORETYPE")
    return {
        "machine": str(machine()["cpu_model"]),
        "blas": ", ".join(told) + (f" (OPENBLAS_CORETYPE={preset} is set)" if preset else ""),
        "threads": str(max((p["num_threads"] for p in blas), default=1)),
        "python": str(machine()["python"]),
        **HOST.versions(),
        **{name: found for name in LIBRARIES if (found := _version(name))},
        "commit": _commit(),
        "date": datetime.now(UTC).date().isoformat(),
        "clock": "CPU seconds of the process",
    }


def _commit() -> str:
    found = commit()
    return found["id"][:12] + ("-dirty" if found["dirty"] else "")


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
