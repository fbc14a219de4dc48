"""What the numbers depend on besides the code: machine, libraries, commit, threads, load."""

from __future__ import annotations

import os
import platform
import shlex
import subprocess
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from seqbench.interfaces.records import Env, digest
from seqbench.measure.load import cpu_mhz

LIBRARIES = (
    "seqbench",
    "numpy",
    "scipy",
    "pandas",
    "hydra-core",
    "torch",
    "jax",
    "cupy-cuda12x",
    "cupy-cuda13x",
    "sacrebleu",
    "threadpoolctl",
)
GIT_TIMEOUT_S = 10
PLACES = ("results_dir=", "campaign=", "data.root=", "hydra.")
"""Overrides that say where files lie: no part of any case."""


def surroundings() -> dict[str, Any]:
    """Machine, versions and commit: what every environment of a run shares (about 50 ms)."""
    return {"machine": machine(), "versions": versions(), "commit": commit()}


def provenance(
    around: dict[str, Any], env: Env, threadpools: list[dict[str, Any]]
) -> tuple[str, dict[str, Any]]:
    """The key and the description of one environment; `around` is `surroundings()`.

    Time, load, clock and command change between runs and are left out of the key.
    """
    document = {**around, "env": asdict(env), "threadpools": threadpools}
    moment = {
        "load_average": load_average(),
        "cpu_mhz": cpu_mhz(),
        "command": command(),
        "written_at": datetime.now(UTC).isoformat(),
    }
    return digest(document), {**document, **moment}


def command() -> str:
    """What was typed, without the places on this machine; "" where it was not `seqbench run`."""
    if sys.argv[0] != "seqbench":  # as `seqbench run` sets it for Hydra
        return ""
    words = (word for word in sys.argv[1:] if not word.lstrip("+").startswith(PLACES))
    return shlex.join(["seqbench", "run", *words])


def machine() -> dict[str, Any]:
    """Hardware and system; no host name."""
    return {
        "cpu_model": cpu_model(),
        "cores": os.cpu_count(),
        "usable_cores": usable_cores(),
        "memory_bytes": memory_bytes(),
        "system": platform.system(),
        "release": platform.release(),
        "architecture": platform.machine(),
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
    }


def machine_id() -> str:
    """Tells machines apart: same hardware, system and Python give the same id."""
    return digest(machine())


def cpu_model() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor()
    named = text.partition("model name")[2].partition(":")[2].split("\n")[0].strip()
    return named or platform.processor()


def usable_cores() -> int:
    """Cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def memory_bytes() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def load_average() -> list[float]:
    """Over 1, 5 and 15 minutes."""
    return [round(value, 2) for value in os.getloadavg()]


def versions() -> dict[str, str]:
    """Installed libraries that decide results or times; nothing is imported."""
    from importlib.metadata import PackageNotFoundError, version

    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def commit() -> dict[str, Any]:
    """`{"id", "dirty"}` of the checkout this package runs from; id "" where there is none."""
    root = Path(__file__).resolve().parents[2]
    head = _git(root, "rev-parse", "HEAD") if (root / ".git").exists() else None
    if head is None:
        return {"id": "", "dirty": False}
    return {"id": head, "dirty": bool(_git(root, "status", "--porcelain"))}


def _git(root: Path, *arguments: str) -> str | None:
    """What git says, or None where it cannot be asked."""
    try:
        answer = subprocess.run(
            ["git", "-C", str(root), *arguments],
            capture_output=True,
            text=True,
            timeout=GIT_TIMEOUT_S,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip()
