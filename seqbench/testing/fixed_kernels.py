"""Kernels without a registry: the implementations a test names, and nothing else."""

from __future__ import annotations

from seqbench.interfaces import Backend, Implementation, unknown_name


class FixedKernels:
    """Serves exactly the given implementations, by the key of their contract."""

    def __init__(self, backend: Backend, *implementations: Implementation) -> None:
        self.backend = backend
        self._served = {served.contract.key: served for served in implementations}

    def get(self, kind: str, name: str) -> Implementation:
        if f"{kind}/{name}" not in self._served:
            raise unknown_name("implementation", f"{kind}/{name}", self._served)
        return self._served[f"{kind}/{name}"]

    @property
    def resolved(self) -> dict[str, str]:
        return {key: served.impl_id for key, served in sorted(self._served.items())}
