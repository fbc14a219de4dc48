"""The files of the language-model data sets, their checksums, origins and licences; no NumPy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Layout = Literal["tokens", "spaced_characters", "plain"]
"""How a line is written: tokens apart by spaces; characters apart by spaces with `_` for a space;
or as it is."""


@dataclass(frozen=True, slots=True)
class TextFile:
    """A file under the data root.

    sha256 : its checksum; "" where only `num_tokens`, the published count of tokens with one end a
        line, is known to hold it against
    """

    path: str
    sha256: str = ""
    num_tokens: int = 0


@dataclass(frozen=True, slots=True)
class TextSource:
    """One data set: a file a split, or one file of which splits are cut."""

    name: str
    summary: str
    origin: str
    licence: str
    files: dict[str, TextFile]
    layout: Layout = "plain"

    @property
    def required(self) -> tuple[str, ...]:
        """Paths that must be there: all but a test split, which some hold back."""
        return tuple(file.path for split, file in self.files.items() if split != "test")


PTB_ORIGIN = (
    "Penn Treebank as T. Mikolov prepared it, distributed as ptb.zip or simple-examples.tgz, "
    "ptb.{train,valid,test}.txt and ptb.char.*"
)
PTB_LICENCE = "derived from the LDC's Penn Treebank: research purposes, not to be passed on"

PTB = TextSource(
    name="ptb",
    summary="Penn Treebank, words: 10,000 types, 929,589 training tokens",
    origin=PTB_ORIGIN,
    licence=PTB_LICENCE,
    layout="tokens",
    files={
        "train": TextFile(
            "ptb/ptb.train.txt",
            "fcea919f6cf83f35d4d00c6cbf08040d13d4155226340912e2fef9c9c4102cbf",
            929_589,
        ),
        "valid": TextFile(
            "ptb/ptb.valid.txt",
            "c9fe6985fe0d4ccb578183407d7668fc6066c20700cb4cf87d8ff1cc34df1bf2",
            73_760,
        ),
        "test": TextFile("ptb/ptb.test.txt", num_tokens=82_430),
    },
)
PTB_CHARACTERS = TextSource(
    name="ptb",
    summary="Penn Treebank, characters",
    origin=PTB_ORIGIN,
    licence=PTB_LICENCE,
    layout="spaced_characters",
    files={
        "train": TextFile(
            "ptb/ptb.char.train.txt.gz",
            "bfe1c3eda8bcc757be2e685093d94ae9610ec4e062d50efed2444f1421577dc8",
        ),
        "valid": TextFile(
            "ptb/ptb.char.valid.txt.gz",
            "e4be541ff951695f186c0e9a3737f019467dde91b9ca870d026c34080daed326",
        ),
    },
)
WIKITEXT2 = TextSource(
    name="wikitext2",
    summary="WikiText-2, words: 33,278 types, 2,088,628 training tokens, articles reordered",
    origin="WikiText-2 (Merity et al. 2016), the tokenised release wikitext-2-v1",
    licence="CC BY-SA (Wikipedia's text)",
    layout="tokens",
    files={
        "train": TextFile(
            "wikitext2/wiki.train.articles-shuffled.tokens.gz",
            "0ab79876cf89ff5fea1f44c00e00acba49493ec16ea7b0729eddb61162c62644",
            2_088_628,
        ),
        "valid": TextFile(
            "wikitext2/wiki.valid.tokens.gz",
            "3ac34ae2b6509075d52302c50a04a8a1970739ffe1a904f2cd374fefbea3cbf2",
            217_646,
        ),
        "test": TextFile("wikitext2/wiki.test.tokens.gz", num_tokens=245_569),
    },
)
TINYSHAKESPEARE = TextSource(
    name="tinyshakespeare",
    summary="Tiny Shakespeare: 1,115,394 characters, cut 90/5/5 by lines",
    origin="karpathy/char-rnn on GitHub, data/tinyshakespeare/input.txt",
    licence="public domain",
    files={
        "all": TextFile(
            "tinyshakespeare/input.txt",
            "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
        )
    },
)
NAMES = TextSource(
    name="names",
    summary="32,032 first names, a sentence each, split 80/10/10 by seed",
    origin="karpathy/makemore on GitHub, names.txt",
    licence="MIT",
    files={
        "all": TextFile(
            "names/names.txt",
            "0a30b5557f192f32ab962680889aac5f6fda0f4cecf40a6d0b5694f58ea8cc4d",
        )
    },
)
FROM_FILES = (PTB, WIKITEXT2, TINYSHAKESPEARE, NAMES)

HELP_ORIGIN = "pydoc_data.topics of the Python that runs: the help topics of its documentation"
HELP_LICENCE = "Python Software Foundation License"
