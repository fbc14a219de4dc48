"""Short forms of the specs: `kind/name` keys and targets below seqbench."""

from __future__ import annotations

from seqbench.interfaces import CompositionSpec, ContractSpec


def contract(id: str, key: str, target: str, summary: str) -> ContractSpec:
    """A contract of `seqbench.kernels`; `target` is "module:ATTRIBUTE"."""
    kind, _, name = key.partition("/")
    return ContractSpec(id, kind, name, f"seqbench.kernels.{target}", summary)


def composition(id: str, key: str, target: str, summary: str, *needs: str) -> CompositionSpec:
    """A composition of `seqbench.models`; `needs` are the contracts it asks for."""
    kind, _, name = key.partition("/")
    return CompositionSpec(id, kind, name, f"seqbench.models.{target}", summary, needs)
