"""The gensim backend: it has no kernels, only whole trainers."""

from __future__ import annotations

from typing import Any

import gensim
import numpy as np
from seqbench_numpy.backend import NumpyBackend


class GensimBackend(NumpyBackend):
    """Host arrays; `xp` is None, for there is nothing to compose."""

    name = "gensim"

    def __init__(self) -> None:
        super().__init__()
        self.xp: Any = None

    def versions(self) -> dict[str, str]:
        return {"gensim": gensim.__version__, "numpy": np.__version__}
