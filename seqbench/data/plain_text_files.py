"""The files of plain English that are read, their checksums, origins and licences."""

from __future__ import annotations

from dataclasses import dataclass

from .checked_files import Source


@dataclass(frozen=True, slots=True)
class TextFile:
    """One file below the data root and where it comes from."""

    file: str
    source: Source


TEXT8 = TextFile(
    "text8_prefix/text8.prefix.txt.gz",
    Source(
        "text8_prefix",
        "celticspp/word2vec on GitHub, text8.gz, commit 43e1bb34d39534103ff79fbbec57f9e169ae206a: "
        "what decompresses of it, cut at a word",
        "CC BY-SA (Wikipedia)",
    ),
)
BROWN = TextFile(
    "brown/brown.tokens.txt.gz",
    Source(
        "brown",
        "nltk/nltk_data on GitHub, packages/corpora/brown.zip, commit "
        "5db857e6f7df11eabb5e5665836db9ec8df07e28: tags stripped, a sentence a line",
        "distributed with the permission of the copyright holder, redistribution permitted",
    ),
)
SHA256 = {
    TEXT8.file: "075b38b70bd2cbfd40164714cacbc843bf2552831d0437026031508520ed9405",
    BROWN.file: "8eaf37b1e6585935a80cc7f2c002fcaa2f40e288a96f76c3ddc3ec1324a1fd72",
}
