"""What word vectors are trained on and judged by."""

from __future__ import annotations

from seqbench.interfaces import DatasetSpec

from ..plain_text_files import BROWN, TEXT8, TextFile
from ..word_files import (
    ANALOGIES,
    ANALOGIES_SHA256,
    DEBIAS,
    DEBIAS_SHA256,
    SIMILARITY,
    SIMILARITY_SHA256,
)

_TEXTS = {"text8_prefix": (TEXT8,), "brown": (BROWN,), "text8_brown": (TEXT8, BROWN)}
_WORD_SETS = {
    "word_similarity": (
        SIMILARITY,
        SIMILARITY_SHA256,
        "WordSim-353, RG-65 and MC-30: pairs of words and how alike people find them",
    ),
    "word_analogies": (
        ANALOGIES,
        ANALOGIES_SHA256,
        "a is to b as c is to d: 6857 questions in seven sections",
    ),
    "debias": (
        DEBIAS,
        DEBIAS_SHA256,
        "word lists of Bolukbasi et al., SemBias, WEAT, and two small real embeddings",
    ),
}


def _english(name: str, texts: tuple[TextFile, ...]) -> DatasetSpec:
    sources = [text.source for text in texts]
    return DatasetSpec(
        name=name,
        target=f"seqbench.data.plain_text:load_{name}",
        holds="plain English",
        summary="plain English for word vectors: " + " and ".join(s.name for s in sources),
        licence="; ".join(s.licence for s in sources),
        origin="; ".join(s.origin for s in sources),
        files=tuple(text.file for text in texts),
    )


DATASETS = (
    *(_english(name, texts) for name, texts in _TEXTS.items()),
    *(
        DatasetSpec(
            name=name,
            target=f"seqbench.data.{name}:load_{name}",
            holds="word lists" if name == "debias" else "word sets",
            summary=summary,
            licence=source.licence,
            origin=source.origin,
            files=tuple(sums),
        )
        for name, (source, sums, summary) in _WORD_SETS.items()
    ),
)
