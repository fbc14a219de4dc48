"""`seqbench report TABLE… --html FILE`: one page that asks for nothing else."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from seqbench.interfaces import StoreError, UsageError

DONE, OMITTED = 0, 2


def report(tables: Sequence[str], html: str) -> int:
    """Write the page and print its path. 2 where values had to be told as no numbers.

    Raises UsageError for a table that cannot be read: nothing is written then.
    """
    from seqbench.results.report import write_report
    from seqbench.results.wording import several

    try:
        made = write_report([Path(table) for table in tables], html)
    except StoreError as error:
        raise UsageError(str(error)) from error
    for note in made.notes:
        print(f"seqbench: {note}", file=sys.stderr)
    tables, rows = several(made.tables, "table"), several(made.rows, "row")
    size = made.size / 1e6
    print(f"page:  {made.path} ({tables}, {rows}, {size:.1f} MB)")
    return OMITTED if made.omissions else DONE
