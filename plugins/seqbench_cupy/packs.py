"""How many neighbours of an array a thread may load at once."""

from __future__ import annotations

from typing import Any

from .sources import C_TYPES

PACK_BYTES = 16
"""The widest load there is."""
PACKS = {"float32": 4, "float64": 2}
PACKED = tuple((C_TYPES[d], str(width)) for d, most in PACKS.items() for width in (1, most))
"""Instances over a dtype and a width: ("float", "1"), ("float", "4"), ..."""


def address(array: Any) -> int:
    """Where an array begins, CuPy's or NumPy's."""
    memory = array.data
    return int(memory.ptr if hasattr(memory, "ptr") else array.ctypes.data)


def pack_width(dtype: str, row: int, *arrays: Any) -> int:
    """The widest pack that divides rows of `row` numbers, at whose multiple every array begins."""
    width = PACKS[dtype]
    aligned = all(address(a) % PACK_BYTES == 0 for a in arrays)
    return width if aligned and row % width == 0 else 1
