"""Look-up in an embedding matrix: A15."""

from __future__ import annotations

from seqbench.interfaces import CompositionSpec, ContractSpec

from ._spec import contract

CONTRACTS: tuple[ContractSpec, ...] = (
    contract("A15", "embedding/gather", "embedding:GATHER", "rows of an embedding matrix"),
    contract("A15", "embedding/one_hot", "embedding:ONE_HOT", "the matrix times one-hots"),
)

COMPOSITIONS: tuple[CompositionSpec, ...] = ()
