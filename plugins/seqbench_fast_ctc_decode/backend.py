"""The fast_ctc_decode backend: host arrays, no array namespace, hence no shared texts."""

from __future__ import annotations

import platform
from importlib.metadata import version
from typing import Any

import numpy as np

from seqbench.interfaces import Array, Device, HostMemory, HostTimer


class FastCTCBackend:
    """A peer that brings two algorithms; its arrays are NumPy's."""

    name = "fast_ctc_decode"

    def __init__(self) -> None:
        self.device = Device(kind="cpu", model=platform.processor() or platform.machine())
        self.xp: Any = None

    def to_device(self, array: Any) -> Array:
        return np.asarray(array, order="C")

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
        return {"fast_ctc_decode": version("fast-ctc-decode")}
