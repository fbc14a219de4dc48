"""Spectrograms, CTC, transcription and trigger words: A34-A37."""

from __future__ import annotations

from seqbench.interfaces import CompositionSpec, ContractSpec

from ._spec import contract

CONTRACTS: tuple[ContractSpec, ...] = (
    contract("A35", "loss/ctc", "ctc:CTC", "connectionist temporal classification"),
    contract("A36", "decoder/ctc_greedy", "ctc_greedy:CTC_GREEDY", "best path of a CTC model"),
)

COMPOSITIONS: tuple[CompositionSpec, ...] = ()
