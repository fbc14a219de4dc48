"""Vocabularies, language models and sampling: A01, A05-A08."""

from __future__ import annotations

from seqbench.interfaces import CompositionSpec, ContractSpec

from ._spec import composition

CONTRACTS: tuple[ContractSpec, ...] = ()

COMPOSITIONS: tuple[CompositionSpec, ...] = (
    composition(
        "A05",
        "model/one_to_many",
        "architectures:one_to_many",
        "a vector to a sequence",
        "embedding/gather",
        "loss/softmax_cross_entropy",
    ),
    composition(
        "A05",
        "model/many_to_one",
        "architectures:many_to_one",
        "a sequence to one label",
        "loss/softmax_cross_entropy",
    ),
    composition(
        "A05",
        "model/many_to_many",
        "architectures:many_to_many",
        "a sequence to a label at each of its steps",
        "loss/softmax_cross_entropy",
    ),
    composition(
        "A05",
        "model/many_to_many_unequal",
        "architectures:many_to_many_unequal",
        "a sequence to one of another length",
        "embedding/gather",
        "loss/softmax_cross_entropy",
    ),
    composition(
        "A06",
        "model/language_model",
        "language_model:LanguageModelFactory",
        "language model over words or characters",
        "embedding/gather",
        "loss/softmax_cross_entropy",
    ),
)
