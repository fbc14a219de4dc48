"""Running text for language models: embedded English and files of words or characters."""

from __future__ import annotations

from seqbench.interfaces import DatasetSpec

from ..text_sources import FROM_FILES, HELP_LICENCE, HELP_ORIGIN, TextSource


def _text(source: TextSource) -> DatasetSpec:
    return DatasetSpec(
        name=source.name,
        target=f"seqbench.data.texts:load_{source.name}",
        holds="running text",
        summary=source.summary,
        licence=source.licence,
        origin=source.origin,
        files=source.required,
    )


DATASETS = (
    DatasetSpec(
        name="help_topics",
        target="seqbench.data.texts:load_help_topics",
        holds="running text",
        summary="the help topics of Python's documentation, words or characters",
        licence=HELP_LICENCE,
        origin=HELP_ORIGIN,
        embedded=True,
        fingerprint="seqbench.data.help_topics:topics_hash",
    ),
    *(_text(source) for source in FROM_FILES),
)
