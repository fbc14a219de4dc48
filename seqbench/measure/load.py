"""Who else used the machine while something was measured: Linux' /proc/stat, before and after."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

STAT = Path("/proc/stat")
CPUINFO = Path("/proc/cpuinfo")
FREQUENCIES = Path("/sys/devices/system/cpu")
STEAL = 0.02
"""More of the time than this taken by the hypervisor is a busy machine."""
FULL = 0.95
"""The machine is full where more than this share of its cores worked."""
OTHERS = 0.10
"""What others may use of a core on a machine that is full."""


@dataclass(frozen=True, slots=True)
class CpuTimes:
    """Ticks since boot, summed over all cores, and this process's own CPU seconds."""

    busy: int
    idle: int
    steal: int
    cores: int
    own_s: float
    ticks_per_s: int = 100


@dataclass(frozen=True, slots=True)
class MachineLoad:
    """Between two moments: cores used by others and by us, and the share that was stolen."""

    cores: int
    own_cores: float
    other_cores: float
    steal: float

    @property
    def busy(self) -> str | None:
        """Why a time taken meanwhile is not to be trusted; None where it is."""
        if self.steal > STEAL:
            return f"busy machine: {self.steal:.0%} of its time was stolen, expected {STEAL:.0%}"
        full = self.own_cores + self.other_cores > FULL * self.cores
        if full and self.other_cores > OTHERS:
            return (
                f"busy machine: others used {self.other_cores:.1f} of {self.cores} cores; "
                "stop them and measure again"
            )
        return None


def cpu_times() -> CpuTimes | None:
    """Now; None where there is no /proc/stat."""
    try:
        text = STAT.read_text()
    except OSError:
        return None
    return parse_stat(text, own_s=time.process_time(), ticks_per_s=os.sysconf("SC_CLK_TCK"))


def parse_stat(text: str, *, own_s: float, ticks_per_s: int = 100) -> CpuTimes:
    """The `cpu` line of proc(5): user nice system idle iowait irq softirq steal (guest in user)."""
    lines = text.splitlines()
    user, nice, system, idle, iowait, irq, softirq, steal = map(int, lines[0].split()[1:9])
    cores = sum(line.startswith("cpu") for line in lines) - 1
    working = user + nice + system + irq + softirq
    return CpuTimes(working, idle + iowait, steal, cores, own_s, ticks_per_s)


def cpu_mhz() -> float | None:
    """The fastest core's clock now, in MHz; None where the system does not tell it."""
    clocks = [_khz(path) / 1e3 for path in FREQUENCIES.glob("cpu*/cpufreq/scaling_cur_freq")]
    if not any(clocks):
        clocks = _told_mhz()
    return max(clocks, default=0.0) or None


def _khz(path: Path) -> float:
    try:
        return float(path.read_text())
    except (OSError, ValueError):
        return 0.0


def _told_mhz() -> list[float]:
    """By proc(5); under a hypervisor often the nominal clock."""
    try:
        lines = CPUINFO.read_text().splitlines()
    except OSError:
        return []
    return [float(line.partition(":")[2]) for line in lines if line.startswith("cpu MHz")]


def load_between(before: CpuTimes | None, after: CpuTimes | None) -> MachineLoad | None:
    """None where it cannot be told: no /proc/stat, or less than ten ticks apart."""
    if before is None or after is None:
        return None
    busy = after.busy - before.busy
    steal = after.steal - before.steal
    total = busy + steal + after.idle - before.idle
    if total < 10 * after.cores:
        return None
    seconds = total / after.cores / after.ticks_per_s
    own_cores = (after.own_s - before.own_s) / seconds
    other_cores = max(0.0, busy / after.ticks_per_s / seconds - own_cores)
    return MachineLoad(after.cores, own_cores, other_cores, steal / total)
