"""The limits of a kernel by hand sums, and which copy rate a working set is held against."""

from __future__ import annotations

import pytest

from seqbench.kernels.gru import GRU
from seqbench.kernels.optimizers import ADAM
from seqbench.measure.ceilings import COPY_BYTES, Ceilings
from seqbench.measure.roofline import Roof, roof_of, transcendentals_of

MADE = Ceilings(
    "float32",
    gemm_gflops=100.0,
    copy_gb_per_s=10.0,
    tanh_ns=2.0,
    exp_ns=1.0,
    call_us=0.5,
    cached=((1 << 18, 80.0), (1 << 21, 40.0), (1 << 24, 20.0)),
)


def test_a_recurrent_cell_by_hand():
    dims = GRU.Dims(T=10, B=4, I=8, H=16)
    roof = roof_of(GRU, dims, grad=False, itemsize=4, ceilings=MADE)
    tanhs = 3 * 10 * 4 * 16
    assert roof.transcendental_s == pytest.approx(tanhs * 1e-9)  # exp is the faster one
    assert roof.compute_s == pytest.approx((GRU.flops(dims, False) - tanhs) / 1e11)
    assert roof.memory_s == pytest.approx(GRU.bytes(dims, False, 4) / 80e9)
    assert roof.launch_s == pytest.approx(10 * 0.5e-6)  # a call a step at least
    assert roof_of(GRU, dims, grad=True, itemsize=4, ceilings=MADE).launch_s == pytest.approx(1e-5)
    assert roof.binds == "launch"


def test_an_optimizer_of_many_weights_is_bound_by_memory():
    dims = ADAM.Dims(N=100_000_000)
    roof = roof_of(ADAM, dims, grad=False, itemsize=4, ceilings=MADE)
    assert roof.binds == "memory"
    assert roof.limit_s == pytest.approx(7 * 4 * 1e8 / 10e9)
    assert roof.transcendental_s == 0 == transcendentals_of(ADAM, dims, False)
    assert roof.launch_s == pytest.approx(0.5e-6)


@pytest.mark.parametrize(
    ("touched", "rate"),
    [
        (100, 80.0),
        (1 << 18, 80.0),
        ((1 << 21) - 1, 80.0),
        (1 << 21, 40.0),
        (1 << 26, 20.0),
        (2 * COPY_BYTES, 10.0),
    ],
)
def test_the_copy_rate_is_of_the_largest_copy_that_is_no_larger(touched, rate):
    """So the limit is never told higher than the machine's."""
    assert MADE.copy_rate(touched) == rate


def test_without_cached_copies_memory_is_memory():
    plain = Ceilings("float32", 1.0, 10.0, 1.0, 1.0, 1.0)
    assert plain.copy_rate(100) == 10.0


def test_a_share_of_the_limit_and_its_parts_are_rows():
    found = {s.metric: (s.value, s.unit) for s in Roof(3.0, 2.0, 1.0, 0.5).samples(8.0)}
    assert found == {
        "limit_compute": (3.0, "s"),
        "limit_memory": (2.0, "s"),
        "limit_transcendental": (1.0, "s"),
        "limit_launch": (0.5, "s"),
        "limit": (4.0, "s"),
        "share_of_limit": (0.5, "fraction"),
    }
