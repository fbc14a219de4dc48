"""Vocabularies, language models and sampling: A01, A05-A08."""

from __future__ import annotations

from seqbench.interfaces import CompositionSpec, ContractSpec

from ._spec import composition

CONTRACTS: tuple[ContractSpec, ...] = ()

COMPOSITIONS: tuple[CompositionSpec, ...] = (
    composition(
        "A06",
        "model/language_model",
        "language_model:LanguageModelFactory",
        "language model over words or characters",
        "embedding/gather",
        "loss/softmax_cross_entropy",
    ),
)
