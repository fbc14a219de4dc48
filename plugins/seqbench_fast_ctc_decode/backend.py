"""The fast_ctc_decode backend: host arrays, no array namespace, hence no shared texts."""

from __future__ import annotations

from importlib.metadata import version

from seqbench.interfaces import HostBackend


class FastCTCBackend(HostBackend):
    """A peer that brings two algorithms."""

    name = "fast_ctc_decode"

    def versions(self) -> dict[str, str]:
        return {"fast_ctc_decode": version("fast-ctc-decode")}
