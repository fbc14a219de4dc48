"""Similarity, analogies and debiasing: A16, A22."""

from __future__ import annotations

from seqbench.interfaces import CompositionSpec, ContractSpec

from ._spec import composition, contract

CONTRACTS: tuple[ContractSpec, ...] = (
    *(
        contract("A16", f"vector_op/{name}", f"{module}:{name.upper()}", summary)
        for module, name, summary in (
            ("similarity", "cosine", "cosine of pairs of words"),
            ("similarity", "squared_distance", "squared distance of pairs of words"),
            ("similarity", "cosine_matrix", "cosine of queries with every word"),
            ("similarity", "squared_distance_matrix", "squared distance to every word"),
            ("nearest", "neighbours", "the nearest words by cosine"),
            ("nearest", "analogy_cos_add", "analogies by 3CosAdd"),
            ("nearest", "analogy_cos_mul", "analogies by 3CosMul"),
            ("nearest", "analogy_pair_direction", "analogies by PairDirection"),
        )
    ),
    *(
        contract("A22", f"vector_op/{name}", f"debias:{name.upper()}", summary)
        for name, summary in (
            ("bias_direction", "top components of w - mean(pair)"),
            ("neutralise", "vectors without their part in the bias subspace"),
            ("equalise", "pairs at equal distance from everything neutral"),
        )
    ),
)

COMPOSITIONS: tuple[CompositionSpec, ...] = (
    composition(
        "A16",
        "metric/word_similarity",
        "word_similarity:WordSimilarity",
        "Spearman's correlation of cosines with people's scores",
    ),
)
