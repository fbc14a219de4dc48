"""The SciPy backend: NumPy arrays, none of our shared texts."""

from __future__ import annotations

from typing import Any

import scipy
from seqbench_numpy.backend import NumpyBackend


class ScipyBackend(NumpyBackend):
    """A peer: it brings its own routines."""

    name = "scipy"

    def __init__(self) -> None:
        super().__init__()
        self.xp: Any = None

    def versions(self) -> dict[str, str]:
        return {**super().versions(), "scipy": scipy.__version__}
