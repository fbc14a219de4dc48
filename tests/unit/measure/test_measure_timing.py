"""When sampling stops, what is kept, and what makes a time invalid: by hand sums."""

from __future__ import annotations

import gc
import math

import pytest
from fake_clock import FakeTimer

from seqbench.interfaces import RangeError
from seqbench.measure.timing import (
    Sampling,
    empty_region,
    measure,
    median_rank,
    relative_half_width,
    validity,
)


def sampling(**changes):
    values = {"warmup": 0, "min_samples": 6, "max_samples": 50, "min_seconds": 0.0}
    return Sampling(**{**values, "max_seconds": 100.0, "target": 0.02, **changes})


def nothing():
    return None


def test_equal_samples_stop_at_the_minimum():
    timer = FakeTimer([0.5])
    assert measure(nothing, timer=timer, sampling=sampling()) == [0.5] * 6


def test_every_sample_is_kept_in_order_and_warm_up_is_not():
    timer = FakeTimer([9.0, 8.0, 1.0, 3.0, 2.0])
    kept = measure(nothing, timer=timer, sampling=sampling(warmup=2, min_samples=3, max_samples=3))
    assert kept == [1.0, 3.0, 2.0]


def test_min_seconds_ask_for_more_samples():
    timer = FakeTimer([0.25])
    assert len(measure(nothing, timer=timer, sampling=sampling(min_seconds=2.0))) == 8


def test_a_noisy_median_samples_up_to_the_maximum():
    timer = FakeTimer([1.0, 2.0] * 100)
    assert len(measure(nothing, timer=timer, sampling=sampling(max_samples=20))) == 20


def test_max_seconds_end_before_the_minimum_of_samples():
    timer = FakeTimer([2.0])
    kept = measure(nothing, timer=timer, sampling=sampling(max_seconds=5.0))
    assert kept == [2.0, 2.0, 2.0]


def test_warm_up_ends_after_max_seconds_too():
    timer = FakeTimer([60.0])
    measure(nothing, timer=timer, sampling=sampling(warmup=5, max_seconds=100.0))
    assert timer.starts == 2 + 2


def test_garbage_collection_is_off_meanwhile_and_on_again():
    seen = []
    measure(lambda: seen.append(gc.isenabled()), timer=FakeTimer([1.0]), sampling=sampling())
    assert seen == [False] * 6
    assert gc.isenabled()


def test_garbage_collection_is_on_again_after_an_error():
    def breaks():
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        measure(breaks, timer=FakeTimer([1.0]), sampling=sampling())
    assert gc.isenabled()


def test_ranks_of_the_medians_interval():
    # 2 x 0.5^6 = 3.1 % lies outside [x1, x6], 2 x 0.5^5 = 6.3 % outside [x1, x5]
    assert [median_rank(n) for n in (1, 5, 6, 8, 9, 10)] == [0, 0, 1, 1, 2, 2]


def test_ranks_of_thousands_of_samples():
    """Two to the power of their number is no float; the exact rank and the normal one agree."""
    assert median_rank(1000) == 469
    assert median_rank(1001) == 469
    assert median_rank(100_000) == 49_690


def test_half_width_of_ten_samples_is_by_the_second_from_either_end():
    samples = [10.0, 1.0, 2.0, 3.0, 4.0, 6.0, 7.0, 8.0, 9.0, 5.0]
    assert relative_half_width(samples) == pytest.approx((9 - 2) / 2 / 5.5)
    assert relative_half_width(samples[:5]) == math.inf


def test_the_empty_region_is_a_median():
    assert empty_region(FakeTimer([1e-7, 9e-7, 2e-7]), readings=3) == 2e-7


def test_good_samples_are_valid():
    assert validity([1.0, 1.01] * 5, sampling=sampling(), empty_s=1e-7) == (True, [])


def test_what_makes_a_time_invalid():
    def reason(samples, **other):
        valid, reasons = validity(samples, **{"sampling": sampling(), "empty_s": 1e-7, **other})
        assert not valid
        assert len(reasons) == 1
        return reasons[0]

    assert reason([1.0] * 3) == "3 samples in 100 s, expected at least 6; raise measure.max_seconds"
    assert (
        reason([5e-6] * 6) == "a sample lasts 5e-06 s, expected 100 times the clock's own 1e-07 s; "
        "take a larger workload"
    )
    assert (
        reason([1.0, 2.0] * 4)
        == "unstable: the quartiles are 67% of the median apart, expected 25%"
    )
    assert (
        reason([1.0] * 6 + [1.2] * 6)
        == "drifting: the second half is +20% off the first, expected 10% at most"
    )
    assert reason([1.0] * 6, busy="busy machine: x") == "busy machine: x"


def test_a_sampling_that_cannot_be_is_refused():
    with pytest.raises(RangeError, match="min_samples is 9 and max_samples 3, expected 1 <= min_"):
        sampling(min_samples=9, max_samples=3)
    with pytest.raises(RangeError, match="min_seconds is 200 and max_seconds 100, expected 0 <= "):
        sampling(min_seconds=200.0)
