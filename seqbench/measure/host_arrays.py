"""NumPy with nothing tuned: what results are held against and the host's ceilings come from."""

from __future__ import annotations

from typing import Any

import numpy as np

from seqbench.interfaces import Backend, Device, HostTimer


class HostArrays:
    """As much of a backend as shared texts and ceilings need; it has no memory probe."""

    name = "host"
    device = Device(kind="cpu")
    xp: Any = np

    def to_device(self, array: Any) -> Any:
        return np.asarray(array, order="C")

    def to_host(self, array: Any) -> Any:
        return np.asarray(array)

    def scatter_add(self, out: Any, ids: Any, rows: Any) -> None:
        np.add.at(out, ids, rows)

    def synchronize(self) -> None:
        return None

    def timer(self) -> HostTimer:
        return HostTimer()

    def memory(self) -> Any:
        raise NotImplementedError("the host's reference arrays are never measured for memory")

    def versions(self) -> dict[str, str]:
        return {"numpy": np.__version__}


HOST: Backend = HostArrays()
