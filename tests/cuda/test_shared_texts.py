"""Every shared text on the namespace that CuPy has: NumPy's functions, but only under CuPy's names.

What CuPy lacks is found here without a GPU; what it does differently only a GPU can tell.
"""

from __future__ import annotations

import pytest
from emulated import backend

import seqbench
from seqbench.interfaces import SharedText
from seqbench.testing.checks import checks_for
from seqbench.testing.conformance import run_check

pytestmark = pytest.mark.peer("cupy")
CONTRACTS = sorted(seqbench.registry().contracts())


@pytest.mark.parametrize("key", CONTRACTS)
def test_it_runs_under_the_names_of_cupy(key):
    kind, _, name = key.partition("/")
    impl = SharedText(seqbench.registry().contract(kind, name), backend())
    for check in checks_for(impl):
        if check.name in ("forward_equals_reference", "gradients_equal_reference"):
            row = run_check(check, impl)
            assert row.status != "fail", row.message
