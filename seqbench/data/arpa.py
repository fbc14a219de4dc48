"""n-gram tables in the ARPA format: base-10 logarithms of probabilities and back-off weights.

The format is that of Doug Paul's language models of 1992, as the SRI toolkit's ngram-format manual
page describes it: `\\data\\`, a count a line, a section an order, `\\end\\`.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from seqbench.interfaces import DataError

Words = tuple[str, ...]
NEVER = -99.0  # how ARPA writes log10 of zero


@dataclass(frozen=True, slots=True)
class NGramTables:
    """log10 by n-gram: `log10_probs[n - 1]` holds those of n words, `log10_backoffs` any order's.

    An n-gram without a back-off weight has weight 1.
    """

    log10_probs: tuple[dict[Words, float], ...]
    log10_backoffs: dict[Words, float]

    @property
    def order(self) -> int:
        return len(self.log10_probs)


def write_arpa(path: str | os.PathLike[str], tables: NGramTables) -> None:
    """Sorted, so that equal tables are equal files; replaced whole or not at all."""
    path = Path(path)
    beside = path.with_name(path.name + ".part")
    beside.write_text("\n".join(_lines(tables)) + "\n", encoding="utf-8")
    os.replace(beside, path)


def _lines(tables: NGramTables) -> Iterator[str]:
    yield "\\data\\"
    for n, table in enumerate(tables.log10_probs, 1):
        yield f"ngram {n}={len(table)}"
    for n, table in enumerate(tables.log10_probs, 1):
        yield f"\n\\{n}-grams:"
        for words, log10_prob in sorted(table.items()):
            backoff = tables.log10_backoffs.get(words)
            columns = [repr(log10_prob), " ".join(words)]
            yield "\t".join(columns if backoff is None else [*columns, repr(backoff)])
    yield "\n\\end\\"


def read_arpa(path: str | os.PathLike[str]) -> NGramTables:
    """The tables of a file; text before `\\data\\` is ignored.

    Raises
    ------
    DataError
        If the file is missing, not UTF-8 or not ARPA: no `\\data\\` or `\\end\\`, a section out of
        turn or of another size than announced, a number that is none. The message names the line.
    """
    return _Reader(Path(path)).read()


class _Reader:
    """One pass over the lines; `_number` counts them for the messages."""

    def __init__(self, path: Path) -> None:
        self._path, self._number = path, 0
        self._counts: list[int] = []
        self._probs: list[dict[Words, float]] = []
        self._backoffs: dict[Words, float] = {}

    def read(self) -> NGramTables:
        try:
            text = self._path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(f"arpa: {self._path} cannot be read: {error}") from error
        lines = self._numbered(text)
        if not any(line == "\\data\\" for line in lines):
            raise self._error("has no \\data\\", "the start of the counts")
        for line in lines:
            if line == "\\end\\":
                self._check_section()
                if len(self._probs) < len(self._counts):
                    raise self._error(f"has {len(self._probs)} sections", f"{len(self._counts)}")
                return NGramTables(tuple(self._probs), self._backoffs)
            self._take(line)
        raise self._error("ends without \\end\\", "a whole file; it may have been cut short")

    def _numbered(self, text: str) -> Iterator[str]:
        for number, line in enumerate(text.splitlines(), 1):
            self._number = number
            if line.strip():
                yield line.strip()

    def _take(self, line: str) -> None:
        section = re.fullmatch(r"\\(\d+)-grams:", line)
        if section:
            self._check_section()
            if int(section[1]) != len(self._probs) + 1 or len(self._probs) == len(self._counts):
                raise self._error(f"has {line!r} out of turn", self._expected_section())
            self._probs.append({})
        elif self._probs:
            self._take_ngram(line)
        else:
            self._take_count(line)

    def _expected_section(self) -> str:
        following = len(self._probs) + 1
        return f"\\{following}-grams:" if following <= len(self._counts) else "\\end\\"

    def _take_count(self, line: str) -> None:
        count = re.fullmatch(r"ngram\s+(\d+)\s*=\s*(\d+)", line)
        if count is None or int(count[1]) != len(self._counts) + 1:
            raise self._error(f"has {line!r}", f"ngram {len(self._counts) + 1}=COUNT")
        self._counts.append(int(count[2]))

    def _take_ngram(self, line: str) -> None:
        n = len(self._probs)
        columns = line.split()
        if len(columns) not in (n + 1, n + 2):
            raise self._error(f"has {line!r}", f"a log10, {n} words and perhaps a back-off weight")
        words = tuple(columns[1 : n + 1])
        if words in self._probs[-1]:
            raise self._error(f"tells {' '.join(words)!r} twice", "each n-gram once")
        self._probs[-1][words] = self._log10(columns[0], at_most=0.0)
        if len(columns) == n + 2:
            self._backoffs[words] = self._log10(columns[-1], at_most=math.inf)

    def _log10(self, text: str, at_most: float) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not value <= at_most or value == math.inf:
            raise self._error(f"has {text!r}", f"a base-10 logarithm of at most {at_most:g}")
        return value

    def _check_section(self) -> None:
        """The section that ends here is as long as was announced."""
        if not self._probs:
            return
        n, found = len(self._probs), len(self._probs[-1])
        if found != self._counts[n - 1]:
            raise self._error(
                f"has {found} {n}-grams", f"the {self._counts[n - 1]} that \\data\\ announces"
            )

    def _error(self, found: str, expected: str) -> DataError:
        return DataError(
            f"arpa: {self._path}, line {self._number}, {found}, expected {expected}; "
            "write the file again with write_arpa or the toolkit that made it"
        )
