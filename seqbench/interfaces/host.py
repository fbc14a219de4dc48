"""The host: clock, memory, and what every backend whose arrays are NumPy's has in common."""

from __future__ import annotations

import importlib
import platform
import time
from typing import Any

from .backend import Array, Device


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


FLUSH_BYTES = 1 << 28
"""Written to push everything else out of the caches: more than a socket's last level holds."""


class HostBackend:
    """Host arrays: NumPy itself, and peers that take NumPy's arrays.

    A subclass gives `name` and `versions`, and `xp` where it offers the shared texts. NumPy is
    imported with the first backend, so that listing plugins needs none.
    """

    name = ""
    xp: Any = None

    def __init__(self) -> None:
        self.device = Device(kind="cpu", model=platform.processor() or platform.machine())
        self._numpy = importlib.import_module("numpy")
        self._flushed: Any = None

    def to_device(self, array: Any) -> Array:
        """C-contiguous, copied only where it must be."""
        return self._numpy.asarray(array, order="C")  # ascontiguousarray makes 0-d arrays 1-d

    def to_host(self, array: Array) -> Any:
        return self._numpy.asarray(array)

    def scatter_add(self, out: Array, ids: Array, rows: Array) -> None:
        self._numpy.add.at(out, ids, rows)

    def synchronize(self) -> None:
        return None

    def flush_cache(self) -> None:
        """Write a block larger than the caches; it is kept for the next time."""
        if self._flushed is None:
            self._flushed = self._numpy.zeros(FLUSH_BYTES, "uint8")
        self._flushed += 1

    def timer(self) -> HostTimer:
        return HostTimer()

    def memory(self) -> HostMemory:
        return HostMemory()

    def versions(self) -> dict[str, str]:
        return {"numpy": self._numpy.__version__}
