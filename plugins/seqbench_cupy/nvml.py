"""The clock of a device's multiprocessors, from the driver's own management library."""

from __future__ import annotations

import ctypes

LIBRARY = "libnvidia-ml.so.1"
NVML_CLOCK_SM = 1


class SmClock:
    """Reads it where the library is there; it changes nothing.

    The device is named by its PCI bus: the library counts devices that CUDA_VISIBLE_DEVICES hides.
    """

    def __init__(self, pci_bus_id: str) -> None:
        self._device = ctypes.c_void_p()
        try:
            self._nvml: ctypes.CDLL | None = ctypes.CDLL(LIBRARY)
        except OSError:
            self._nvml = None
            return
        opened = self._nvml.nvmlInit_v2() == 0
        bus = pci_bus_id.encode()
        found = self._nvml.nvmlDeviceGetHandleByPciBusId_v2(bus, ctypes.byref(self._device))
        if not opened or found != 0:
            self._nvml = None

    def mhz(self) -> float | None:
        """Megahertz now; None where it is not told."""
        value = ctypes.c_uint()
        if self._nvml is None:
            return None
        told = self._nvml.nvmlDeviceGetClockInfo(self._device, NVML_CLOCK_SM, ctypes.byref(value))
        return float(value.value) if told == 0 else None
