"""PyTorch on the CPU, as a peer: what a user would pick instead."""

from __future__ import annotations

from seqbench.interfaces import BackendSpec, ImplementationSpec, hookimpl


@hookimpl
def seqbench_backends() -> list[BackendSpec]:
    return []


@hookimpl
def seqbench_implementations() -> list[ImplementationSpec]:
    return []
