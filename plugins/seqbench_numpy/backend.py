"""The NumPy backend: host arrays and NumPy's namespace."""

from __future__ import annotations

from typing import Any

import numpy as np

from seqbench.interfaces import HostBackend


class NumpyBackend(HostBackend):
    """Every shared text runs on it."""

    name = "numpy"
    xp: Any = np
