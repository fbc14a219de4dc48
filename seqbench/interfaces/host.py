"""Clock and memory of the host: what every backend on the CPU measures with."""

from __future__ import annotations

import time


class HostTimer:
    """Wall-clock seconds; the host has nothing to wait for."""

    def start(self) -> None:
        self._start = time.perf_counter()

    def stop(self) -> float:
        return time.perf_counter() - self._start


class HostMemory:
    """Peak resident bytes above the level at `reset` (Linux: VmHWM after clear_refs)."""

    def __init__(self) -> None:
        self._base = 0

    def reset(self) -> None:
        try:
            with open("/proc/self/clear_refs", "w") as handle:
                handle.write("5")
        except OSError:
            pass
        self._base = _status_bytes("VmRSS")

    def peak_bytes(self) -> int:
        return max(0, _status_bytes("VmHWM") - self._base)


def _status_bytes(field: str) -> int:
    with open("/proc/self/status") as handle:
        for line in handle:
            if line.startswith(field + ":"):
                return int(line.split()[1]) * 1024
    return 0
