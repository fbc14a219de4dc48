"""Similarity, analogies and debiasing: A16, A22."""

from __future__ import annotations

from seqbench.interfaces import CompositionSpec, ContractSpec

from ._spec import composition

CONTRACTS: tuple[ContractSpec, ...] = ()

COMPOSITIONS: tuple[CompositionSpec, ...] = (
    composition(
        "A16",
        "metric/word_similarity",
        "word_similarity:WordSimilarity",
        "Spearman's correlation of cosines with people's scores",
    ),
)
