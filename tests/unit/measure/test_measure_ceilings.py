"""Ceilings and shares of them: by hand sums, with a clock that is told."""

from __future__ import annotations

import pytest
from fake_clock import FakeTimer

from seqbench.measure import ceilings
from seqbench.measure.ceilings import Ceilings, ceiling_s, measure_ceilings, share_of_ceiling
from seqbench.measure.host_arrays import HostArrays

MADE = Ceilings("float32", gemm_gflops=100.0, copy_gb_per_s=8, tanh_ns=2, exp_ns=1, call_us=0.4)


class Clocked(HostArrays):
    """A host on which every region takes the seconds that the test wants."""

    def __init__(self, seconds):
        self._seconds = seconds

    def timer(self):
        return FakeTimer(self._seconds)


def test_ceiling_time_is_products_at_gemm_rate_and_nonlinearities_at_tanhs():
    # (1.1e9 - 1e8) / 1e11 = 10 ms, 1e8 x 2 ns = 200 ms
    assert ceiling_s(1.1e9, 1e8, MADE) == pytest.approx(0.21)
    assert share_of_ceiling(1.1e9, 1e8, 0.42, MADE) == pytest.approx(0.5)


def test_rates_are_by_the_best_of_the_repeats(monkeypatch):
    monkeypatch.setattr(ceilings, "GEMM_SHAPES", ((10, 20, 30), (2, 2, 2)))
    monkeypatch.setattr(ceilings, "COPY_BYTES", 4000)
    found = measure_ceilings(Clocked([3e-3, 2e-3, 4e-3]), "float64", repeats=3)
    assert found.gemm_gflops == pytest.approx(2 * 10 * 20 * 30 / 2e-3 / 1e9)
    assert found.copy_gb_per_s == pytest.approx(8000 / 2e-3 / 1e9)
    assert found.tanh_ns == found.exp_ns == pytest.approx(2e-3 / ceilings.ELEMENTS * 1e9)
    assert found.call_us == pytest.approx(2e-3 / ceilings.CALLS * 1e6)


def test_each_ceiling_is_a_named_sample():
    named = {s.metric: (s.value, s.unit, s.direction, s.phase) for s in MADE.samples()}
    assert named == {
        "gemm_float32": (100.0, "GFLOP/s", "none", "ceiling"),
        "copy": (8, "GB/s", "none", "ceiling"),
        "tanh_float32": (2, "ns/element", "none", "ceiling"),
        "exp_float32": (1, "ns/element", "none", "ceiling"),
        "call": (0.4, "us", "none", "ceiling"),
    }


def test_the_arrays_are_of_order_one_and_of_the_dtype():
    filled = ceilings._filled(HostArrays(), (30, 40), "float32")
    assert filled.dtype == "float32"
    assert abs(filled).max() <= 0.5
    assert len(set(filled.ravel().tolist())) == 97
