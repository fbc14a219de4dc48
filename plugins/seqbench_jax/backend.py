"""The JAX backend: immutable arrays on the CPU, no array namespace, hence no shared texts.

Importing this module changes the whole process, before JAX starts its client. It switches JAX's
64-bit types on: without them float64 becomes float32 silently, and so would every comparison with
the float64 text. And it keeps to as many CPUs as OMP_NUM_THREADS says: XLA has no such setting, and
takes a thread for each CPU that the process may use.
"""

from __future__ import annotations

import os
from typing import Any

import jax
import numpy as np

from seqbench.interfaces import HostBackend, UnsupportedError


def keep_to_threads() -> None:
    """Narrow the process to OMP_NUM_THREADS of its CPUs, where that is set and smaller."""
    asked = os.environ.get("OMP_NUM_THREADS", "")
    usable = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    if not asked.isdigit() or not 0 < int(asked) < len(usable):
        return
    first = os.getpid() % len(usable)  # two trials at once should not share one
    os.sched_setaffinity(0, (usable + usable)[first : first + int(asked)])


keep_to_threads()
jax.config.update("jax_enable_x64", True)


class JaxBackend(HostBackend):
    """A peer: it brings its own cells and losses. Plans wait for their results, so the host's clock
    times them.
    """

    name = "jax"

    def __init__(self) -> None:
        super().__init__()
        self._cpu = jax.devices("cpu")[0]

    def to_device(self, array: Any) -> jax.Array:
        return jax.device_put(np.asarray(array, order="C"), self._cpu)

    def scatter_add(self, out: Any, ids: Any, rows: Any) -> None:
        raise UnsupportedError("jax: scatter_add writes into an array, and JAX's cannot be written")

    def versions(self) -> dict[str, str]:
        threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0
        return {**super().versions(), "jax": jax.__version__, "jax_threads": str(threads)}
