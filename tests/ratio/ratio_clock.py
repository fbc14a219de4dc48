"""The clock of the ratios: CPU time, which other processes on the machine disturb least."""

from __future__ import annotations

import time

from seqbench_numpy.backend import NumpyBackend


class CpuTimer:
    """CPU seconds of this process."""

    def start(self) -> None:
        self._start = time.process_time()

    def stop(self) -> float:
        return time.process_time() - self._start


class CpuClocked(NumpyBackend):
    """NumPy, with ceilings measured by the clock of the ratios."""

    def timer(self) -> CpuTimer:  # type: ignore[override]
        return CpuTimer()
