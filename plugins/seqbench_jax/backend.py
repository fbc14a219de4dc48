"""The JAX backend: immutable arrays on the CPU, no array namespace, hence no shared texts.

Importing this module switches JAX's 64-bit types on, for the whole process: without them float64
becomes float32 silently, and so would every comparison with the float64 text.
"""

from __future__ import annotations

import platform
from typing import Any

import jax
import numpy as np

from seqbench.interfaces import Device, HostMemory, HostTimer, UnsupportedError

jax.config.update("jax_enable_x64", True)


class JaxBackend:
    """A peer: it brings its own cells and losses. Threads are XLA's: one a CPU that it may use.

    Plans wait for their results, so the host's clock times them.
    """

    name = "jax"

    def __init__(self) -> None:
        self.device = Device(kind="cpu", model=platform.processor() or platform.machine())
        self.xp: Any = None
        self._cpu = jax.devices("cpu")[0]

    def to_device(self, array: Any) -> jax.Array:
        return jax.device_put(np.asarray(array, order="C"), self._cpu)

    def to_host(self, array: Any) -> np.ndarray:
        return np.asarray(array)

    def scatter_add(self, out: Any, ids: Any, rows: Any) -> None:
        raise UnsupportedError(
            "jax: scatter_add writes into its array, and JAX's cannot be written"
        )

    def synchronize(self) -> None:
        return None

    def timer(self) -> HostTimer:
        return HostTimer()

    def memory(self) -> HostMemory:
        return HostMemory()

    def versions(self) -> dict[str, str]:
        return {"jax": jax.__version__}
