"""The order in which peak memory is taken."""

from __future__ import annotations

from seqbench.measure import memory
from seqbench.measure.memory import peak_bytes_of


class Probe:
    def __init__(self, log):
        self._log = log

    def reset(self):
        self._log.append("reset")

    def peak_bytes(self):
        self._log.append("peak")
        return 4096


class Device:
    def __init__(self):
        self.log = []

    def memory(self):
        return Probe(self.log)

    def synchronize(self):
        self.log.append("synchronize")


def test_the_peak_is_read_after_the_device_has_finished(monkeypatch):
    backend = Device()
    monkeypatch.setattr(memory, "release_free_memory", lambda: backend.log.append("trim"))
    assert peak_bytes_of(lambda: backend.log.append("call"), backend) == 4096
    assert backend.log == ["trim", "synchronize", "reset", "call", "synchronize", "peak"]


def test_free_memory_can_be_released_here():
    memory.release_free_memory()
