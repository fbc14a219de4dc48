"""What the cost of a cell and of any kernel tells, with a clock and ceilings that are told."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from fake_clock import FakeTimer

from seqbench.interfaces import (
    Device,
    HostBackend,
    RangeError,
    SharedText,
    UnsupportedError,
    host,
)
from seqbench.kernels.gru import GRU
from seqbench.kernels.gru_simplified import GRU_SIMPLIFIED
from seqbench.kernels.losses import SOFTMAX_CROSS_ENTROPY
from seqbench.kernels.lstm import LSTM
from seqbench.kernels.optimizers import ADAM
from seqbench.kernels.rnn import RNN
from seqbench.measure import cost
from seqbench.measure.bench import Bench
from seqbench.measure.ceilings import Ceilings
from seqbench.measure.cost import CostSettings, ceilings_for, cell_cost, kernel_cost
from seqbench.measure.host_arrays import HostArrays
from seqbench.measure.roofline import transcendentals_of
from seqbench.measure.workloads import draw

DIMS = GRU.Dims(T=4, B=3, I=5, H=6)
SETTINGS = CostSettings(
    warmup=1, min_samples=6, max_samples=6, min_seconds=0.0, max_seconds=10.0, seed=1
)
MADE = Ceilings("float32", gemm_gflops=1e-3, copy_gb_per_s=1, tanh_ns=10, exp_ns=5, call_us=1)


class Probe:
    def reset(self):
        return None

    def peak_bytes(self):
        return 8192


class Clocked(HostArrays):
    """Every region takes 20 ms, every peak is 8 KiB."""

    seconds = (0.02,)

    def timer(self):
        return FakeTimer(self.seconds)

    def memory(self):
        return Probe()


@pytest.fixture(autouse=True)
def _told(monkeypatch):
    monkeypatch.setattr(cost, "measure_ceilings", lambda backend, dtype: MADE)
    monkeypatch.setattr(cost, "empty_region", lambda timer: 1e-7)
    monkeypatch.setattr("gc.collect", lambda: 0)  # slow in a process that holds a test session
    monkeypatch.setattr(cost, "load_between", lambda before, after: None)


@pytest.mark.parametrize("contract", [RNN, GRU_SIMPLIFIED, GRU, LSTM], ids=lambda c: c.name)
def test_phases_and_figures_of_a_cell(contract):
    found = cell_cost(SharedText(contract, Clocked()), DIMS, "float32", SETTINGS)
    assert (found.gate, found.valid, found.reasons) == ("pass", True, [])
    counted = Counter((s.metric, s.phase) for s in found.samples)
    for phase in ("load", "forward", "forward_backward"):
        assert counted.pop(("time", phase)) == 6
    once = {
        ("peak_memory", "B"),
        ("flops", "FLOP"),
        ("bytes", "B"),
        ("gflops_per_s", "GFLOP/s"),
        ("share_of_gemm", "fraction"),
        ("share_of_ceiling", "fraction"),
        ("share_of_limit", "fraction"),
        ("limit", "s"),
        ("limit_compute", "s"),
        ("limit_memory", "s"),
        ("limit_transcendental", "s"),
        ("limit_launch", "s"),
    }
    units = {(s.metric, s.unit) for s in found.samples if s.phase == "forward"}
    assert units == once | {("time", "s")}
    assert len(counted) == 2 * len(once) + 5 + 1  # ceilings; gate_error
    assert set(counted.values()) == {1}
    assert [s.repetition for s in found.samples[:6]] == list(range(6))


def test_figures_follow_from_the_formulas_and_the_median_time():
    found = cell_cost(SharedText(GRU, Clocked()), DIMS, "float32", SETTINGS)
    value = {(s.metric, s.phase): s.value for s in found.samples}
    flops = GRU.flops(DIMS, True)
    assert value["flops", "forward_backward"] == flops
    assert value["bytes", "forward"] == GRU.bytes(DIMS, False, 4)
    assert value["gflops_per_s", "forward_backward"] == pytest.approx(flops / 0.02 / 1e9)
    assert value["share_of_gemm", "forward_backward"] == pytest.approx(flops / 0.02 / 1e6)
    tanhs = 3 * 4 * 3 * 6
    ceiling = (flops - tanhs) / 1e6 + tanhs * 1e-8
    assert value["share_of_ceiling", "forward_backward"] == pytest.approx(ceiling / 0.02)
    assert value["peak_memory", "forward"] == 8192


def test_a_wrong_cell_is_not_timed(monkeypatch):
    class Wrong(SharedText):
        def _plan(self, dims, dtype, *, grad):
            plan = super()._plan(dims, dtype, grad=grad)
            right = plan.forward
            plan.forward = lambda inputs: replace(right(inputs), h=right(inputs).h + 1)
            return plan

    found = cell_cost(Wrong(GRU, Clocked()), DIMS, "float32", SETTINGS)
    assert (found.samples, found.gate, found.valid) == ([], "fail", False)
    assert "h differs from the float64 shared text" in found.reasons[0]
    assert float(found.notes["errors"]["h"]) > 0.1


def test_times_that_cannot_be_trusted_say_so_by_phase(monkeypatch):
    monkeypatch.setattr(Clocked, "seconds", (1e-6,))
    busy = type("Load", (), {"busy": "busy machine: x", "other_cores": 1.0, "steal": 0.0})
    monkeypatch.setattr(cost, "load_between", lambda before, after: busy)
    found = cell_cost(SharedText(GRU, Clocked()), DIMS, "float32", SETTINGS)
    assert not found.valid
    assert [reason.partition(" ")[0] for reason in found.reasons] == [
        "busy",
        "forward:",
        "forward_backward:",
    ]
    assert len([s for s in found.samples if s.metric == "time"]) == 18
    assert found.notes["other_cores"] == 1.0


def test_forward_backward_loads_first():
    log = []

    class Plan:
        nbytes, notes = 0, {}

        def __getattr__(self, name):
            return lambda argument: log.append(name)

    bench = Bench(SharedText(GRU, Clocked()), DIMS, "float32", draw(GRU, DIMS._asdict()))
    calls = bench.calls(Plan())
    for phase in ("load", "forward", "forward_backward"):
        calls[phase]()
        log.append("|")
    assert log == ["load", "|", "forward", "|", "load", "forward", "backward", "|"]


def test_the_workload_is_seeded_and_full_length():
    one, same = (draw(LSTM, DIMS._asdict(), "float32", 3) for _ in range(2))
    other = draw(LSTM, DIMS._asdict(), "float32", 4)
    assert np.array_equal(one.params.weight_hh, same.params.weight_hh)
    assert not np.array_equal(one.params.weight_hh, other.params.weight_hh)
    assert one.inputs.lengths.tolist() == [4, 4, 4]
    assert one.inputs.x.dtype == one.params.bias.dtype == "float32"
    LSTM.validate(one.params, one.inputs)


def test_a_contract_without_shapes_is_told():
    contract = replace(GRU, shapes=None)
    told = "cell_cost: cell/gru has no shapes to draw weights by, expected `Contract.shapes`"
    with pytest.raises(UnsupportedError, match=re.escape(told)):
        cell_cost(SharedText(contract, Clocked()), DIMS, "float32", SETTINGS)


def test_transcendentals_are_the_gates_and_the_memorys_tanh():
    units = 4 * 3 * 6
    cells = (RNN, GRU_SIMPLIFIED, GRU, LSTM)
    counted = {c.name: transcendentals_of(c, DIMS, True) // units for c in cells}
    assert counted == {"rnn": 1, "gru_simplified": 2, "gru": 3, "lstm": 5}


def test_a_peer_on_the_cpu_is_held_against_numpys_ceilings_and_elsewhere_against_none():
    peer = Clocked()
    peer.name = "torch"
    assert ceilings_for(SharedText(GRU, peer), "float32") == (MADE, "torch")
    peer.xp = None
    assert ceilings_for(SharedText(GRU, peer), "float32") == (MADE, "numpy")
    peer.device = Device(kind="gpu")
    told = "none: backend torch has no array namespace"
    assert ceilings_for(SharedText(GRU, peer), "float32") == (None, told)


# -- any kernel ----------------------------------------------------------------------------------


def phases(found):
    return {s.phase for s in found.samples if s.metric == "time"}


def test_a_kernel_has_the_phases_that_it_can_have():
    work = draw(ADAM, {"N": 9})
    found = kernel_cost(SharedText(ADAM, Clocked()), work, "float32", SETTINGS)
    assert phases(found) == {"forward"}
    work = draw(SOFTMAX_CROSS_ENTROPY, {"T": 3, "B": 2, "V": 5})
    found = kernel_cost(SharedText(SOFTMAX_CROSS_ENTROPY, Clocked()), work, "float32", SETTINGS)
    assert phases(found) == {"forward", "forward_backward"}
    assert found.notes["dims"] == {"T": 3, "B": 2, "V": 5}
    assert found.notes["cache"] == "warm"


def test_the_largest_error_of_the_gate_is_a_row():
    found = kernel_cost(SharedText(GRU, Clocked()), draw(GRU, DIMS._asdict()), "float32", SETTINGS)
    (error,) = [s for s in found.samples if s.metric == "gate_error"]
    assert 0 < error.value < 1e-5
    assert f"{error.value:.2g}" in found.notes["errors"].values()


class DeviceEvents:
    """A timer of a made device: it tells the clock beside every time, which falls at the end."""

    def __init__(self, clocks):
        self._clocks, self._count = clocks, 0

    def start(self):
        return None

    def stop(self):
        self._count += 1
        return 0.02

    def reading(self):
        return {"sm_clock_mhz": self._clocks[min(self._count, len(self._clocks)) - 1]}


class MadeDevice(Clocked):
    name = "made"
    device = Device(kind="gpu", model="made")

    def __init__(self, clocks=(1980.0,)):
        self.log, self._clocks = [], clocks

    def timer(self):
        return DeviceEvents(self._clocks)

    def flush_cache(self):
        self.log.append("flush")


def adam_on(backend, **changes):
    work = draw(ADAM, {"N": 9})
    return kernel_cost(SharedText(ADAM, backend), work, "float32", replace(SETTINGS, **changes))


def test_a_device_tells_its_clock_with_each_sample():
    found = adam_on(MadeDevice())
    clocks = [s for s in found.samples if s.metric == "sm_clock_mhz"]
    assert [(s.value, s.unit, s.direction, s.repetition) for s in clocks] == [
        (1980.0, "MHz", "none", n) for n in range(6)
    ]
    assert found.valid


def test_a_clock_that_falls_makes_the_times_invalid_and_keeps_them():
    found = adam_on(MadeDevice([1980.0, 1980.0, 1980.0, 1980.0, 1980.0, 990.0]))
    assert found.reasons == [
        "forward: throttled: sm_clock_mhz fell to 990 in 2 of 6 samples, expected 75% of 1980 at "
        "least; let it cool"
    ]
    assert len([s for s in found.samples if s.metric == "time"]) == 6


def test_cold_caches_are_flushed_ahead_of_every_sample():
    device = MadeDevice()
    assert adam_on(device, cache="cold").notes["cache"] == "cold"
    assert device.log == ["flush"] * 6
    device = MadeDevice()
    adam_on(device)
    assert device.log == []


def test_a_backend_that_cannot_flush_says_so():
    told = "cache is 'cold' and backend host cannot empty its caches, expected a backend with"
    with pytest.raises(UnsupportedError, match=told):
        adam_on(Clocked(), cache="cold")
    with pytest.raises(RangeError, match="cache is 'tepid', expected one of warm, cold"):
        replace(SETTINGS, cache="tepid")


def test_the_host_empties_its_caches_by_writing(monkeypatch):
    monkeypatch.setattr(host, "FLUSH_BYTES", 4096)
    backend = HostBackend()
    backend.flush_cache()
    backend.flush_cache()
    assert backend._flushed.tolist() == [2] * 4096
