"""The CuPy backend: device arrays, CuPy's namespace, kernels through a CudaRuntime."""

from __future__ import annotations

import importlib
import os
from typing import Any

from seqbench.interfaces import Array, Device, MemoryProbe, Timer

from .probe import RUNTIME_VARIABLE
from .runtime import CudaRuntime
from .scatter import scatter_add


class CupyBackend:
    """Every shared text runs on it; `runtime` is CuPy's own unless another is given."""

    name = "cupy"

    def __init__(self, runtime: CudaRuntime | None = None) -> None:
        self.runtime = runtime or _runtime()
        self.xp: Any = self.runtime.xp
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
