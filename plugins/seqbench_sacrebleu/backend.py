"""The sacrebleu backend: host arrays, no array namespace, hence no shared texts."""

from __future__ import annotations

import sacrebleu

from seqbench.interfaces import HostBackend


class SacrebleuBackend(HostBackend):
    """A peer that brings one algorithm."""

    name = "sacrebleu"

    def versions(self) -> dict[str, str]:
        return {"sacrebleu": sacrebleu.__version__}
