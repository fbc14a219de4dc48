"""The gensim backend: it has no kernels, only whole trainers."""

from __future__ import annotations

import gensim

from seqbench.interfaces import HostBackend


class GensimBackend(HostBackend):
    """Host arrays; there is nothing to compose."""

    name = "gensim"

    def versions(self) -> dict[str, str]:
        return {"gensim": gensim.__version__, **super().versions()}
