"""Whether CuPy can be used here: asked of the driver itself, so that `list` imports nothing.

`SEQBENCH_CUDA_RUNTIME` ("module:attr") names another runtime than CuPy's, as the emulator of the
tests does.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
from importlib.metadata import distributions

RUNTIME_VARIABLE = "SEQBENCH_CUDA_RUNTIME"
CUDA_SUCCESS, CUDA_ERROR_NO_DEVICE = 0, 100
DRIVER_LIBRARY = "libcuda.so.1"


def reason() -> str | None:
    """None, or why the backend cannot run here, with the next step."""
    if os.environ.get(RUNTIME_VARIABLE):
        return None
    if importlib.util.find_spec("cupy") is None:
        return "CuPy is not installed; pip install 'seqbench[cuda13]' (or [cuda12])"
    try:
        driver = ctypes.CDLL(DRIVER_LIBRARY)
    except OSError:
        return f"no NVIDIA driver ({DRIVER_LIBRARY} is not there); run on a machine with a GPU"
    return driver_reason(driver, needed_cuda())


def driver_reason(driver: ctypes.CDLL, needed: int) -> str | None:
    """What the driver says: too old for CUDA `needed` (13: any 13.x), broken, or no device."""
    version, count = ctypes.c_int(), ctypes.c_int()
    driver.cuDriverGetVersion(ctypes.byref(version))
    if version.value // 1000 < needed:
        return (
            f"the NVIDIA driver serves CUDA {version.value // 1000}.{version.value % 1000 // 10}, "
            f"this CuPy needs {needed}.x; update the driver or install seqbench[cuda12]"
        )
    status = driver.cuInit(0)
    if status not in (CUDA_SUCCESS, CUDA_ERROR_NO_DEVICE):
        return f"the NVIDIA driver cannot start (cuInit says {status}); see nvidia-smi"
    if status == CUDA_SUCCESS:
        driver.cuDeviceGetCount(ctypes.byref(count))
    return None if count.value else "no CUDA device is visible; see CUDA_VISIBLE_DEVICES"


def needed_cuda() -> int:
    """The CUDA release that the installed CuPy was built for, by its distribution's name."""
    names = [d.metadata["Name"] or "" for d in distributions()]
    built = [n.removeprefix("cupy-cuda").removesuffix("x") for n in names if "cupy-cuda" in n]
    return max((int(b) for b in built if b.isdigit()), default=12)
