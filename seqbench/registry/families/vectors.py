"""Trainers of word vectors: A17-A21."""

from __future__ import annotations

from seqbench.interfaces import CompositionSpec, ContractSpec

CONTRACTS: tuple[ContractSpec, ...] = ()

COMPOSITIONS: tuple[CompositionSpec, ...] = ()
