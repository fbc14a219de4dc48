"""The runtime of a real device, by CuPy. Nothing here is imported until the backend is used."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from typing import Any

import cupy
import numpy as np

from seqbench.interfaces import OutOfMemory, PluginUnavailableError, UnsupportedError

from .nvml import SmClock
from .runtime import CudaRuntime, DeviceProperties
from .sources import CudaSource, expression

NULL = np.uint64(0)
"""CuPy has no null pointer of its own; eight bytes of zero are one."""
STATIC_LIMIT = 48 * 1024
"""Bytes of shared memory that a kernel has without opting in."""


DEVICE_VARIABLE = "SEQBENCH_CUDA_DEVICE"


def chosen_device(count: int) -> int:
    """What SEQBENCH_CUDA_DEVICE names among `count` devices; 0 where it is not set.

    Raises PluginUnavailableError for one that does not exist.
    """
    given = os.environ.get(DEVICE_VARIABLE) or "0"
    if not given.isdigit() or int(given) >= count:
        raise PluginUnavailableError(
            f"cupy: {DEVICE_VARIABLE} is {given!r}, expected the number of a device, 0 to "
            f"{count - 1}; nvidia-smi lists them"
        )
    return int(given)


class CupyRuntime(CudaRuntime):
    """The device that SEQBENCH_CUDA_DEVICE names, device 0 without it."""

    where = "gpu"
    xp: Any = cupy

    def __init__(self) -> None:
        super().__init__()
        index = chosen_device(cupy.cuda.runtime.getDeviceCount())
        self.index = index
        cupy.cuda.Device(index).use()
        self.properties = _properties(index)
        self._modules: dict[tuple[int, bool], Any] = {}

    def _launcher(self, source: CudaSource, name: str) -> Callable[..., None]:
        plain = self._module(source, cooperative=False).get_function(name)

        def launch(grid, block, arguments, shared_bytes, cooperative) -> None:
            function = plain
            if cooperative:
                function = self._module(source, cooperative=True).get_function(name)
                self._require_resident(function, name, grid, block, shared_bytes)
            if shared_bytes > STATIC_LIMIT:
                function.max_dynamic_shared_size_bytes = shared_bytes
            given = tuple(NULL if a is None else a for a in arguments)
            function(grid, block, given, shared_mem=shared_bytes)

        return launch

    def _module(self, source: CudaSource, *, cooperative: bool) -> Any:
        """CuPy launches every kernel of a module alike, hence one module each way."""
        key = (id(source), cooperative)
        if key not in self._modules:
            self._modules[key] = cupy.RawModule(
                code=source.text,
                options=("-std=c++17", *source.options),
                name_expressions=source.names,
                enable_cooperative_groups=cooperative,
            )
        return self._modules[key]

    def _require_resident(self, function, name, grid, block, shared_bytes) -> None:
        """CuPy would start fewer blocks with a warning, and compute something else."""
        wanted = math.prod(grid)
        fits = self._resident(function, math.prod(block), shared_bytes)
        if wanted > fits:
            raise UnsupportedError(
                f"{name}: a cooperative grid of {wanted} blocks, expected at most {fits} on "
                f"{self.properties.name}; ask `resident_blocks` before planning"
            )

    def _resident(self, function: Any, threads: int, shared_bytes: int) -> int:
        if shared_bytes > STATIC_LIMIT:
            function.max_dynamic_shared_size_bytes = shared_bytes
        each = cupy.cuda.driver.occupancyMaxActiveBlocksPerMultiprocessor(
            function.kernel.ptr, threads, shared_bytes
        )
        return each * self.properties.multiprocessors

    def resident_blocks(
        self, source: CudaSource, name: str, *arguments: str, threads: int, shared_bytes: int = 0
    ) -> int:
        module = self._module(source, cooperative=True)
        return self._resident(
            module.get_function(expression(name, arguments)), threads, shared_bytes
        )

    def capture(self, launches: Callable[[], None]) -> Callable[[], None]:
        """Once without a graph first, so that every module is loaded before the capture."""
        launches()
        with cupy.cuda.Stream(non_blocking=True) as stream:
            stream.begin_capture()
            launches()
            graph = stream.end_capture()
        return lambda: graph.launch(cupy.cuda.get_current_stream())

    def empty(self, shape: tuple[int, ...], dtype: Any) -> Any:
        try:
            return cupy.empty(shape, dtype)
        except cupy.cuda.memory.OutOfMemoryError as error:
            raise OutOfMemory(
                f"cupy: an array {shape} of {dtype} does not fit the device: {error}; "
                "take a smaller batch or a narrower dtype"
            ) from error

    def to_device(self, array: Any) -> Any:
        return cupy.array(array, order="C")

    def to_host(self, array: Any) -> Any:
        return cupy.asnumpy(array)

    def synchronize(self) -> None:
        cupy.cuda.get_current_stream().synchronize()

    def timer(self) -> EventTimer:
        return EventTimer(self.index)

    def memory(self) -> PoolPeak:
        return PoolPeak()

    def versions(self) -> dict[str, str]:
        runtime = cupy.cuda.runtime
        return {
            "cupy": cupy.__version__,
            "cuda_runtime": str(runtime.runtimeGetVersion()),
            "cuda_driver": str(runtime.driverGetVersion()),
        }


def _properties(index: int) -> DeviceProperties:
    found = cupy.cuda.runtime.getDeviceProperties(index)
    return DeviceProperties(
        name=found["name"].decode(),
        multiprocessors=found["multiProcessorCount"],
        compute_capability=10 * found["major"] + found["minor"],
        shared_bytes=found["sharedMemPerBlockOptin"],
        max_threads=found["maxThreadsPerBlock"],
        warp_size=found["warpSize"],
    )


class EventTimer:
    """Seconds between two events of the current stream; beside them the launch and the clock."""

    def __init__(self, index: int) -> None:
        self._first, self._last = cupy.cuda.Event(), cupy.cuda.Event()
        self._clock = SmClock(cupy.cuda.runtime.deviceGetPCIBusId(index))
        self._launch_s = 0.0

    def start(self) -> None:
        cupy.cuda.get_current_stream().synchronize()
        self._started = time.perf_counter()
        self._first.record()

    def stop(self) -> float:
        self._last.record()
        self._launch_s = time.perf_counter() - self._started
        self._last.synchronize()
        return cupy.cuda.get_elapsed_time(self._first, self._last) / 1e3

    def reading(self) -> dict[str, float]:
        """`launch_s`: until the host had handed over the work; `sm_clock_mhz` where it is told."""
        clock = self._clock.mhz()
        return {"launch_s": self._launch_s} | ({"sm_clock_mhz": clock} if clock else {})


class PoolPeak(cupy.cuda.MemoryHook):
    """Peak bytes of the pool's arrays above the level at `reset`, which starts to listen."""

    name = "seqbench.peak"

    def __init__(self) -> None:
        self._now = self._peak = 0
        self._listening = False

    def reset(self) -> None:
        self._now = self._peak = 0
        if not self._listening:
            self.__enter__()
            self._listening = True

    def malloc_postprocess(self, **details: Any) -> None:
        self._now += details["mem_size"]
        self._peak = max(self._peak, self._now)

    def free_postprocess(self, **details: Any) -> None:
        self._now -= details["mem_size"]

    def peak_bytes(self) -> int:
        if self._listening:
            self.__exit__(None, None, None)
            self._listening = False
        return self._peak
