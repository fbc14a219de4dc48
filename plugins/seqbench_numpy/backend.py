"""The NumPy backend: host arrays, SciPy's scatter where it is there, a host clock."""

from __future__ import annotations

import platform
import time
from typing import Any

import numpy as np

from seqbench.interfaces import Array, Device


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


class NumpyBackend:
    """`xp` is numpy; `to_device` makes arrays C-contiguous and copies only where it must."""

    name = "numpy"

    def __init__(self) -> None:
        self.device = Device(kind="cpu", model=platform.processor() or platform.machine())
        self.xp = np

    def to_device(self, array: Any) -> Array:
        return np.asarray(array, order="C")  # ascontiguousarray makes 0-d arrays 1-d

    def to_host(self, array: Array) -> np.ndarray:
        return np.asarray(array)

    def scatter_add(self, out: Array, ids: Array, rows: Array) -> None:
        np.add.at(out, ids, rows)

    def synchronize(self) -> None:
        return None

    def timer(self) -> HostTimer:
        return HostTimer()

    def memory(self) -> HostMemory:
        return HostMemory()

    def versions(self) -> dict[str, str]:
        return {"numpy": np.__version__}
