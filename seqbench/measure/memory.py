"""Peak memory of a call, by the backend's own probe.

On a CPU the probe is resident memory (VmHWM after a reset through clear_refs, less VmRSS at the
reset), so it counts pages, and only those that were not resident before. glibc keeps freed blocks
below its mmap threshold (128 KiB at first, up to 32 MiB after larger ones were freed), and what
is allocated from them again raises no peak: hence the trim before.
"""

from __future__ import annotations

import ctypes
import gc
import sys
from collections.abc import Callable

from seqbench.interfaces import Backend


def peak_bytes_of(fn: Callable[[], object], backend: Backend) -> int:
    """Peak bytes above the level before the call; what `fn` returns is dropped."""
    release_free_memory()
    probe = backend.memory()
    backend.synchronize()
    probe.reset()
    fn()
    backend.synchronize()
    return probe.peak_bytes()


def release_free_memory() -> None:
    """Collect garbage and give the C library's free blocks back to the system (glibc alone)."""
    gc.collect()
    if sys.platform != "linux":
        return
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
