"""The seam between our host code and CUDA: one implementation by CuPy, one by the tests' emulator.

Everything that the plugin's host code does with a device goes through a `CudaRuntime`: memory and
array calls through `xp`, kernels through `kernel`, products through `gemm`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from seqbench.interfaces import MemoryProbe, Timer, UsageError

from .signature import Signature
from .sources import CudaSource, expression


@dataclass(frozen=True, slots=True)
class DeviceProperties:
    """What launch sizes depend on; those of an H100 by default, so that arithmetic can be tested.

    shared_bytes : dynamic and static shared memory that a block may opt in to
    """

    name: str = "H100"
    multiprocessors: int = 132
    compute_capability: int = 90
    shared_bytes: int = 227 * 1024
    max_threads: int = 1024
    warp_size: int = 32


class Kernel:
    """One instance of a kernel with its signature: checks every argument, then launches."""

    def __init__(self, launch: Callable[..., None], signature: Signature, array_type: type) -> None:
        self._launch = launch
        self.signature = signature
        self._checked = signature.checker(array_type)

    def __call__(
        self,
        grid: tuple[int, ...],
        block: tuple[int, ...],
        *arguments: Any,
        shared_bytes: int = 0,
        cooperative: bool = False,
    ) -> None:
        """Launch on the current stream; nothing at all where the grid is empty.

        arguments : device arrays, None for a null pointer, Python or NumPy scalars
        cooperative : every block is resident at once, so that `sq_grid_sync` may be called
        """
        checked = self._checked(arguments)
        if 0 not in grid:
            self._launch(grid, block, checked, shared_bytes, cooperative)


class CudaRuntime(ABC):
    """A device, or what stands for one.

    xp : array namespace; properties : of the device; where : "gpu" or "emulated", for evidence
    """

    xp: Any
    properties: DeviceProperties
    where: str

    def __init__(self) -> None:
        self._kernels: dict[tuple[int, str], Kernel] = {}

    def kernel(self, source: CudaSource, name: str, *arguments: str) -> Kernel:
        """An instance of `source`, built on first use: `kernel(SOURCE, "gather", "float")`."""
        wanted = expression(name, arguments)
        key = (id(source), wanted)
        if key not in self._kernels:
            if wanted not in source.names:
                raise UsageError(
                    f"{source.file}: {wanted} is not among its instances: "
                    f"{', '.join(source.names)}; add it to `templates`"
                )
            signature = source.signature(name, arguments)
            launch = self._launcher(source, wanted)
            self._kernels[key] = Kernel(launch, signature, self.xp.ndarray)
        return self._kernels[key]

    @abstractmethod
    def _launcher(self, source: CudaSource, name: str) -> Callable[..., None]:
        """`launch(grid, block, arguments, shared_bytes, cooperative)` of one instance."""

    @abstractmethod
    def resident_blocks(
        self, source: CudaSource, name: str, *arguments: str, threads: int, shared_bytes: int = 0
    ) -> int:
        """Blocks of this size that the whole device holds at once: a cooperative grid's limit."""

    @abstractmethod
    def capture(self, launches: Callable[[], None]) -> Callable[[], None]:
        """A CUDA graph of the kernels that `launches` starts; call it to start them all.

        `launches` may only start kernels on arrays that stay where they are; no array calls.
        """

    def gemm(self, a: Any, b: Any, out: Any) -> None:
        """out = a @ b in the precision of their dtype."""
        self.xp.matmul(a, b, out=out)

    @abstractmethod
    def empty(self, shape: tuple[int, ...], dtype: Any) -> Any:
        """Uninitialised device memory; OutOfMemory where it does not fit."""

    @abstractmethod
    def to_device(self, array: Any) -> Any: ...
    @abstractmethod
    def to_host(self, array: Any) -> Any: ...
    @abstractmethod
    def synchronize(self) -> None: ...
    @abstractmethod
    def timer(self) -> Timer: ...
    @abstractmethod
    def memory(self) -> MemoryProbe: ...
    @abstractmethod
    def versions(self) -> dict[str, str]: ...
