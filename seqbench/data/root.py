"""Where real data lie: never in the repository, never at a fixed place."""

from __future__ import annotations

import os
from pathlib import Path


def data_root(root: str | os.PathLike[str] | None = None) -> Path:
    """`root` where given, then SEQBENCH_DATA, then `data` in seqbench's cache of this user."""
    named = root or os.environ.get("SEQBENCH_DATA")
    if named:
        return Path(named).expanduser().absolute()
    cache = os.environ.get("SEQBENCH_CACHE")
    if cache:
        return Path(cache).expanduser().absolute() / "data"
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base).absolute() / "seqbench" / "data"
