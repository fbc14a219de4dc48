"""Files that are whole or absent: written beside their place and renamed."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from seqbench.interfaces import StoreError


def written(
    path: Path | str, write: Callable[[Path], Any], instead: str = "choose another results_dir"
) -> Path:
    """`write(target)` into `path`, its folders made. StoreError where it cannot be written.

    instead : the next step that the error tells
    """
    path = Path(path)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(beside)
        os.replace(beside, path)
    except OSError as error:
        raise StoreError(f"results: cannot write {path}: {error}; {instead}") from error
    finally:
        with contextlib.suppress(OSError):
            beside.unlink()
    return path
