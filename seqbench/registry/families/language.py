"""Vocabularies, language models and sampling: A01, A05-A08."""

from __future__ import annotations

from seqbench.interfaces import CompositionSpec, ContractSpec

CONTRACTS: tuple[ContractSpec, ...] = ()

COMPOSITIONS: tuple[CompositionSpec, ...] = ()
