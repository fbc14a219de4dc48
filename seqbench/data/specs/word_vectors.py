"""What word vectors are trained on and held against."""

from __future__ import annotations

from seqbench.interfaces import DatasetSpec

from ..word_files import SIMILARITY, SIMILARITY_SHA256

DATASETS = (
    DatasetSpec(
        name=SIMILARITY.name,
        target="seqbench.data.word_similarity:load_word_similarity",
        summary="WordSim-353, RG-65 and MC-30: pairs of words and how alike people find them",
        licence=SIMILARITY.licence,
        origin=SIMILARITY.origin,
        files=tuple(SIMILARITY_SHA256),
    ),
)
