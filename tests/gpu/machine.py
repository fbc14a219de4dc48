"""What the tables were measured on."""

from __future__ import annotations

import datetime
import platform
import subprocess
from typing import Any

QUERY = "name,driver_version,clocks.sm,clocks.mem,power.draw,temperature.gpu,memory.total"


def described(bench: Any) -> dict[str, Any]:
    """Device, driver, versions, commit; nothing that names a person or a host."""
    properties = bench.backend.runtime.properties
    return {
        "device": properties.name,
        "multiprocessors": properties.multiprocessors,
        "compute_capability": properties.compute_capability,
        "shared_bytes": properties.shared_bytes,
        "nvidia_smi": nvidia_smi(),
        "python": platform.python_version(),
        "torch": bench.torch.__version__,
        "date": datetime.date.today().isoformat(),
        "commit": commit(),
        "dry": bench.dry,
    } | bench.backend.versions()


def nvidia_smi(query: str = QUERY) -> str:
    """One line of values, empty where there is no such tool."""
    return _output("nvidia-smi", f"--query-gpu={query}", "--format=csv,noheader")


def commit() -> str:
    return _output("git", "rev-parse", "--short=12", "HEAD")


def _output(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
