"""Who used the machine: /proc/stat by hand sums."""

from __future__ import annotations

import pytest

from seqbench.measure import load
from seqbench.measure.load import MachineLoad, cpu_times, load_between, parse_stat

STAT = """cpu  100 10 40 800 50 3 7 20 5 0
cpu0 50 5 20 400 25 1 4 10 2 0
cpu1 50 5 20 400 25 2 3 10 3 0
intr 12345
ctxt 999
"""


def stat(user, idle, steal=0, cores=2):
    lines = [f"cpu {user} 0 0 {idle} 0 0 0 {steal} 0 0"]
    lines += [f"cpu{n} 0 0 0 0 0 0 0 0 0 0" for n in range(cores)]
    return "\n".join([*lines, "intr 1"])


def between(user, idle, steal=0, own_s=0.0, cores=2):
    before = parse_stat(stat(1000, 5000, 10, cores), own_s=3.0)
    after = parse_stat(stat(1000 + user, 5000 + idle, 10 + steal, cores), own_s=3.0 + own_s)
    return load_between(before, after)


def test_the_fields_of_proc_stat():
    times = parse_stat(STAT, own_s=1.5)
    assert (times.busy, times.idle, times.steal, times.cores) == (160, 850, 20, 2)


def test_cores_used_by_us_and_by_others():
    # 10 s on 2 cores are 2000 ticks; 1500 busy are 1.5 cores, of which we used 9 s
    found = between(user=1500, idle=500, own_s=9.0)
    assert found.own_cores == pytest.approx(0.9)
    assert found.other_cores == pytest.approx(0.6)
    assert found.steal == 0
    assert found.busy is None


def test_a_full_machine_is_busy():
    found = between(user=1990, idle=10, own_s=9.9)
    assert found.busy == ("busy machine: others used 1.0 of 2 cores; stop them and measure again")


def test_a_single_core_that_is_ours_alone_is_not_busy():
    assert between(user=1000, idle=0, own_s=9.9, cores=1).busy is None
    assert between(user=1000, idle=0, own_s=8.0, cores=1).busy is not None


def test_stolen_time_is_busy():
    found = between(user=1000, idle=900, steal=100, own_s=9.0)
    assert found.steal == pytest.approx(0.05)
    assert found.busy == "busy machine: 5% of its time was stolen, expected 2%"


def test_a_moment_too_short_to_tell():
    assert between(user=10, idle=5) is None


def test_without_proc_stat_nothing_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr(load, "STAT", tmp_path / "stat")
    assert cpu_times() is None
    assert load_between(None, None) is None


def test_this_machine_can_be_read_where_it_is_linux():
    times = cpu_times()
    assert times is None or times.cores >= 1


def test_thresholds_are_exclusive():
    assert MachineLoad(2, 1.0, 0.9, 0.02).busy is None
