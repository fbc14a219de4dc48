"""Where the notes and the papers differ: one entry a difference, each with a number that shows it.

`differences_FAMILY.py` beside this file each hold a list ENTRIES. The page docs/differences.md is
made from them (`python tests/docs/difference.py`), and a test fails where the two disagree.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "differences.md"
HEAD = """# Where the notes and the papers differ

The algorithms come from a student's notes on sequence models; where notes and papers differ,
the papers win. Each entry has a number that shows the difference, computed by running both forms.
This page is made by `python tests/docs/difference.py`; a test runs every number again.
"""


@dataclass(frozen=True)
class Difference:
    """`shows` says what the number is; `number()` computes it and `form` prints it.

    Two digits are enough: the page is compared as text on every machine.
    """

    id: str
    title: str
    notes: str
    papers: str
    shows: str
    number: Callable[[], float]
    form: str = "{:.2g}"

    def told(self) -> str:
        return self.form.format(self.number())

    def section(self) -> str:
        return (
            f"## {self.id}: {self.title}\n\n"
            f"- The notes: {self.notes}\n- Here: {self.papers}\n- {self.shows}: **{self.told()}**\n"
        )


def entries() -> list[Difference]:
    """Of every family, by id."""
    families = sorted(path.stem for path in HERE.glob("differences_*.py"))
    found = [e for family in families for e in importlib.import_module(family).ENTRIES]
    return sorted(found, key=lambda entry: entry.id)


def page(found: Sequence[Difference]) -> str:
    return HEAD + "".join("\n" + entry.section() for entry in found)


if __name__ == "__main__":
    sys.path.insert(0, str(HERE))
    sys.modules["difference"] = sys.modules["__main__"]
    PAGE.write_text(page(entries()))
    print(f"written: {PAGE}")
