"""Rows added to rows of a matrix by id, repeated ids summed: the primitive of every scatter."""

from __future__ import annotations

from typing import Any

from seqbench.interfaces import ShapeError

from .launch import elementwise
from .runtime import CudaRuntime
from .sources import C_TYPES, FLOATS, CudaSource

SOURCE = CudaSource("embedding.cu", {"gather": FLOATS, "scatter_add": FLOATS})


def scatter_add(runtime: CudaRuntime, out: Any, ids: Any, rows: Any) -> None:
    """`out[ids[n]] += rows[n]` for every n.

    out : (V, ...); ids : (N,) int32 in [0, V), unchecked; rows : (N, ...). By atomic additions:
    where ids repeat, the order of a sum and so its last bits may differ from run to run.
    """
    if rows.shape != (*ids.shape, *out.shape[1:]) or ids.ndim != 1:
        raise ShapeError(
            f"scatter_add: rows are {rows.shape} and ids {ids.shape}, expected (N, ...) as the "
            f"rows of out {out.shape}, and (N,); reshape them"
        )
    size = rows.size // max(1, len(ids))
    kernel = runtime.kernel(SOURCE, "scatter_add", C_TYPES[str(out.dtype)])
    ids = runtime.xp.ascontiguousarray(ids, dtype="int32")
    rows = runtime.xp.ascontiguousarray(rows, dtype=out.dtype)
    grid, block = elementwise(rows.size, runtime.properties)
    kernel(grid, block, out, ids, rows, rows.size, size)
