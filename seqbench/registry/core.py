"""The bundled plugin that brings the contracts, compositions, data sets and configs of seqbench."""

from __future__ import annotations

from seqbench.interfaces import CompositionSpec, ContractSpec, DatasetSpec, hookimpl


def _contract(id: str, key: str, target: str, summary: str) -> ContractSpec:
    kind, _, name = key.partition("/")
    return ContractSpec(id, kind, name, f"seqbench.kernels.{target}", summary)


def _composition(id: str, key: str, target: str, summary: str, *needs: str) -> CompositionSpec:
    kind, _, name = key.partition("/")
    return CompositionSpec(id, kind, name, f"seqbench.models.{target}", summary, needs)


@hookimpl
def seqbench_contracts() -> list[ContractSpec]:
    return [
        _contract("A10", "cell/gru", "gru:GRU", "GRU, reset after the recurrent product (torch)"),
        _contract(
            "A10",
            "cell/gru_reset_before",
            "gru:GRU_RESET_BEFORE",
            "GRU, reset before the recurrent product (the notes)",
        ),
    ]


@hookimpl
def seqbench_compositions() -> list[CompositionSpec]:
    return []


@hookimpl
def seqbench_datasets() -> list[DatasetSpec]:
    return []
