"""Sentences of a text file, plain or gzip: one a line, tokens apart by white space."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

from seqbench.interfaces import DataError

from .corpus import Pair, Tokens


def read_pairs(source: Path, target: Path) -> list[Pair]:
    """The sentence pairs of two files whose lines belong together.

    Raises DataError as `read_sentences` does, or if the files have unequal numbers of lines.
    """
    sources, targets = read_sentences(source), read_sentences(target)
    if len(sources) != len(targets):
        raise DataError(
            f"parallel files: {source} has {len(sources)} lines and {target} has {len(targets)}, "
            "expected as many; line n of one must translate line n of the other"
        )
    return list(zip(sources, targets, strict=True))


def read_sentences(path: Path) -> list[Tokens]:
    """The tokens of every line.

    Raises DataError, naming file and line, if the file cannot be read, is no UTF-8, is empty or
    holds a line without a token.
    """
    lines = read_bytes(path).split(b"\n")
    if lines[-1] == b"":
        lines.pop()  # after the last line's end
    if not lines:
        raise DataError(f"{path}: the file is empty, expected a sentence a line; check its origin")
    return [_tokens(path, number, line) for number, line in enumerate(lines, start=1)]


def read_bytes(path: Path) -> bytes:
    """The contents, decompressed where the name ends in .gz."""
    try:
        data = path.read_bytes()
        return gzip.decompress(data) if path.suffix == ".gz" else data
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(
            f"{path}: damaged gzip ({error}), expected a whole file; get it again"
        ) from error
    except OSError as error:
        raise DataError(
            f"{path}: cannot be read ({error.strerror}), expected a text file; check the path and "
            "the data root"
        ) from error


def _tokens(path: Path, number: int, line: bytes) -> Tokens:
    try:
        tokens = tuple(line.decode("utf-8").split())
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path}, line {number}: byte 0x{line[error.start]:02x} at column {error.start + 1} is "
            "no UTF-8, expected UTF-8 text; convert the file"
        ) from error
    if not tokens:
        raise DataError(
            f"{path}, line {number}: the line is empty, expected at least one token; remove it "
            "from both sides"
        )
    return tokens
