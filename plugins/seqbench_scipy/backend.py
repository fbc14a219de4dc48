"""The SciPy backend: NumPy arrays, none of our shared texts."""

from __future__ import annotations

import scipy

from seqbench.interfaces import HostBackend


class ScipyBackend(HostBackend):
    """A peer: it brings its own routines."""

    name = "scipy"

    def versions(self) -> dict[str, str]:
        return {**super().versions(), "scipy": scipy.__version__}
