"""Every check on everything the NumPy plugin serves: overrides and shared texts."""

from __future__ import annotations

from seqbench.testing.conformance import BackendConformance


class TestNumpy(BackendConformance):
    backend = "numpy"
