"""Every check of the conformance suite on every kernel of the CuPy plugin, on the emulator.

The unchanged `.cu` through the plugin's own launch code, with undefined-behaviour checks. Other
thread orders and the race finder run in test_orders.py.
"""

from __future__ import annotations

from emulated import implementations

from seqbench.interfaces import Implementation
from seqbench.testing.conformance import BackendConformance


class TestEmulated(BackendConformance):
    backend = "cupy"

    @classmethod
    def implementations(cls) -> list[Implementation]:
        return list(implementations())
