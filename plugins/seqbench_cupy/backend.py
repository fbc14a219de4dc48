"""The CuPy backend: device arrays, CuPy's namespace, kernels through a CudaRuntime."""

from __future__ import annotations

import importlib
import os
from typing import Any

from seqbench.interfaces import Array, Device, MemoryProbe, Timer

from .probe import RUNTIME_VARIABLE
from .runtime import CudaRuntime
from .scatter import scatter_add

FLUSH_BYTES = 96 * 1024 * 1024
"""More than the second-level cache of any device so far."""


class CupyBackend:
    """Every shared text runs on it; `runtime` is CuPy's own unless another is given."""

    name = "cupy"

    def __init__(self, runtime: CudaRuntime | None = None) -> None:
        self.runtime = runtime or _runtime()
        self.xp: Any = self.runtime.xp
        self._flushed: Any = None
        properties = self.runtime.properties
        self.device = Device(
            kind="gpu", model=properties.name, properties={"evidence": self.runtime.where}
        )

    def to_device(self, array: Any) -> Array:
        return self.runtime.to_device(array)

    def to_host(self, array: Array) -> Any:
        return self.runtime.to_host(array)

    def scatter_add(self, out: Array, ids: Array, rows: Array) -> None:
        scatter_add(self.runtime, out, ids, rows)

    def synchronize(self) -> None:
        self.runtime.synchronize()

    def flush_cache(self) -> None:
        """Write more than the second-level cache holds; the block is kept for the next time."""
        if self._flushed is None:
            self._flushed = self.xp.zeros(FLUSH_BYTES // 4, "float32")
        self._flushed += 1
        self.synchronize()

    def timer(self) -> Timer:
        return self.runtime.timer()

    def memory(self) -> MemoryProbe:
        return self.runtime.memory()

    def versions(self) -> dict[str, str]:
        return self.runtime.versions()


def _runtime() -> CudaRuntime:
    target = os.environ.get(RUNTIME_VARIABLE) or "seqbench_cupy.cupy_runtime:CupyRuntime"
    module, _, attribute = target.partition(":")
    return getattr(importlib.import_module(module), attribute)()
