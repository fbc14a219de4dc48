"""The kernels under other thread orders and under the race finder.

Outputs must not depend on the order in which threads run, and no two threads may touch one place
between barriers, one of them writing. A few sizes a kernel here; `-m slow` runs every check.
"""

from __future__ import annotations

import pytest
from emulated import implementations
from emulator import ORDERS, emulation

from seqbench.testing.checks import checks_for
from seqbench.testing.conformance import run_check

QUICK = ("forward_equals_reference", "gradients_equal_reference")
PAIRS = [(i, c) for i in implementations() for c in checks_for(i)]
IDS = [f"{i.contract.key}-{i.impl_id}-{c.name}" for i, c in PAIRS]
SOME = [pair for pair in PAIRS if pair[1].name in QUICK]
SOME_IDS = [i for i, pair in zip(IDS, PAIRS, strict=True) if pair[1].name in QUICK]


def require(impl, check):
    row = run_check(check, impl)
    assert row.status != "fail", row.message


@pytest.mark.parametrize("order", [o for o in ORDERS if o != "forward"])
@pytest.mark.parametrize(("impl", "check"), SOME, ids=SOME_IDS)
def test_any_order_gives_the_same(impl, check, order):
    with emulation(order=order, seed=7):
        require(impl, check)


@pytest.mark.parametrize(("impl", "check"), SOME, ids=SOME_IDS)
def test_no_races(impl, check):
    with emulation(shadow=True):
        require(impl, check)


@pytest.mark.slow
@pytest.mark.parametrize(("impl", "check"), SOME, ids=SOME_IDS)
def test_no_races_from_the_end(impl, check):
    """Threads that meet in an atomic are ordered as they came, which may hide a race."""
    with emulation(order="reverse", shadow=True):
        require(impl, check)


@pytest.mark.slow
@pytest.mark.parametrize("order", [o for o in ORDERS if o != "forward"])
@pytest.mark.parametrize(("impl", "check"), PAIRS, ids=IDS)
def test_every_check_in_every_order(impl, check, order):
    with emulation(order=order, seed=11):
        require(impl, check)
