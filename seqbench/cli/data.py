"""`seqbench data list|fetch`: which data sets there are, and getting those that are not here."""

from __future__ import annotations

import json
import re
import shutil
import sys
import textwrap
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from seqbench.interfaces import DataError

DONE, SOME_FAILED = 0, 3
NARROW, WIDE, WIDEST = 40, 120, 200
"""Columns: never below NARROW, a table from WIDE on."""
SHOWN_FILES = 3

Row = Mapping[str, Any]


def add_parser(commands: Any) -> None:
    """Add the command and its two verbs to the subparsers of `seqbench`."""
    command = commands.add_parser(
        "data",
        help="data sets: where they come from, their licences, whether they are there",
        description="Real data sets lie below the data root: --root, then SEQBENCH_DATA, then "
        "seqbench's cache of this user.",
    )
    verbs = command.add_subparsers(dest="verb", required=True, metavar="list|fetch")
    listing = verbs.add_parser("list", help="what each is, and whether it is there and whole")
    listing.add_argument("names", nargs="*", metavar="NAME", help="these alone; all by default")
    listing.add_argument("--json", action="store_true", help="rows as JSON")
    fetch = verbs.add_parser(
        "fetch",
        help="download what is missing or damaged",
        description="Files are checked by SHA-256 before they are placed; what is right already is "
        "left alone, and a download that was cut goes on where it was.",
        epilog="Exit codes: 0 all are there, 2 wrong usage or a data set that cannot be fetched "
        "(nothing was done), 3 some could not be fetched, 130 interrupted: the command goes on.",
    )
    fetch.add_argument("names", nargs="+", metavar="NAME")
    fetch.add_argument(
        "--mirror", metavar="URL", default="", help="has https://HOST/PATH at URL/HOST/PATH"
    )
    for verb in (listing, fetch):
        verb.add_argument("--root", metavar="DIR", help="the data root")


def run(chosen: Any) -> int:
    """Returns the exit code."""
    from seqbench.experiments.data_sets import data_rows, root_of
    from seqbench.registry import registry

    root = root_of(chosen.root)
    names = list(dict.fromkeys(chosen.names))
    if chosen.verb == "fetch":
        return fetch(data_rows(registry(), root, names), root, chosen.mirror)
    rows = data_rows(registry(), root, names)
    if chosen.json:
        print(json.dumps(rows, indent=1))
    else:
        print(listed(rows, root, shutil.get_terminal_size().columns))
    return DONE


def listed(rows: Sequence[Row], root: Path, columns: int) -> str:
    """A table where there is room for one, else a paragraph a data set; none wider than that."""
    from seqbench.experiments.data_sets import counted

    width = min(max(columns, NARROW), WIDEST)
    body = table(rows, width) if width >= WIDE else "\n\n".join(card(row, width) for row in rows)
    end = textwrap.fill(f"{counted(rows)}; data root {root}", width)
    return f"{body}\n\n{end}"


HEADS = ("name", "state", "what it is", "licence", "from", "experiments")
SHARES = (0, 0, 30, 20, 32, 18)
"""Of what the first two columns leave."""


def table(rows: Sequence[Row], width: int) -> str:
    """Columns whose cells are wrapped."""
    cells = [
        [
            row["name"],
            row["state"],
            row["summary"],
            row["licence"],
            "; ".join(filter(None, [_origin(row), *lacking(row)])),
            ", ".join(row["experiments"]),
        ]
        for row in rows
    ]
    fixed = [max(len(line[i]) for line in [HEADS, *cells]) for i in (0, 1)]
    left = width - sum(fixed) - 2 * (len(HEADS) - 1)
    widths = [*fixed, *(left * share // 100 for share in SHARES[2:])]
    return "\n".join(_lines(line, widths) for line in [list(HEADS), *cells])


def _lines(cells: Sequence[str], widths: Sequence[int]) -> str:
    wrapped = [textwrap.wrap(c, w) or [""] for c, w in zip(cells, widths, strict=True)]
    height = max(len(lines) for lines in wrapped)
    filled = [lines + [""] * (height - len(lines)) for lines in wrapped]
    return "\n".join(
        "  ".join(part.ljust(w) for part, w in zip(line, widths, strict=True)).rstrip()
        for line in zip(*filled, strict=True)
    )


def card(row: Row, width: int) -> str:
    """One data set as a paragraph, a line each for what is known of it."""
    parts = [f"{row['name']}: {row['state']}", f"  {row['summary']}"]
    parts += [f"  licence: {row['licence']}", f"  from: {_origin(row)}"]
    parts += [f"  experiments: {', '.join(row['experiments'])}"] if row["experiments"] else []
    parts += [f"  {text}" for text in lacking(row)]
    return "\n".join(
        textwrap.fill(part, width, subsequent_indent="    ", break_on_hyphens=False)
        for part in parts
    )


def lacking(row: Row) -> list[str]:
    """What is missing or damaged, and what to do about it; nothing where all is well."""
    told = [
        f"{word}: {len(row[word])} of {len(row['files'])} files: {_some(row[word])}"
        for word in ("missing", "damaged")
        if row[word]
    ]
    if told and row["get"] == "fetch":
        told.append(f"get it: seqbench data fetch {row['name']}")
    elif told:
        told.append(f"by hand: {row['by_hand'] or 'from its origin'}")
    return told


def _some(files: Sequence[str]) -> str:
    more = len(files) - SHOWN_FILES
    return ", ".join(files[:SHOWN_FILES]) + (f" and {more} more" if more > 0 else "")


def _origin(row: Row) -> str:
    """With the first twelve digits of each commit."""
    return re.sub(r"\b([0-9a-f]{12})[0-9a-f]{28}\b", r"\1", row["origin"])


def fetch(rows: Sequence[Row], root: Path, mirror: str) -> int:
    """Fetch what the rows lack; the exit code. Raises UsageError before anything is loaded."""
    from seqbench.experiments.data_fetching import fetch_rows, to_fetch

    wanted = to_fetch(rows)
    for row in rows:
        if row not in wanted:
            print(f"{row['name']}: {_why_nothing(row)}")
    if not wanted:
        return DONE
    came = fetch_rows(
        wanted,
        root,
        mirror=mirror,
        begin=_begin,
        tell=lambda text: print(f"  {text}", flush=True),
        end=lambda row, found: _end(found, root),
        bar=_bar,
    )
    return DONE if came else SOME_FAILED


def _why_nothing(row: Row) -> str:
    return {
        "embedded": "comes with seqbench, nothing to fetch",
        "yours": f"files of your own ({row['origin']}), nothing to fetch",
    }.get(row["state"], "there already, nothing to fetch")


def _begin(row: Row) -> None:
    """The licence, before anything is loaded."""
    print(f"{row['name']}: {row['summary']}")
    print(f"  licence: {row['licence']}\n  from: {_origin(row)}", flush=True)


def _end(found: tuple[int, int] | DataError, root: Path) -> None:
    if isinstance(found, DataError):
        print(f"seqbench: error: {found}", file=sys.stderr)
    else:
        print(f"  whole: files placed: {found[0]}, there before: {found[1]}, in {root}")


def _bar(said: str, there: int, total: int | None) -> AbstractContextManager[Any]:
    """A progress bar on a terminal, nothing elsewhere; it starts at what was there before."""
    from tqdm import tqdm

    bar: AbstractContextManager[Any] = tqdm(
        desc=f"  {said}",
        initial=there,
        total=total,
        unit="B",
        unit_scale=True,
        leave=False,
        disable=None,
        dynamic_ncols=True,
    )
    return bar
