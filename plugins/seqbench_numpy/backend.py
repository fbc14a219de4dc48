"""The NumPy backend: host arrays, SciPy's scatter where it is there, a host clock."""

from __future__ import annotations

import platform
from typing import Any

import numpy as np

from seqbench.interfaces import Array, Device, HostMemory, HostTimer


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
