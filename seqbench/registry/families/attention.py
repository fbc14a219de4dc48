"""Attention and the decoders built on it: A33."""

from __future__ import annotations

from seqbench.interfaces import CompositionSpec, ContractSpec

from ._spec import contract

CONTRACTS: tuple[ContractSpec, ...] = (
    contract("A33", "attention/additive", "attention:ADDITIVE", "Bahdanau's score"),
    contract("A33", "attention/dot", "attention:DOT", "Luong's dot score"),
    contract("A33", "attention/general", "attention:GENERAL", "Luong's general score"),
    *(
        contract(
            "A33",
            f"attention/decoder_{cell}",
            f"attention_decoder:DECODER_{cell.upper()}",
            f"teacher-forced decoder whose context feeds the {cell} cell",
        )
        for cell in ("rnn", "gru", "lstm")
    ),
)

COMPOSITIONS: tuple[CompositionSpec, ...] = ()
