"""The sacrebleu backend: host arrays, no array namespace, hence no shared texts."""

from __future__ import annotations

import platform
from typing import Any

import numpy as np
import sacrebleu

from seqbench.interfaces import Array, Device, HostMemory, HostTimer


class SacrebleuBackend:
    """A peer that brings one algorithm; its arrays are NumPy's."""

    name = "sacrebleu"

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
        return {"sacrebleu": sacrebleu.__version__}
