"""Fetching by data set: which can be, in which order, and what came of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from seqbench.data.fetching.download import Download, need_pooch
from seqbench.data.fetching.fetching import downloads, fetch
from seqbench.interfaces import DataError, UsageError

Row = Mapping[str, Any]
Bar = Callable[[str, int, int | None], AbstractContextManager[Any]]


def to_fetch(rows: Sequence[Row]) -> list[Row]:
    """The rows of `data_rows` that lack something.

    Raises UsageError for one that seqbench does not fetch, PluginUnavailableError where the extra
    is missing; nothing has been loaded then.
    """
    lacking = [row for row in rows if row["missing"] or row["damaged"]]
    for row in lacking:
        if row["get"] != "fetch":
            raise UsageError(
                f"data fetch: {row['name']} is not fetched by seqbench ({row['licence']}), "
                "expected a data set that may be; by hand: "
                f"{row['by_hand'] or row['origin']}; nothing was fetched"
            )
    if lacking:
        need_pooch()
    return lacking


def fetch_rows(
    rows: Sequence[Row],
    root: Path,
    *,
    mirror: str,
    begin: Callable[[Row], None],
    tell: Callable[[str], None],
    end: Callable[[Row, tuple[int, int] | DataError], None],
    bar: Bar,
) -> bool:
    """Fetch each in turn; one that fails does not keep the others from coming.

    `begin` is called before anything of a data set is loaded, `end` with the counts of files that
    were placed and that were there before, or with the error. Whether all came.
    """
    came = True
    with downloads(root) as folder:
        download = Download(folder, bar=bar)
        try:
            for row in rows:
                begin(row)
                try:
                    found = fetch(root, row["files"], download, tell=tell, mirror=mirror)
                    end(row, (len(found.placed), len(found.kept)))
                except DataError as error:
                    came = False
                    end(row, error)
        finally:
            download.close()
    return came
