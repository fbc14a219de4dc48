"""Check the arguments of a launch against the kernel's signature, and hand over their memory.

Stricter than a GPU's driver, which checks nothing: a Python int would reach the kernel as eight
bytes, and a float64 array as a float pointer to garbage.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from emu_compile import EmulatorError

KINDS = {"p": "a pointer", "f": "a float", "i": "an integer", "s": "a structure"}


class Parameter(ctypes.Structure):
    """emu_launch.h: Parameter."""

    _fields_ = [(name, ctypes.c_int) for name in ("_kind", "bytes", "_element", "element_bytes")]

    @property
    def kind(self) -> str:
        return chr(self._kind)

    @property
    def element_kind(self) -> str:
        return chr(self._element)


@dataclass(frozen=True)
class Bound:
    """What the library needs of the arguments; `keep` holds the buffers alive."""

    pointers: Any
    ranges: list[tuple[int, int, int, int]]  # first byte, bytes, parameter, bytes of an element
    keep: list[Any]


def bind(kernel: str, signature: Sequence[Parameter], args: Sequence[Any]) -> Bound:
    """The arguments as C buffers.

    Raises
    ------
    EmulatorError
        Where their number, kind or size is not the kernel's.
    """
    if len(args) != len(signature):
        raise EmulatorError(f"{kernel}: {len(args)} arguments, expected {len(signature)}")
    keep: list[Any] = []
    ranges: list[tuple[int, int, int, int]] = []
    for number, (argument, parameter) in enumerate(zip(args, signature, strict=True)):
        what = f"{kernel}: argument {number}"
        if isinstance(argument, np.ndarray):
            _check_array(what, argument, parameter)
            first, end = np.lib.array_utils.byte_bounds(argument)
            size = end - first if argument.size else 0
            ranges.append((first, size, number, argument.itemsize))
            keep.append(ctypes.c_void_p(argument.ctypes.data))
        elif argument is None and parameter.kind == "p":
            keep.append(ctypes.c_void_p(0))
        else:
            _check_scalar(what, argument, parameter)
            keep.append(ctypes.create_string_buffer(argument.tobytes(), max(8, parameter.bytes)))
    addresses = [ctypes.addressof(buffer) for buffer in keep]
    pointers = (ctypes.c_void_p * max(1, len(keep)))(*addresses)
    return Bound(pointers, ranges, [*keep, *args])


def _kind(dtype: np.dtype) -> str:
    """The C kind of a dtype: 16-bit floats are structures in the kernels."""
    if dtype.kind == "f" and dtype.itemsize > 2:
        return "f"
    return "i" if dtype.kind in "iub" else "s"


def _check_array(what: str, array: np.ndarray, parameter: Parameter) -> None:
    if parameter.kind != "p":
        raise EmulatorError(f"{what} is an array, expected {KINDS[parameter.kind]}")
    size = parameter.element_bytes
    if size in (0, 1) or parameter.element_kind in "sp":
        return  # raw bytes, and vector types over plain arrays: the kernel knows
    if (parameter.element_kind, size) != (_kind(array.dtype), array.dtype.itemsize):
        raise EmulatorError(
            f"{what} is an array of {array.dtype}, expected elements that are "
            f"{KINDS[parameter.element_kind]} of {size} bytes"
        )


def _check_scalar(what: str, value: Any, parameter: Parameter) -> None:
    expected = f"expected {KINDS[parameter.kind]} of {parameter.bytes} bytes"
    if not isinstance(value, np.generic):
        raise EmulatorError(f"{what} is a {type(value).__name__}, {expected}: pass a NumPy scalar")
    if (_kind(value.dtype), value.dtype.itemsize) != (parameter.kind, parameter.bytes):
        raise EmulatorError(f"{what} is {value.dtype}, {expected}")
