"""Losses: A04."""

from __future__ import annotations

from seqbench.interfaces import CompositionSpec, ContractSpec

from ._spec import contract

CONTRACTS: tuple[ContractSpec, ...] = (
    contract(
        "A04",
        "loss/softmax_cross_entropy",
        "losses:SOFTMAX_CROSS_ENTROPY",
        "softmax cross-entropy from logits",
    ),
    contract(
        "A04",
        "loss/binary_cross_entropy",
        "binary_cross_entropy:BINARY_CROSS_ENTROPY",
        "binary cross-entropy from logits",
    ),
)

COMPOSITIONS: tuple[CompositionSpec, ...] = ()
