"""Which data sets are here: the registry knows their files, the data floor where they lie."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from seqbench.data.root import data_root

if TYPE_CHECKING:
    from seqbench.registry import Registry


def dataset_rows(registry: Registry) -> list[dict[str, Any]]:
    """The registry's rows with `available` and, where files are missing, the reason."""
    root = data_root()
    rows = []
    for row in registry.datasets():
        missing = [name for name in row["files"] if not (root / name).is_file()]
        reason = ""
        if missing:
            reason = (
                f"{len(missing)} of {len(row['files'])} files are missing, first "
                f"{root / missing[0]}; get them from {row['origin']} and set SEQBENCH_DATA"
            )
        rows.append({**row, "available": not missing, "reason": reason})
    return rows
