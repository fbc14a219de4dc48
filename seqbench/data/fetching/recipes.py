"""From a download to the contents of a data set's files; each was held against the real ones.

A recipe is `(path, files) -> {file: contents}`. Contents of a file whose name ends in .gz are
packed afterwards, by `packed`.
"""

from __future__ import annotations

import csv
import hashlib
import io
import shutil
import subprocess
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from seqbench.interfaces import DataError

from .archives import tar_members, zip_members

Files = Sequence[str]
Recipe = Callable[[Path, Files], dict[str, bytes]]

SECTIONS = (
    "capital-common-countries",
    "currency",
    "family",
    "gram1-adjective-to-adverb",
    "gram3-comparative",
    "gram5-present-participle",
    "gram6-nationality-adjective",
)
BROWN_DOCUMENTS = {"a": 44, "b": 27, "c": 17, "d": 17, "e": 36, "f": 48, "g": 75, "h": 30, "j": 80}
BROWN_DOCUMENTS |= {"k": 29, "l": 24, "m": 6, "n": 29, "p": 29, "r": 9}
"""How many documents each category has, 500 in all."""


def copied(path: Path, files: Files) -> dict[str, bytes]:
    """The download as it is."""
    return {files[0]: path.read_bytes()}


def nine_tenths(path: Path, files: Files) -> dict[str, bytes]:
    """Lines but every tenth, without spaces at their ends, from Windows-1252 to UTF-8."""
    lines = path.read_bytes().decode("cp1252").removesuffix("\n").split("\n")
    kept = [line.rstrip(" ") + "\n" for i, line in enumerate(lines) if i % 10 != 9]
    return {files[0]: "".join(kept).encode()}


def seven_sections(path: Path, files: Files) -> dict[str, bytes]:
    """Of the analogies: SECTIONS with their headers."""
    kept, inside = [], False
    for line in path.read_text(encoding="utf-8").splitlines(keepends=True):
        if line.startswith(": "):
            inside = line[2:].strip() in SECTIONS
        if inside:
            kept.append(line)
    return {files[0]: "".join(kept).encode()}


def truncated_zip(path: Path, files: Files) -> dict[str, bytes]:
    """What decompresses of a ZIP's first member, cut at its last whole word."""
    data = path.read_bytes()
    start = 30 + int.from_bytes(data[26:28], "little") + int.from_bytes(data[28:30], "little")
    text = zlib.decompressobj(-zlib.MAX_WBITS).decompress(data[start:])
    return {files[0]: text[: text.rindex(b" ")]}


def brown_words(path: Path, files: Files) -> dict[str, bytes]:
    """The documents in their order, a sentence a line, `word/tag` without the tag."""
    names = [
        f"brown/c{category}{number:02d}"
        for category, count in BROWN_DOCUMENTS.items()
        for number in range(1, count + 1)
    ]
    documents = zip_members(path, names).values()
    return {files[0]: "".join(line for text in documents for line in _words(text)).encode()}


def _words(document: bytes) -> Iterator[str]:
    for line in document.decode("latin-1").split("\n"):
        if tokens := line.split():
            yield " ".join(token.rpartition("/")[0] for token in tokens) + "\n"


def articles(path: Path, files: Files) -> dict[str, bytes]:
    """WikiText-2's training text out of a CSV with an article a field, quoting undone."""
    name = "wikitext-2/wiki.train.tokens"
    text = zip_members(path, [name])[name].decode()
    before = csv.field_size_limit(len(text))  # an article is longer than what csv takes unasked
    try:
        rows = list(csv.reader(io.StringIO(text, newline="")))
    finally:
        csv.field_size_limit(before)
    return {files[0]: "".join(row[0] for row in rows if row).encode()}


def whole_lines_of_windows_1252(path: Path, files: Files) -> dict[str, bytes]:
    """All lines but the last, which was cut, from Windows-1252 to UTF-8."""
    text = path.read_bytes().decode("cp1252").replace("\r\n", "\n")
    return {files[0]: text[: text.rindex("\n") + 1].encode()}


def recordings(path: Path, files: Files) -> dict[str, bytes]:
    """Spoken digits out of the archive of their repository."""
    inside = {file: file.removeprefix("fsdd/") for file in files}
    members = tar_members(path, inside.values())
    return {file: members[name] for file, name in inside.items()}


RECIPES: dict[str, Recipe] = {
    recipe.__name__: recipe
    for recipe in (
        copied,
        nine_tenths,
        seven_sections,
        truncated_zip,
        brown_words,
        articles,
        whole_lines_of_windows_1252,
        recordings,
    )
}


def packed(content: bytes, sha256: str, name: str) -> bytes:
    """`content` as the gzip file with this checksum: packers differ, so each is tried.

    Raises DataError where none here writes those very bytes.
    """
    for packer in (_gnu_like, _python_like, _gnu):
        data = packer(content)
        if hashlib.sha256(data).hexdigest() == sha256:
            return data
    raise DataError(
        f"fetch: {name}: no packer here (zlib {zlib.ZLIB_RUNTIME_VERSION}, gzip) writes the file "
        f"with SHA-256 {sha256}, expected one that does; its contents may be right all the same: "
        "get it by hand, or fetch it on another machine"
    )


def _deflated(content: bytes, memory: int, system: int) -> bytes:
    """gzip at level 9 without name and time; `system` is the header's last byte."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS, memory)
    body = packer.compress(content) + packer.flush()
    end = zlib.crc32(content).to_bytes(4, "little") + (len(content) % 2**32).to_bytes(4, "little")
    return bytes([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 2, system]) + body + end


def _gnu_like(content: bytes) -> bytes:
    return _deflated(content, 9, 3)


def _python_like(content: bytes) -> bytes:
    return _deflated(content, 8, 255)


def _gnu(content: bytes) -> bytes:
    """By gzip itself, whose blocks end elsewhere in long files; nothing where it is not there."""
    program = shutil.which("gzip")
    if program is None:
        return b""
    done = subprocess.run([program, "-9n"], input=content, capture_output=True, check=False)
    return done.stdout
