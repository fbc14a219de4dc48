"""Similarity, analogies and debiasing: A16, A22."""

from __future__ import annotations

from seqbench.interfaces import CompositionSpec, ContractSpec

from ._spec import composition, contract

_DEBIAS = ("vector_op/bias_direction", "vector_op/neutralise", "vector_op/equalise")

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
        "vector_op/cosine",
    ),
    composition(
        "A16",
        "metric/word_analogies",
        "word_analogies:WordAnalogies",
        "share of analogies that are answered",
        "vector_op/analogy_cos_add",
        "vector_op/analogy_cos_mul",
        "vector_op/analogy_pair_direction",
    ),
    composition("A22", "model/hard_debias", "debias:HardDebias", "hard debiasing", *_DEBIAS),
    composition(
        "A22",
        "analysis/bias_report",
        "bias_measures:BiasReport",
        "direct bias along pairs left out of the fit",
        *_DEBIAS,
    ),
)
