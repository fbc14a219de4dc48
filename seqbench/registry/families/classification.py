"""Sentiment and captioning: A23, A24, A26."""

from __future__ import annotations

from seqbench.interfaces import CompositionSpec, ContractSpec

CONTRACTS: tuple[ContractSpec, ...] = ()

COMPOSITIONS: tuple[CompositionSpec, ...] = ()
