"""What a backend supplies: a device, an array namespace, and the little that namespaces lack."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

Array = Any
"""An array of the backend's namespace: numpy.ndarray, cupy.ndarray, torch.Tensor."""


@dataclass(frozen=True, slots=True)
class Device:
    """Where a backend computes. `properties` can be injected by an emulator or a launch test."""

    kind: str  # "cpu" or "gpu"
    index: int = 0
    model: str = ""
    properties: dict[str, Any] = field(default_factory=dict)


class Timer(Protocol):
    """Host clock or device events around a region."""

    def start(self) -> None: ...
    def stop(self) -> float:
        """Seconds since `start`, after the device has finished."""
        ...


@runtime_checkable
class TellingTimer(Timer, Protocol):
    """A timer that knows more than seconds, as one of device events does."""

    def reading(self) -> Mapping[str, float]:
        """Of the region stopped last, names with their unit: `sm_clock_mhz`, `launch_s`.

        A name ending in `_mhz` is a clock, whose fall makes a time invalid.
        """
        ...


@runtime_checkable
class FlushesCache(Protocol):
    """A backend whose caches can be emptied, for times with nothing warm."""

    def flush_cache(self) -> None:
        """Push out what the device's caches hold; returns when that is done."""
        ...


class MemoryProbe(Protocol):
    """Peak memory of a region, in bytes above its start."""

    def reset(self) -> None: ...
    def peak_bytes(self) -> int: ...


@runtime_checkable
class Backend(Protocol):
    """One per (plugin, device).

    `xp` is an array namespace with NumPy's function names, or None for a peer that brings its own
    implementations and no shared text.
    """

    name: str
    device: Device
    xp: Any

    def to_device(self, array: Any) -> Array:
        """A host array on the device; C-contiguous, same dtype."""
        ...

    def to_host(self, array: Array) -> Any:
        """A NumPy array; waits for the device."""
        ...

    def scatter_add(self, out: Array, ids: Array, rows: Array) -> None:
        """`out[ids[n]] += rows[n]` for every n, repeated ids summed; ids are flat, in range."""
        ...

    def synchronize(self) -> None: ...
    def timer(self) -> Timer: ...
    def memory(self) -> MemoryProbe: ...
    def versions(self) -> dict[str, str]:
        """Libraries that decide this backend's speed and their versions."""
        ...


class Kernels(Protocol):
    """Every contract resolved for one backend: what compositions are built from."""

    backend: Backend

    def get(self, kind: str, name: str) -> Any:
        """The Implementation chosen for `kind/name` on this backend; the choice is recorded."""
        ...

    @property
    def resolved(self) -> dict[str, str]:
        """`kind/name` -> impl_id of everything asked for so far, for the row."""
        ...


Factory = Callable[..., Any]
