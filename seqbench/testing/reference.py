"""What implementations are held against: the shared text in float64 on plain NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np

from seqbench import interfaces
from seqbench.interfaces import Contract, SharedText


class HostBackend(interfaces.HostBackend):
    """NumPy with nothing tuned, so that testing needs no plugin."""

    name = "reference"
    xp: Any = np

    def memory(self) -> NoMemoryProbe:  # type: ignore[override]  # it is never measured
        return NoMemoryProbe()


class NoMemoryProbe:
    """The reference is never measured: always 0."""

    def reset(self) -> None:
        return None

    def peak_bytes(self) -> int:
        return 0


def reference(contract: Contract) -> SharedText:
    """The contract's shared text on HostBackend."""
    return SharedText(contract, HostBackend())
