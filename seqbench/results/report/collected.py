"""What was read for a page: sheets, answers, what is told beside them, and the files it lies in."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .answers import Answer
from .checks import check, omission, without_number
from .sheet import Sheet


@dataclass(slots=True)
class Collected:
    """`notes` are told, `omissions` too and end in exit code 2; `files` are never written to."""

    sheets: list[Sheet] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    omissions: list[str] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)

    def add(self, sheet: Sheet, *, derived: bool = False) -> None:
        """Keep a sheet that can be shown, under a name of its own. StoreError otherwise.

        derived : of a sheet that is here already, so that its omissions are told
        """
        check(sheet)
        lost = [] if derived else without_number(sheet)
        if lost:
            self.omissions.append(omission(sheet, lost))
        taken = {one.name for one in self.sheets}
        base, number = sheet.name, 2
        while sheet.name in taken:
            sheet.name = f"{base} ({number})"
            number += 1
        self.sheets.append(sheet)


def document(path: Path) -> dict[str, Any]:
    """A JSON object that stands beside a table; {} where there is none or it is damaged."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
