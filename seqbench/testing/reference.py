"""What implementations are held against: the shared text in float64 on plain NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np

from seqbench.interfaces import Contract, Device, HostTimer, SharedText


class HostBackend:
    """NumPy with nothing tuned, so that testing needs no plugin."""

    def __init__(self) -> None:
        self.name = "reference"
        self.device = Device(kind="cpu")
        self.xp: Any = np

    def to_device(self, array: Any) -> np.ndarray:
        return np.asarray(array, order="C")

    def to_host(self, array: Any) -> np.ndarray:
        return np.asarray(array)

    def scatter_add(self, out: Any, ids: Any, rows: Any) -> None:
        np.add.at(out, ids, rows)

    def synchronize(self) -> None:
        return None

    def timer(self) -> HostTimer:
        return HostTimer()

    def memory(self) -> NoMemoryProbe:
        return NoMemoryProbe()

    def versions(self) -> dict[str, str]:
        return {"numpy": np.__version__}


class NoMemoryProbe:
    """The reference is never measured: always 0."""

    def reset(self) -> None:
        return None

    def peak_bytes(self) -> int:
        return 0


def reference(contract: Contract) -> SharedText:
    """The contract's shared text on HostBackend."""
    return SharedText(contract, HostBackend())
