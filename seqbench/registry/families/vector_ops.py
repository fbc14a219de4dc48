"""Similarity, analogies and debiasing: A16, A22."""

from __future__ import annotations

from seqbench.interfaces import CompositionSpec, ContractSpec

CONTRACTS: tuple[ContractSpec, ...] = ()

COMPOSITIONS: tuple[CompositionSpec, ...] = ()
