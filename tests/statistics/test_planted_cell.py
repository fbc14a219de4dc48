"""A planted slowdown is as large as it says."""

from __future__ import annotations

import time

import pytest
from planted_cell import slowed


def busy():
    end = time.perf_counter() + 2e-3
    while time.perf_counter() < end:
        pass


@pytest.mark.parametrize("share", [0.0, 0.05, 0.5])
def test_the_fastest_call_is_slower_by_the_share(share):
    """Of several calls, since a machine adds time and never takes any away."""
    slow, found = slowed(busy, share), []
    for _ in range(40):
        began = time.perf_counter()
        slow()
        found.append(time.perf_counter() - began)
    assert min(found) == pytest.approx(2e-3 * (1 + share), rel=0.02)
