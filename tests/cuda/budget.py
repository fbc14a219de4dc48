"""The budget of every CUDA instance: registers a thread, spilled bytes, static shared memory.

`python tests/cuda/budget.py` compiles everything and writes the table anew; the diff is the review.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from compiling import ARCHITECTURES, compile_for, every_source

FILE = Path(__file__).with_name("budget.csv")


class Line(NamedTuple):
    """One instance for one architecture."""

    file: str
    name: str
    architecture: str
    registers: int
    spilled_bytes: int
    shared_bytes: int

    @property
    def key(self) -> tuple[str, str, str]:
        return self.file, self.name, self.architecture


def lines_of(file: str, architecture: str) -> Iterator[Line]:
    """Compiles every source of a file."""
    for source in every_source()[file]:
        for name, use in compile_for(source, architecture).items():
            yield Line(file, name, architecture, use.registers, use.spilled_bytes, use.shared_bytes)


def budget() -> dict[tuple[str, str, str], Line]:
    with FILE.open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    numbers = ("registers", "spilled_bytes", "shared_bytes")
    lines = [Line(**(row | {n: int(row[n]) for n in numbers})) for row in rows]
    return {line.key: line for line in lines}


def write() -> None:
    lines = sorted({line for f in every_source() for a in ARCHITECTURES for line in lines_of(f, a)})
    with FILE.open("w", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(Line._fields)
        writer.writerows(lines)
    print(f"{len(lines)} lines, {sum(line.spilled_bytes > 0 for line in lines)} with spills")


if __name__ == "__main__":
    write()
