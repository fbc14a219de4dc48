"""Rows added to rows of a matrix by id, repeated ids summed: the primitive of every scatter.

The entries are sorted by id, stable, and each run of equal ids is summed in that order: the same
call gives the same bits, which additions by atomics would not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from seqbench.interfaces import ShapeError

from .launch import Launch, ceil_div
from .packs import PACKED, pack_width
from .runtime import CudaRuntime, DeviceProperties
from .sources import C_TYPES, CudaSource

SOURCE = CudaSource("scatter.cu", {"add_tiles": PACKED, "add_parts": PACKED})
TILE = 32
"""Entries that a warp sums, in their order; as in sq_segments.cuh."""
PART_WARPS = 8
"""Warps of a block that adds up the parts of a run; as in sq_segments.cuh."""


@dataclass(frozen=True, slots=True)
class Parts:
    """Scratch of a sum by id: what runs leave at the borders of tiles.

    rows : (tiles, 2, E); extra : (tiles, 2)
    """

    rows: Any
    extra: Any


def parts(empty: Any, count: int, size: int) -> Parts:
    """For at most `count` entries of `size` columns; `empty(shape)` allocates."""
    tiles = ceil_div(count, TILE)
    return Parts(empty((tiles, 2, size)), empty((tiles, 2)))


def order_of(runtime: CudaRuntime, ids: Any) -> Any:
    """(count,) int64: the entries by id, equal ones as they come."""
    return runtime.xp.argsort(ids, kind="stable")


def tile_launches(count: int, packs: int, properties: DeviceProperties) -> tuple[Launch, Launch]:
    """A warp a tile, then a block a tile for what crosses borders; `packs` columns in all."""
    warp, warps = properties.warp_size, 8
    tiles, columns = ceil_div(count, TILE), ceil_div(packs, warp)
    return (
        Launch((ceil_div(tiles, warps), columns), (warps * warp,)),
        Launch((tiles - 1 if tiles else 0, columns), (PART_WARPS * warp,)),
    )


def add_rows(
    runtime: CudaRuntime,
    out: Any,
    ids: Any,
    order: Any,
    rows: Any,
    scratch: Parts,
    *,
    scale: float = 1.0,
    upstream: Any = None,
    extra: Any = None,
    damping: float = 0.0,
) -> None:
    """`out[id] += scale upstream sum(rows) / (1 + damping sum(extra))`, in place.

    out : (V, E); ids : (N,) int32 below V, negative ones left out; order : order_of(ids);
    rows : (N, E); upstream : (1,) on the device, or None for 1; extra : (N,) or None
    """
    count, size, dtype = len(ids), out.shape[1], str(out.dtype)
    width = pack_width(dtype, size, out, rows, scratch.rows)
    tiles, borders = tile_launches(count, size // width, runtime.properties)
    instance = C_TYPES[dtype], str(width)
    shared = (scratch.rows, scratch.extra, count, size, scale, upstream, damping)
    runtime.kernel(SOURCE, "add_tiles", *instance)(*tiles, out, ids, order, rows, extra, *shared)
    runtime.kernel(SOURCE, "add_parts", *instance)(*borders, out, ids, order, *shared)


def scatter_add(runtime: CudaRuntime, out: Any, ids: Any, rows: Any) -> None:
    """`out[ids[n]] += rows[n]` for every n, the same bits each time.

    out : (V, ...); ids : (N,) int32 in [0, V), unchecked; rows : (N, ...).
    """
    if rows.shape != (*ids.shape, *out.shape[1:]) or ids.ndim != 1:
        raise ShapeError(
            f"scatter_add: rows are {rows.shape} and ids {ids.shape}, expected (N, ...) as the "
            f"rows of out {out.shape}, and (N,); reshape them"
        )
    if rows.size == 0:
        return
    count, dtype = len(ids), np.dtype(str(out.dtype))
    ids = runtime.xp.ascontiguousarray(ids, dtype="int32")
    rows = runtime.xp.ascontiguousarray(rows, dtype=dtype).reshape(count, -1)
    scratch = parts(lambda shape: runtime.empty(shape, dtype), count, rows.shape[1])
    matrix = out.reshape(len(out), -1)
    add_rows(runtime, matrix, ids, order_of(runtime, ids), rows, scratch)
