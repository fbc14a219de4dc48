"""Word vectors in files: word2vec's text and binary formats, and GloVe's text.

word2vec text: a line "V E", then a line a word: the word and E decimal numbers, parted by spaces.
word2vec binary: the same header line, then for each word its bytes, a space, E little-endian
float32 and (as word2vec.c writes it) a newline. GloVe text: word2vec text without the header.
Names that end in .gz are compressed text. Words are UTF-8 and hold no white space.

Reading checks everything it can: a file is taken whole or refused with the place that is wrong.
Writing goes to a temporary file that is renamed when it is complete.
"""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from seqbench.interfaces import DataError, StoreError, UsageError

from .text_files import read_bytes
from .word_vectors import WordVectors

FORMATS = ("word2vec_text", "word2vec_binary", "glove_text")
SPACES = frozenset(" \t\n\r\v\f")


def read_vectors(path: str | os.PathLike[str], form: str) -> WordVectors:
    """The vectors of a file, float32, in the file's order; `form` is one of FORMATS.

    Raises
    ------
    UsageError
        For another form.
    DataError
        Naming file and line (or word), where the file cannot be read, the header is no "V E", there
        are fewer or more words than it says, a line has another number of numbers, a number is
        none or not finite, a word is no UTF-8 or is there twice.
    """
    file = Path(path)
    check_format(form)
    data = read_bytes(file)
    if form == "word2vec_binary":
        return _Binary(file, data).read()
    lines = data.split(b"\n")
    if lines[-1] == b"":
        lines.pop()
    return _Text(file, lines, header=form == "word2vec_text").read()


def check_format(form: str) -> None:
    if form not in FORMATS:
        raise UsageError(
            f"vector files: no format {form!r}, expected one of {', '.join(FORMATS)}; name the "
            "format of the file"
        )


# -- reading ------------------------------------------------------------------------------------


class _Text:
    """A text file in the making."""

    def __init__(self, path: Path, lines: list[bytes], *, header: bool) -> None:
        self._path, self._lines = path, lines
        self._first = 1 if header else 0
        if not lines:
            raise _wrong(path, "the file is empty", "a line a word", "get it again")
        self._header = _header(path, lines[0]) if header else None

    def read(self) -> WordVectors:
        rows = self._lines[self._first :]
        if self._header is not None and len(rows) != self._header[0]:
            told = "cut short" if len(rows) < self._header[0] else "longer than its header says"
            raise _wrong(
                self._path,
                f"{len(rows)} words after a header that says {self._header[0]}: {told}",
                "as many as the header says",
                "get the file again",
            )
        if not rows:
            raise _wrong(self._path, "no words", "a line a word", "get the file again")
        size = self._header[1] if self._header else len(rows[0].split(b" ")) - 1
        words: dict[str, int] = {}
        vectors = np.empty((len(rows), size), np.float32)
        for number, row in enumerate(rows):
            word, values = self._row(number + self._first + 1, row.rstrip(b"\r "), size)
            _add(self._path, words, word)
            vectors[number] = values
        return WordVectors(list(words), vectors)

    def _row(self, number: int, row: bytes, size: int) -> tuple[str, np.ndarray]:
        head, *parts = row.split(b" ")
        where = f"line {number}"
        word = _decoded(self._path, where, head)
        if not word or len(parts) != size or size == 0:
            raise _wrong(
                self._path,
                f"{where}: {word!r} has {len(parts)} numbers",
                f"a word and {size or 'one or more'} of them",
                "the file is cut, or no file of this format: check `form`",
            )
        try:
            values = np.array(parts, np.float64)
        except ValueError as error:
            raise _wrong(
                self._path, f"{where}: {word!r}: {error}", "numbers", "get the file again"
            ) from error
        _check_finite(self._path, word, values)
        return word, values


class _Binary:
    """A binary file in the making."""

    def __init__(self, path: Path, data: bytes) -> None:
        self._path, self._data = path, data
        end = data.find(b"\n")
        self._count, self._size = _header(path, data[: end if end >= 0 else len(data)])
        self._place = end + 1 if end >= 0 else len(data)

    def read(self) -> WordVectors:
        if 4 * self._count * self._size > len(self._data):
            raise self._cut(f"{len(self._data)} bytes cannot hold {self._count} vectors")
        words: dict[str, int] = {}
        vectors = np.empty((self._count, self._size), np.float32)
        for number in range(self._count):
            word = self._word(number)
            _add(self._path, words, word)
            vectors[number] = self._vector(word)
        if self._data[self._place :].strip(b"\n"):
            raise _wrong(
                self._path,
                f"{len(self._data) - self._place} bytes after the last of {self._count} words",
                "the end of the file",
                "the header is wrong, or no file of this format: check `form`",
            )
        return WordVectors(list(words), vectors)

    def _word(self, number: int) -> str:
        """word2vec.c ends a vector with a newline, gensim does not: either is skipped here."""
        while self._data[self._place : self._place + 1] == b"\n":
            self._place += 1
        end = self._data.find(b" ", self._place)
        if end < 0:
            raise self._cut(f"the file ends in word {number + 1} of {self._count}")
        word = _decoded(self._path, f"word {number + 1}", self._data[self._place : end])
        self._place = end + 1
        return word

    def _vector(self, word: str) -> np.ndarray:
        end = self._place + 4 * self._size
        if end > len(self._data):
            raise self._cut(f"the file ends in the vector of {word!r}")
        values = np.frombuffer(self._data, "<f4", self._size, self._place)
        self._place = end
        _check_finite(self._path, word, values)
        return values

    def _cut(self, what: str) -> DataError:
        return _wrong(
            self._path,
            what,
            f"{self._count} words with {self._size} float32 each, as the header says",
            "the file is cut: get it again",
        )


def _header(path: Path, line: bytes) -> tuple[int, int]:
    """(V, E), both at least 1."""
    parts = line.split()
    if len(parts) != 2 or not all(p.isdigit() and int(p) > 0 for p in parts):
        raise _wrong(
            path,
            f"line 1 is {line[:40]!r}",
            'a header "V E" of two whole numbers',
            "GloVe files have none: check `form`",
        )
    return int(parts[0]), int(parts[1])


def _decoded(path: Path, where: str, word: bytes) -> str:
    try:
        return word.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _wrong(
            path,
            f"{where}: byte 0x{word[error.start]:02x} of a word is no UTF-8",
            "UTF-8",
            "convert the file",
        ) from error


def _add(path: Path, words: dict[str, int], word: str) -> None:
    if word in words:
        raise _wrong(
            path,
            f"{word!r} is word {words[word] + 1} and word {len(words) + 1}",
            "each word once",
            "drop one",
        )
    words[word] = len(words)


def _check_finite(path: Path, word: str, values: np.ndarray) -> None:
    if not np.isfinite(values).all():
        raise _wrong(path, f"a number of {word!r} is not finite", "numbers", "drop the word")


def _wrong(path: Path, what: str, expected: str, step: str) -> DataError:
    return DataError(f"{path}: {what}, expected {expected}; {step}")


# -- writing ------------------------------------------------------------------------------------


def write_vectors(path: str | os.PathLike[str], vectors: WordVectors, form: str) -> None:
    """Write a file in one of FORMATS, whole or not at all; an older one there is replaced.

    Numbers are written as float32; text has nine digits, which give the same float32 back.

    Raises
    ------
    UsageError
        For another form.
    DataError
        For a word that is empty or holds white space, or a value that is not finite.
    StoreError
        Where the file cannot be written.
    """
    file = Path(path)
    check_format(form)
    _check_writable(vectors)
    rows = _binary_rows if form == "word2vec_binary" else _text_rows
    header = form != "glove_text"
    temporary = file.with_name(f".{file.name}.{os.getpid()}.tmp")
    open_: Callable[..., object] = gzip.open if file.suffix == ".gz" else open
    try:
        with open_(temporary, "wb") as handle:  # type: ignore[attr-defined]
            if header:
                handle.write(f"{len(vectors)} {vectors.size}\n".encode())
            for row in rows(vectors):
                handle.write(row)
        os.replace(temporary, file)
    except OSError as error:
        raise StoreError(
            f"vector files: cannot write {file} ({error.strerror}), expected a writable folder "
            "with room; choose another path"
        ) from error
    finally:
        temporary.unlink(missing_ok=True)


def _check_writable(vectors: WordVectors) -> None:
    for word in vectors.words:
        if not word or SPACES & set(word):
            raise DataError(
                f"vector files: the word {word!r} is empty or holds white space, expected none; "
                "join its parts with '_'"
            )
    finite = np.isfinite(vectors.vectors.astype(np.float32)).all(axis=1)
    if not finite.all():
        word = vectors.words[int(np.flatnonzero(~finite)[0])]
        raise DataError(
            f"vector files: a number of {word!r} is not finite in float32, expected numbers; drop "
            "the word"
        )


def _text_rows(vectors: WordVectors) -> Iterator[bytes]:
    for word, row in zip(vectors.words, vectors.vectors.astype(np.float32), strict=True):
        yield f"{word} {' '.join(format(x, '.9g') for x in row.tolist())}\n".encode()


def _binary_rows(vectors: WordVectors) -> Iterator[bytes]:
    for word, row in zip(vectors.words, vectors.vectors.astype("<f4"), strict=True):
        yield word.encode() + b" " + row.tobytes() + b"\n"
