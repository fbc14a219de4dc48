"""The data sets of seqbench, for the registry, by family: names and targets, imports no NumPy."""

from __future__ import annotations

from seqbench.interfaces import DatasetSpec, hookimpl

from . import captioned, labelled, lagged, speech, texts, translation, word_vectors

FAMILIES = (translation, texts, labelled, lagged, captioned, word_vectors, speech)


@hookimpl
def seqbench_datasets() -> list[DatasetSpec]:
    """What is embedded, real data sets, and files of the user's own."""
    return [spec for family in FAMILIES for spec in family.DATASETS]
