"""Spectrograms, CTC, transcription and trigger words: A34-A37."""

from __future__ import annotations

from seqbench.interfaces import CompositionSpec, ContractSpec

CONTRACTS: tuple[ContractSpec, ...] = ()

COMPOSITIONS: tuple[CompositionSpec, ...] = ()
