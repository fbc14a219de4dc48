"""Choosing a device and reading its clock, against stand-ins of the driver's libraries."""

from __future__ import annotations

import ctypes

import pytest
from seqbench_cupy import nvml

from seqbench.interfaces import PluginUnavailableError

pytestmark = pytest.mark.peer("cupy")


def chosen_device(count):
    from seqbench_cupy import cupy_runtime

    return cupy_runtime.chosen_device(count)


@pytest.mark.parametrize(("given", "index"), [(None, 0), ("", 0), ("1", 1)])
def test_a_device_by_number(monkeypatch, given, index):
    monkeypatch.delenv("SEQBENCH_CUDA_DEVICE", raising=False)
    if given is not None:
        monkeypatch.setenv("SEQBENCH_CUDA_DEVICE", given)
    assert chosen_device(2) == index


@pytest.mark.parametrize("given", ["2", "-1", "first"])
def test_a_device_that_does_not_exist(monkeypatch, given):
    monkeypatch.setenv("SEQBENCH_CUDA_DEVICE", given)
    told = f"SEQBENCH_CUDA_DEVICE is '{given}', expected the number of a device, 0 to 1"
    with pytest.raises(PluginUnavailableError, match=told):
        chosen_device(2)


class Library:
    """libnvidia-ml: one device, at 1980 MHz."""

    def nvmlInit_v2(self):  # noqa: N802
        return 0

    def nvmlDeviceGetHandleByPciBusId_v2(self, bus, device):  # noqa: N802
        return 0 if bus == b"0000:01:00.0" else 6

    def nvmlDeviceGetClockInfo(self, device, clock, out):  # noqa: N802
        out._obj.value = 1980
        return 0 if clock == nvml.NVML_CLOCK_SM else 2


@pytest.mark.parametrize(("bus", "mhz"), [("0000:01:00.0", 1980.0), ("0000:02:00.0", None)])
def test_the_clock_of_a_device(monkeypatch, bus, mhz):
    monkeypatch.setattr(ctypes, "CDLL", lambda name: Library())
    assert nvml.SmClock(bus).mhz() == mhz


def test_no_library_tells_no_clock(monkeypatch):
    def missing(name):
        raise OSError(name)

    monkeypatch.setattr(ctypes, "CDLL", missing)
    assert nvml.SmClock("0000:01:00.0").mhz() is None
