"""The CuPy plugin's runtime without a GPU: NumPy arrays, kernels on the emulator.

The plugin's host code runs unchanged on it. With this folder on PYTHONPATH,
`SEQBENCH_CUDA_RUNTIME=emulated_runtime:EmulatedRuntime` makes it the runtime of the backend "cupy"
in any command.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from emulator import EmulatedModule
from seqbench_cupy.runtime import CudaRuntime, DeviceProperties
from seqbench_cupy.sources import CudaSource

from seqbench.interfaces import HostMemory, HostTimer, UnsupportedError


class CupyNames:
    """NumPy's functions under the names that CuPy has; any other raises, as it would there."""

    def __init__(self) -> None:
        try:
            import cupy
        except ImportError:  # then the names are checked where CuPy is installed
            self._cupy: Any = np
        else:
            self._cupy = cupy

    def __getattr__(self, name: str) -> Any:
        if not hasattr(self._cupy, name):
            raise AttributeError(f"CuPy has no {name}: the host code cannot use it")
        return getattr(np, name)


class EmulatedRuntime(CudaRuntime):
    """`properties` are those of an H100 unless a test gives others."""

    where = "emulated"

    def __init__(self, properties: DeviceProperties | None = None) -> None:
        super().__init__()
        self.xp = CupyNames()
        self.properties = properties or DeviceProperties(name="emulated H100")
        self._modules: dict[int, EmulatedModule] = {}

    def _launcher(self, source: CudaSource, name: str) -> Callable[..., None]:
        kernel = self._module(source).kernel(name)

        def launch(grid, block, arguments, shared_bytes, cooperative) -> None:
            if cooperative:
                self._require_resident(name, grid, block, shared_bytes)
            kernel(grid, block, arguments, shared_bytes=shared_bytes, cooperative=cooperative)

        return launch

    def _module(self, source: CudaSource) -> EmulatedModule:
        if id(source) not in self._modules:
            self._modules[id(source)] = EmulatedModule(source.text, source.names)
        return self._modules[id(source)]

    def resident_blocks(
        self, source: CudaSource, name: str, *arguments: str, threads: int, shared_bytes: int = 0
    ) -> int:
        """By threads and shared memory; registers are not known here."""
        by_threads = 2048 // threads
        by_shared = self.properties.shared_bytes // max(1, shared_bytes + 1024)
        return min(by_threads, by_shared) * self.properties.multiprocessors

    def _require_resident(self, name, grid, block, shared_bytes) -> None:
        threads = math.prod(block)
        fits = self.resident_blocks(None, name, threads=threads, shared_bytes=shared_bytes)  # type: ignore[arg-type]
        if math.prod(grid) > fits:
            raise UnsupportedError(
                f"{name}: a cooperative grid of {math.prod(grid)} blocks, expected at most {fits}"
            )

    def gemm(self, a: Any, b: Any, out: Any) -> None:
        """NumPy multiplies bfloat16 into float32; cuBLAS sums in float32 and rounds, as here."""
        if out.dtype.name == "bfloat16":
            out[...] = np.matmul(a, b, dtype=np.float32)
        else:
            super().gemm(a, b, out)

    def capture(self, launches: Callable[[], None]) -> Callable[[], None]:
        launches()
        return launches

    def empty(self, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
        """Filled with what a reader would notice: NaN, or the largest number."""
        made = np.empty(shape, dtype)
        return _poisoned(made)

    def to_device(self, array: Any) -> np.ndarray:
        return np.array(array, order="C")  # always a copy, as on a device

    def to_host(self, array: Any) -> np.ndarray:
        return np.array(array)

    def synchronize(self) -> None:
        return None

    def timer(self) -> HostTimer:
        return HostTimer()

    def memory(self) -> HostMemory:
        return HostMemory()

    def versions(self) -> dict[str, str]:
        return {"cupy": "emulated on NumPy", "numpy": np.__version__}


def _poisoned(array: np.ndarray) -> np.ndarray:
    """Every byte 0xff: NaN as a float, -1 or the largest as an integer, True as a bool."""
    if array.dtype.kind == "b":
        array[...] = True
    elif array.size:
        array.reshape(-1).view(np.uint8)[...] = 0xFF
    return array
